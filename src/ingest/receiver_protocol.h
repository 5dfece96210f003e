// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/metrics.h"
#include "ingest/receiver.h"

namespace trimtab {

struct Receiver::Protocol {
  Protocol(Metrics& metrics, std::string_view protocol_name)
      : name(protocol_name),
        requests(metrics.counter("trimtab_receive_requests_total", "Write requests received.", label())),
        refused(metrics.counter("trimtab_receive_requests_refused_total",
                                "Write requests refused as a whole.", label())),
        samples(
            metrics.counter("trimtab_receive_samples_total", "Samples taken from write requests.", label())),
        body_bytes(metrics.counter("trimtab_receive_body_bytes_total", "Bytes of write requests as received.",
                                   label())),
        seconds(metrics.histogram("trimtab_receive_seconds", "Time from body to store, per write request.",
                                  label())) {}

  Labels label() const { return Labels{{"protocol", name}}; }

  std::string name;
  Counter& requests;
  Counter& refused;
  Counter& samples;
  Counter& body_bytes;
  Histogram& seconds;
};

}  // namespace trimtab
