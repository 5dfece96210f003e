// SPDX-License-Identifier: Apache-2.0
#include "server/application.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "ingest/collectors/collector_manager.h"
#include "ingest/host/host_collector.h"
#include "ingest/scrape/scrape_manager.h"
#include "server/closed_loop.h"
#include "server/rule_loading.h"
#include "server/self_scrape.h"
#include "server/services.h"
#include "store/remote_store.h"

namespace trimtab {
namespace {

Result<ScrapeSettings> scrape_settings(const Configuration& configuration) {
  if (!configuration.document) return ScrapeSettings{};
  return ScrapeSettings::from_yaml(*configuration.document);
}

Result<std::vector<Target>> collector_targets(const Configuration& configuration) {
  if (!configuration.document) return std::vector<Target>();
  return read_targets((*configuration.document)["collectors"]);
}

Result<act::Policy> change_policy(const Configuration& configuration) {
  if (!configuration.document) return act::Policy{};
  return act::Policy::read((*configuration.document)["policy"]);
}

Result<std::vector<act::Door>> change_doors(const Configuration& configuration) {
  if (!configuration.document) return std::vector<act::Door>();
  return act::read_doors((*configuration.document)["doors"]);
}

Result<RuleSettings> rule_settings(const Configuration& configuration) {
  if (!configuration.document) return RuleSettings{};
  return load_rules(*configuration.document);
}

Labels labels_of(const LabelMap& map) {
  Labels out;
  for (const auto& [name, value] : map) out = out.with(name, value);
  return out;
}

// The section `remote`: samples are kept in another engine instead of the data directory.
Result<std::optional<RemoteStoreOptions>> remote_options(const Configuration& configuration) {
  if (!configuration.document || !(*configuration.document)["remote"].exists()) return std::nullopt;
  RemoteStoreOptions options = TRY(RemoteStoreOptions::from_yaml((*configuration.document)["remote"]));
  return options;
}

class RunningApplication final : public Application {
 public:
  RunningApplication(Configuration configuration, const Clock& clock, Logger& logger)
      : configuration_(std::move(configuration)), clock_(clock), logger_(logger), rejects_(metrics_, clock) {}
  ~RunningApplication() override { stop(); }

  Status open(const Prepare& prepare) {
    // Whatever may refuse comes first: nothing has been touched when it does.
    gatekeeper_ = TRY(Gatekeeper::create({.listen = configuration_.http.listen,
                                          .allowed_hosts = configuration_.allowed_hosts,
                                          .token_file = configuration_.token_file},
                                         metrics_));
    knowledge_ = TRY(KnowledgeKeeper::open(configuration_.estate_file, configuration_.catalog_directories));
    ScrapeSettings scraping = TRY(scrape_settings(configuration_));
    std::vector<Target> targets = TRY(collector_targets(configuration_));
    act::Policy policy = TRY(change_policy(configuration_));
    std::vector<act::Door> doors = TRY(change_doors(configuration_));
    RuleSettings rules = TRY(rule_settings(configuration_));
    TRY(open_data());
    if (prepare) TRY(prepare(*store_));
    const Labels external_labels = labels_of(scraping.external_labels);
    build(std::move(scraping), std::move(targets), std::move(policy), std::move(doors));
    rules_->apply(std::move(rules.groups), external_labels);
    http_ = TRY(HttpServer::start(configuration_.http, router_, *gatekeeper_, metrics_, logger_));
    logger_.info("listening", {{"url", url()}});
    start_work();
    return ok();
  }

  std::uint16_t port() const override { return http_->port(); }

  std::string url() const override {
    ListenAddress address = configuration_.http.listen;
    address.port = http_->port();
    return fmt::format("{}://{}/", configuration_.http.tls_cert_file.empty() ? "http" : "https",
                       address.to_string());
  }

  Result<std::string> brief_now(const BriefQuestion& question) override {
    TRY(analysis_->run_now());
    return briefs_->make(question);
  }

  Status reload() override {
    Status first = gatekeeper_->reload();
    const Status knowledge = knowledge_->reload();
    if (first && !knowledge) first = knowledge;
    const Status document = reload_document();
    if (first && !document) first = document;
    return first;
  }

  // In reverse order: no new requests, then nothing that writes or judges, then the store. First of all what
  // requests may be waiting for is told to end.
  void stop() override {
    if (analysis_) analysis_->cancel();
    if (loop_) loop_->cancel();
    if (http_) http_->stop();
    if (loop_) loop_->stop();
    if (self_scrape_) self_scrape_->stop();
    if (collectors_) collectors_->stop();
    if (host_) host_->stop();
    if (scraper_) scraper_->stop();
    if (rules_) rules_->stop();
    if (analysis_) analysis_->stop();
    http_.reset();
  }

 private:
  Status open_data() {
    std::error_code error;
    std::filesystem::create_directories(configuration_.data_directory, error);
    if (error) {
      return fail(ErrorCode::kIo,
                  fmt::format("data directory {}: {}", configuration_.data_directory, error.message()));
    }
    store_ = TRY(open_store());
    if (!querier_) querier_ = promql::Querier::local(*store_);
    ledger_ = TRY(Ledger::open(configuration_.data_directory + "/ledger.sqlite", clock_, logger_));
    return ok();
  }

  Result<std::unique_ptr<Store>> open_store() {
    const auto remote = TRY(remote_options(configuration_));
    if (remote) {
      querier_ = promql::Querier::remote(*remote, metrics_);
      return TRY(RemoteStore::open(*remote, clock_, metrics_, logger_));
    }
    EmbeddedStoreOptions options = configuration_.store;
    options.directory = configuration_.data_directory + "/store";
    return TRY(EmbeddedStore::open(options, clock_, metrics_, logger_));
  }

  void build(ScrapeSettings scraping, std::vector<Target> targets, act::Policy policy,
             std::vector<act::Door> doors) {
    receiver_ = std::make_unique<Receiver>(*store_, rejects_, clock_, metrics_, configuration_.receive);
    analysis_ = std::make_unique<AnalysisSchedule>(
        *store_, *querier_, *ledger_, *knowledge_, clock_, metrics_, logger_,
        AnalysisScheduleOptions{.interval_ms = configuration_.analysis_interval_ms,
                                .resolve_after_ms = configuration_.analysis_resolve_after_ms,
                                .analysis = configuration_.analysis});
    briefs_ = std::make_unique<BriefMaker>(*store_, *ledger_, *knowledge_, *analysis_, clock_);
    rules_ = std::make_unique<RuleManager>(RuleServices{.querier = *querier_,
                                                        .store = *store_,
                                                        .ledger = *ledger_,
                                                        .clock = clock_,
                                                        .metrics = metrics_,
                                                        .logger = logger_,
                                                        .external_labels = {},
                                                        .options = rule_options()},
                                           configuration_.rules);
    scraper_ =
        std::make_unique<ScrapeManager>(std::move(scraping), *store_, rejects_, clock_, metrics_, logger_);
    loop_ = std::make_unique<ClosedLoop>(
        ClosedLoop::Parts{.targets = targets,
                          .doors = std::move(doors),
                          .doors_folder = configuration_.data_directory + "/doors",
                          .host = {.collected = configuration_.host_enabled,
                                   .act = configuration_.host_act,
                                   .instance = own_host_name(),
                                   .interval_ms = configuration_.host_interval_ms},
                          .policy = std::move(policy),
                          .advice_interval_ms = configuration_.advice_interval_ms,
                          .node = own_host_name() + ":" + configuration_.data_directory,
                          .querier = *querier_,
                          .ledger = *ledger_,
                          .knowledge = *knowledge_,
                          .clock = clock_,
                          .metrics = metrics_,
                          .logger = logger_});
    collectors_ =
        std::make_unique<CollectorManager>(std::move(targets), *store_, rejects_, clock_, metrics_, logger_);
    if (configuration_.host_enabled) {
      HostCollectorOptions host;
      host.interval_ms = configuration_.host_interval_ms;
      host_ = std::make_unique<HostCollector>(std::move(host), *store_, rejects_, clock_, metrics_, logger_);
    }
    self_scrape_ = std::make_unique<SelfScrape>(metrics_, *store_, own_host_name(), clock_, logger_,
                                                configuration_.self_scrape_interval_ms);
    services_ = std::make_unique<Services>(Services{
        .clock = clock_,
        .logger = logger_,
        .metrics = metrics_,
        .rejects = rejects_,
        .store = *store_,
        .querier = *querier_,
        .ledger = *ledger_,
        .receiver = *receiver_,
        .knowledge = *knowledge_,
        .analysis = *analysis_,
        .briefs = *briefs_,
        .rules = *rules_,
        .advice = loop_->advice(),
        .changes = loop_->changes(),
        .query = configuration_.query,
        .effective_settings = configuration_.effective,
        .started_ms = clock_.now_ms(),
        .writes_wait_for_disk = configuration_.store.durability == Durability::kSync,
        .targets_json = [this] { return scraper_->targets_json(); },
    });
    add_all_routes(router_, *services_);
  }

  void start_work() {
    scraper_->start();
    rules_->start();
    collectors_->start();
    if (host_) host_->start();
    self_scrape_->start();
    analysis_->start();
    loop_->start();
  }

  // All or none: everything is read before any of it is taken.
  Status reload_document() {
    if (configuration_.file.empty()) return ok();
    const Yaml document = TRY(Yaml::parse_file_with_environment(configuration_.file));
    ScrapeSettings settings = TRY(ScrapeSettings::from_yaml(document));
    std::vector<Target> targets = TRY(read_targets(document["collectors"]));
    RuleSettings rules = TRY(load_rules(document));
    collectors_->apply(std::move(targets));
    rules_->apply(std::move(rules.groups), labels_of(settings.external_labels));
    scraper_->apply(std::move(settings));
    return ok();
  }

  promql::QueryOptions rule_options() const {
    promql::QueryOptions options;
    options.limits = configuration_.query.limits;
    options.lookback_ms = configuration_.query.lookback_ms;
    options.threads = configuration_.query.threads;
    return options;
  }

  const Configuration configuration_;
  const Clock& clock_;
  Logger& logger_;
  Metrics metrics_;
  Rejects rejects_;
  std::unique_ptr<Gatekeeper> gatekeeper_;
  std::unique_ptr<KnowledgeKeeper> knowledge_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<promql::Querier> querier_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Receiver> receiver_;
  std::unique_ptr<AnalysisSchedule> analysis_;
  std::unique_ptr<BriefMaker> briefs_;
  std::unique_ptr<RuleManager> rules_;
  std::unique_ptr<ScrapeManager> scraper_;
  std::unique_ptr<ClosedLoop> loop_;
  std::unique_ptr<CollectorManager> collectors_;
  std::unique_ptr<HostCollector> host_;
  std::unique_ptr<SelfScrape> self_scrape_;
  std::unique_ptr<Services> services_;
  http::Router router_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace

Result<std::unique_ptr<Application>> Application::start(Configuration configuration, const Clock& clock,
                                                        Logger& logger, const Prepare& prepare) {
  auto application = std::make_unique<RunningApplication>(std::move(configuration), clock, logger);
  TRY(application->open(prepare));
  return application;
}

}  // namespace trimtab
