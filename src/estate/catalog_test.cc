// SPDX-License-Identifier: Apache-2.0
#include "estate/catalog.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"

namespace trimtab {
namespace {

Catalog built_in() {
  auto catalog = Catalog::load({});
  EXPECT_TRUE(catalog) << catalog.error().message();
  return catalog.value_or(Catalog{});
}

Result<Catalog> from(const std::string& metrics) {
  return Catalog::load_text("defaults: {domain: service, aspect: traffic, kind: gauge}\nmetrics:\n" + metrics,
                            "t.yaml");
}

std::string title_of(const Catalog& catalog, const Labels& series) { return catalog.find(series).title; }

TEST(Catalog, built_in_entries_load_and_know_their_place) {
  const Catalog catalog = built_in();
  EXPECT_GT(catalog.entries().size(), 300u);
  const Signal signal =
      catalog.find(Labels{{"__name__", "node_filesystem_avail_bytes"}, {"instance", "db-1"}});
  EXPECT_FALSE(signal.inferred);
  EXPECT_EQ(signal.domain, "infrastructure");
  EXPECT_EQ(signal.limit_metric, "node_filesystem_size_bytes");
  EXPECT_EQ(signal.worse, WorseDirection::kDown);
  EXPECT_TRUE(signal.source_file.starts_with("host.yaml:")) << signal.source_file;
}

TEST(Catalog, sample_metrics_are_known) {
  const Catalog catalog = built_in();
  EXPECT_EQ(catalog.find(Labels{{"__name__", "petshop_latency_seconds"}}).aspect, "latency");
  EXPECT_EQ(catalog.find(Labels{{"__name__", "petshop_availability_percent"}}).worse, WorseDirection::kDown);
  EXPECT_EQ(catalog.find(Labels{{"__name__", "petshop_requests"}}).aspect, "traffic");
}

TEST(Catalog, conditions_choose_among_entries_of_one_name) {
  const Catalog catalog = built_in();
  const auto mode = [&](const char* value) {
    return catalog.find(Labels{{"__name__", "node_cpu_seconds_total"}, {"mode", value}});
  };
  EXPECT_EQ(mode("idle").worse, WorseDirection::kDown);
  EXPECT_EQ(mode("iowait").aspect, "saturation");
  EXPECT_EQ(mode("user").aspect, "utilisation");
  EXPECT_EQ(catalog.find(Labels{{"__name__", "http_requests_total"}, {"code", "503"}}).aspect, "errors");
  EXPECT_EQ(catalog.find(Labels{{"__name__", "http_requests_total"}, {"code", "200"}}).aspect, "traffic");
}

TEST(Catalog, exact_name_beats_pattern_and_longer_prefix_beats_shorter) {
  const auto catalog = from(
      "- {metric: '*', title: any}\n"
      "- {metric: 'app_*', title: app}\n"
      "- {metric: 'app_*_errors', title: app errors}\n"
      "- {metric: 'app_db_*', title: db}\n"
      "- {metric: app_db_size, title: exact}\n"
      "- {metric: 'app_db_*', where: {role: primary}, title: primary}\n");
  ASSERT_TRUE(catalog) << catalog.error().message();
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "app_db_size"}}), "exact");
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "app_db_other"}}), "db");
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "app_db_other"}, {"role", "primary"}}), "primary");
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "app_web_errors"}}), "app errors");
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "app_web"}}), "app");
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "ap"}}), "any");
}

TEST(Catalog, negated_condition_excludes) {
  const auto catalog =
      from("- {metric: m, where: {fs: ['!tmpfs', '!over*']}, title: disk}\n- {metric: m, title: rest}\n");
  ASSERT_TRUE(catalog);
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "m"}, {"fs", "ext4"}}), "disk");
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "m"}}), "disk");
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "m"}, {"fs", "overlay"}}), "rest");
}

TEST(Catalog, histogram_entry_speaks_for_its_family) {
  const Catalog catalog = built_in();
  const std::string base = "http_server_request_duration_seconds";
  EXPECT_EQ(catalog.find(Labels{{"__name__", base + "_bucket"}, {"le", "1"}}).kind, SignalKind::kHistogram);
  EXPECT_EQ(catalog.find(Labels{{"__name__", base + "_sum"}}).aspect, "latency");
  const Signal count = catalog.find(Labels{{"__name__", base + "_count"}});
  EXPECT_EQ(count.kind, SignalKind::kCounter);
  EXPECT_EQ(count.aspect, "traffic");
  const Signal quantile = catalog.find(Labels{{"__name__", "go_gc_duration_seconds"}, {"quantile", "0.5"}});
  EXPECT_EQ(quantile.kind, SignalKind::kLatency);
}

TEST(Catalog, pattern_of_kind_histogram_speaks_for_its_families_too) {
  const auto catalog = from("- {metric: 'app_*_seconds', title: time, kind: histogram}\n");
  ASSERT_TRUE(catalog);
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "app_x_seconds_bucket"}, {"le", "1"}}), "time");
  EXPECT_EQ(catalog->find(Labels{{"__name__", "app_x_seconds_count"}}).kind, SignalKind::kCounter);
  EXPECT_TRUE(catalog->find(Labels{{"__name__", "app_x_bytes_bucket"}}).inferred);
}

TEST(Catalog, condition_on_an_empty_value_asks_whether_the_label_is_there) {
  const auto catalog =
      from("- {metric: m, where: {pod: '!'}, title: there}\n- {metric: m, title: not there}\n");
  ASSERT_TRUE(catalog);
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "m"}, {"pod", "p"}}), "there");
  EXPECT_EQ(title_of(*catalog, Labels{{"__name__", "m"}}), "not there");
}

TEST(Catalog, wrong_files_are_refused_with_file_and_line) {
  const auto message = [&](const std::string& text) {
    const auto loaded = Catalog::load_text(text, "bad.yaml");
    return loaded ? std::string("loaded") : loaded.error().message();
  };
  const auto entry = [&](const std::string& rest) {
    return message("metrics:\n  - {metric: m, title: t, domain: service, aspect: traffic, kind: gauge" +
                   rest + "}\n");
  };
  EXPECT_EQ(entry(""), "loaded");
  EXPECT_TRUE(entry(", titel: x").starts_with("bad.yaml:2:")) << entry(", titel: x");
  EXPECT_NE(entry(", titel: x").find("did you mean \"title\""), std::string::npos);
  EXPECT_NE(entry(", worse: sideways").find("\"sideways\" is not a direction"), std::string::npos);
  EXPECT_NE(entry(", limit: 1").find("a limit needs worse"), std::string::npos);
  EXPECT_NE(entry(", worse: up, limit: -1").find("above 0"), std::string::npos);
  EXPECT_NE(entry(", worse: up, limit: 'no name'").find("neither a number"), std::string::npos);
  EXPECT_NE(entry(", entity: {kind: a/b, labels: [x]}").find("without \"/\""), std::string::npos);
  EXPECT_NE(entry(", entity: {kind: a}").find("labels"), std::string::npos);
  EXPECT_NE(message("metrics:\n  - {metric: m, title: t, domain: servce, aspect: traffic, kind: gauge}\n")
                .find("servce"),
            std::string::npos);
  EXPECT_NE(message("metrics:\n  - {metric: m}\n").find("title is required"), std::string::npos);
  EXPECT_NE(message("metrics: 7\n").find("expected a list"), std::string::npos);
  EXPECT_NE(message("metrics: [7]\n").find("expected an entry"), std::string::npos);
  EXPECT_NE(message("metrics: [\n").find("bad.yaml:"), std::string::npos);
  EXPECT_NE(message("defaults: {domain: x}").find("\"x\" is not known"), std::string::npos);
}

TEST(Catalog, same_name_twice_in_one_layer_is_an_error_that_names_both) {
  const auto twice = from("- {metric: [a, b], title: t}\n- {metric: b, title: u}\n");
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message().find("t.yaml:4"), std::string::npos) << twice.error().message();
  EXPECT_NE(twice.error().message().find("t.yaml:3"), std::string::npos);
}

TEST(Catalog, later_directories_win_over_built_in_entries) {
  std::string folder = (std::filesystem::temp_directory_path() / "trimtab_catalog_XXXXXX").string();
  CHECK(mkdtemp(folder.data()) != nullptr);
  std::ofstream(folder + "/mine.yaml") << "metrics: [{metric: petshop_requests, title: mine, domain: "
                                          "business, aspect: kpi, kind: gauge, worse: down}]";
  std::ofstream(folder + "/notes.txt") << "not: [yaml";
  const auto catalog = Catalog::load({folder});
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(catalog) << catalog.error().message();
  EXPECT_EQ(catalog->find(Labels{{"__name__", "petshop_requests"}}).title, "mine");
  EXPECT_EQ(catalog->find(Labels{{"__name__", "petshop_latency_seconds"}}).domain, "service");
  EXPECT_EQ(Catalog::load({folder}).error().code(), ErrorCode::kNotFound);
}

TEST(Catalog, unknown_metric_is_inferred_and_watched) {
  const Signal signal = built_in().find(Labels{{"__name__", "acme_widget_queue_depth"}});
  EXPECT_TRUE(signal.inferred);
  EXPECT_TRUE(signal.watch);
  EXPECT_EQ(signal.aspect, "saturation");
}

}  // namespace
}  // namespace trimtab
