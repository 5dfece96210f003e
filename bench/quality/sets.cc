// SPDX-License-Identifier: Apache-2.0
#include "quality/sets.h"

namespace trimtab::quality {

const std::vector<Set>& sets() {
  static const std::vector<Set> all = {
      {"tcpd", "change points in general series, five annotators", run_tcpd},
      {"sap_ci", "change points in performance measurements of a database, five annotators", run_sap_ci},
      {"m4", "forecasts of hourly and weekly series", run_m4},
      {"nab", "streaming anomalies, one metric", run_nab},
      {"smd", "anomalies over 38 metrics of a server", run_smd},
      {"asd", "anomalies over 19 metrics of a server", run_asd},
      {"jumpstarter", "anomalies over 19 metrics of a service", run_jumpstarter},
      {"ms_cloud", "anomalies and false alarms, production telemetry", run_ms_cloud},
      {"donut_kpi", "anomalies, long series of one metric", run_donut_kpi},
      {"seasonality", "seasons told from noise, simulated", run_seasonality, false},
      {"leaks", "memory that leaks or does not, simulated", run_leaks, false},
      {"compare_aa", "comparisons looked at every second, simulated", run_compare, false},
      {"petshop", "root cause of 26 issues of a microservice shop", run_petshop},
  };
  return all;
}

}  // namespace trimtab::quality
