// SPDX-License-Identifier: Apache-2.0
#include "server/application.h"

#include <fmt/format.h>

#include "server/services.h"

namespace trimtab {
namespace {

class RunningApplication final : public Application {
 public:
  RunningApplication(Configuration configuration, const Clock& clock, Logger& logger)
      : configuration_(std::move(configuration)), services_{clock, logger, metrics_}, logger_(logger) {}
  ~RunningApplication() override { stop(); }

  Status open() {
    gatekeeper_ = TRY(Gatekeeper::create({.listen = configuration_.http.listen,
                                          .allowed_hosts = configuration_.allowed_hosts,
                                          .token_file = configuration_.token_file},
                                         metrics_));
    add_health_routes(router_, services_);
    http_ = TRY(HttpServer::start(configuration_.http, router_, *gatekeeper_, metrics_, logger_));
    logger_.info("listening", {{"url", url()}});
    return ok();
  }

  std::uint16_t port() const override { return http_->port(); }

  std::string url() const override {
    ListenAddress address = configuration_.http.listen;
    address.port = http_->port();
    return fmt::format("{}://{}/", configuration_.http.tls_cert_file.empty() ? "http" : "https",
                       address.to_string());
  }

  void stop() override {
    if (http_) http_->stop();
  }

 private:
  const Configuration configuration_;
  Metrics metrics_;
  Services services_;
  Logger& logger_;
  std::unique_ptr<Gatekeeper> gatekeeper_;
  http::Router router_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace

Result<std::unique_ptr<Application>> Application::start(Configuration configuration, const Clock& clock,
                                                        Logger& logger) {
  auto application = std::make_unique<RunningApplication>(std::move(configuration), clock, logger);
  TRY(application->open());
  return application;
}

}  // namespace trimtab
