// SPDX-License-Identifier: Apache-2.0
#include "estate/estate.h"

#include <gtest/gtest.h>

#include "estate/glob.h"

namespace trimtab {
namespace {

constexpr const char* kEstate = R"(
entities:
  service/checkout:
    owner: payments
    tier: 1
    domain: shop
    description: takes the money
    calls: [service/orders, service/mail]
    runs_on: host/web-1
  service/orders:
    calls: service/checkout   # a cycle
    stores_in: database/orders
  service/*: {owner: platform, tier: 3}
  "*": {owner: nobody}
maintenance:
  - name: weekly patching
    entities: [host/*]
    weekly: sunday
    at: "23:00"
    duration: 2h
  - name: move
    from: 2026-11-21T10:00:00Z
    to: 2026-11-21T12:00:00Z
slos:
  - name: requests-availability
    entity: service/checkout
    objective: 99.9
    window: 30d
    sli: {error_query: 'sum(rate(e[{{.window}}]))', total_query: 'sum(rate(t[{{.window}}]))'}
)";

Estate estate() {
  auto loaded = Estate::load_text(kEstate, "estate.yaml");
  EXPECT_TRUE(loaded) << loaded.error().message();
  return loaded.value_or(Estate{});
}

TimestampMs at(const char* text) { return parse_timestamp(text).value(); }

EntityRef entity_of(const Labels& series) {
  static const Catalog catalog = Catalog::load({}).value();
  return Estate().entity_of(series, catalog.find(series));
}

TEST(Estate, closest_pattern_gives_each_fact) {
  const Estate e = estate();
  const EntityInfo checkout = e.info({"service", "checkout"});
  EXPECT_EQ(checkout.owner, "payments");
  EXPECT_EQ(checkout.tier, 1);
  EXPECT_EQ(checkout.domain, "shop");
  EXPECT_EQ(e.info({"service", "orders"}).owner, "platform");
  EXPECT_EQ(e.info({"service", "orders"}).tier, 3);
  EXPECT_EQ(e.info({"host", "x"}).owner, "nobody");
  EXPECT_EQ(Estate().info({"host", "x"}).owner, "");
}

TEST(Estate, downstream_walks_nearest_first_and_survives_cycles) {
  const auto names = [](const std::vector<EntityRef>& refs) {
    std::string out;
    for (const EntityRef& ref : refs) out += ref.to_string() + " ";
    return out;
  };
  EXPECT_EQ(names(estate().downstream({"service", "checkout"})),
            "service/orders service/mail host/web-1 database/orders ");
  EXPECT_EQ(names(estate().downstream({"service", "none"})), "");
}

TEST(Estate, one_off_window_covers_from_until_to) {
  const Estate e = estate();
  const EntityRef any{"service", "x"};
  EXPECT_FALSE(e.in_maintenance(any, at("2026-11-21T09:59:59Z")));
  EXPECT_TRUE(e.in_maintenance(any, at("2026-11-21T10:00:00Z")));
  EXPECT_FALSE(e.in_maintenance(any, at("2026-11-21T12:00:00Z")));
}

TEST(Estate, weekly_window_reaches_into_the_next_day_and_week) {
  const Estate e = estate();
  const EntityRef host{"host", "web-1"};
  EXPECT_TRUE(e.in_maintenance(host, at("2026-11-22T23:00:00Z")));  // a Sunday
  EXPECT_TRUE(e.in_maintenance(host, at("2026-11-23T00:59:59Z")));  // Monday
  EXPECT_FALSE(e.in_maintenance(host, at("2026-11-23T01:00:00Z")));
  EXPECT_FALSE(e.in_maintenance(host, at("2026-11-22T22:59:59Z")));
  EXPECT_FALSE(e.in_maintenance({"service", "x"}, at("2026-11-22T23:30:00Z")));
  EXPECT_TRUE(e.in_maintenance(host, at("1969-12-28T23:30:00Z")));  // before the epoch too
}

TEST(Estate, objectives_are_kept_as_shares) {
  const Estate e = estate();
  ASSERT_EQ(e.objectives().size(), 1u);
  EXPECT_NEAR(e.objectives()[0].target, 0.999, 1e-12);
  EXPECT_EQ(e.objectives()[0].window_ms, 30 * kDayMs);
  EXPECT_EQ(e.objectives()[0].entity, "service/checkout");
}

TEST(Estate, wrong_files_are_refused_with_file_and_line) {
  const auto message = [](const std::string& text) {
    const auto loaded = Estate::load_text(text, "e.yaml");
    return loaded ? std::string("loaded") : loaded.error().message();
  };
  EXPECT_EQ(message(""), "loaded");
  EXPECT_TRUE(message("entities:\n  checkout: {owner: x}\n").starts_with("e.yaml:2:"))
      << message("entities:\n  checkout: {}\n");
  EXPECT_NE(message("entities:\n  service/a: {ownr: x}\n").find("did you mean \"owner\""), std::string::npos);
  EXPECT_NE(message("entities:\n  service/a: {tier: 5}\n").find("outside 1 to 4"), std::string::npos);
  EXPECT_NE(message("entities:\n  service/*: {calls: service/b}\n").find("not a pattern"), std::string::npos);
  EXPECT_NE(message("entities:\n  service/a: {calls: [b]}\n").find("calls[0]"), std::string::npos);
  EXPECT_NE(message("maintenance: [{name: x}]").find("either from and to"), std::string::npos);
  EXPECT_NE(message("maintenance: [{name: x, weekly: sunday, at: '25:00', duration: 1h}]").find("HH:MM"),
            std::string::npos);
  EXPECT_NE(message("maintenance: [{name: x, weekly: someday, at: '05:00', duration: 1h}]").find("someday"),
            std::string::npos);
  EXPECT_NE(message("maintenance: [{name: x, from: 2026-01-02, to: 2026-01-01}]").find("not after"),
            std::string::npos);
  EXPECT_NE(message("slos: [{name: x, entity: service/a, objective: 100}]").find("outside"),
            std::string::npos);
  EXPECT_NE(message("slos: [{name: x, entity: a, objective: 99}]").find("not an entity"), std::string::npos);
  const auto slo = [&](const std::string& rest) {
    return message("slos: [{name: x, entity: service/a, objective: 99, " + rest + "}]");
  };
  EXPECT_NE(slo("sli: {error_query: 'sum(rate(e[5m]))', total_query: t}").find("needs {{.window}}"),
            std::string::npos);
  EXPECT_NE(slo("sli: {error_ratio_query: 'sum(rate(e[{{.window}}])'}").find("parse error"),
            std::string::npos);
  EXPECT_NE(slo("sli: {error_query: 'sum(rate(e[{{.window}}]))'}").find("and total_query"),
            std::string::npos);
  EXPECT_NE(slo("sli: {error_ratio_query: 'e[{{.window}}]'}").find("an instant vector is needed"),
            std::string::npos);
  EXPECT_NE(
      slo("indicator: {ratio: {errors: {metric: 'sum(e)'}, total: {metric: t}}}").find("selector is needed"),
      std::string::npos);
  EXPECT_NE(slo("indicator: {ratio: {errors: {metric: e}, total: {metric: t}, grouping: [a]}}")
                .find("one item each"),
            std::string::npos);
  EXPECT_NE(slo("target: 98").find("one of objective and target"), std::string::npos);
  EXPECT_NE(message("slo: []").find("did you mean \"slos\""), std::string::npos);
  EXPECT_EQ(Estate::load("/no/such/estate.yaml").error().code(), ErrorCode::kNotFound);
}

TEST(EntityOf, signals_name_their_entity_and_others_are_discovered_from_labels) {
  EXPECT_EQ(
      entity_of(Labels{{"__name__", "node_load1"}, {"instance", "db-1:9100"}, {"job", "node"}}).to_string(),
      "host/db-1:9100");
  EXPECT_EQ(
      entity_of(Labels{{"__name__", "http_requests_total"}, {"job", "api"}, {"instance", "a:1"}}).to_string(),
      "service/api");
  EXPECT_EQ(entity_of(Labels{{"__name__", "up"}, {"job", "api"}, {"instance", "a:1"}}).to_string(),
            "target/api/a:1");
  EXPECT_EQ(entity_of(Labels{{"__name__", "petshop_requests"}, {"microservice", "PetSite"}}).to_string(),
            "service/PetSite");
  EXPECT_EQ(entity_of(Labels{{"__name__", "acme"}, {"service_name", "cart"}, {"job", "x"}}).to_string(),
            "service/cart");
  EXPECT_EQ(entity_of(Labels{{"__name__", "acme"}, {"pod", "p-1"}, {"job", "x"}}).to_string(), "pod/p-1");
  EXPECT_EQ(entity_of(Labels{{"__name__", "acme"}, {"instance", "i"}}).to_string(), "host/i");
  EXPECT_EQ(entity_of(Labels{{"__name__", "acme"}}).to_string(), "metric/acme");
  EXPECT_EQ(entity_of(Labels{}).to_string(), "metric/unnamed");
}

TEST(Glob, star_matches_any_run_and_the_rest_itself) {
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("a*c", "ac"));
  EXPECT_TRUE(glob_match("a*b*c", "axxbxbxc"));
  EXPECT_FALSE(glob_match("a*b*c", "axxc"));
  EXPECT_FALSE(glob_match("a", "ab"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_TRUE(glob_match("**x**", "x"));
  EXPECT_FALSE(glob_match(std::string(2000, '*') + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace trimtab
