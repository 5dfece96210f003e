// SPDX-License-Identifier: Apache-2.0
#include "cli/sample_run.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "server/listen_address.h"
#include "server/sample.h"
#include "server/settings.h"

namespace trimtab::cli {
namespace {

bool is_set(const ConfigurationSources& sources, std::string_view name) {
  return sources.flags.contains(name) ||
         std::getenv(environment_name(*find_setting(name)).c_str()) != nullptr;
}

// Whether the IPv4 address can be bound; an answer of no is only ever too careful.
bool can_listen(const ListenAddress& address) {
  const int socket_number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket_number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in wanted{};
  wanted.sin_family = AF_INET;
  wanted.sin_port = htons(address.port);
  ::inet_pton(AF_INET, address.host.c_str(), &wanted.sin_addr);
  const bool bound = ::bind(socket_number, reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted) == 0;
  ::close(socket_number);
  return bound;
}

}  // namespace

Result<SampleRun> SampleRun::prepare(ConfigurationSources& sources) {
  SampleRun run;
  run.folder_ = TRY(find_sample_folder(std::string(kSampleName)));
  if (!is_set(sources, "estate_file")) sources.flags["estate_file"] = run.folder_ + "/estate.yaml";
  if (!is_set(sources, "log.level")) sources.flags["log.level"] = "warn";
  if (!is_set(sources, "listen") &&
      !can_listen(ListenAddress::parse(find_setting("listen")->fallback).value())) {
    sources.flags["listen"] = "127.0.0.1:0";
    run.other_port_ = true;
  }
  if (!is_set(sources, "data_dir")) {
    std::string name = (std::filesystem::temp_directory_path() / "trimtab-sample-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      return fail(ErrorCode::kIo, fmt::format("a temporary directory {} can not be made", name));
    run.temporary_ = name;
    sources.flags["data_dir"] = name;
  }
  return run;
}

SampleRun::SampleRun(SampleRun&& other) noexcept
    : folder_(std::move(other.folder_)),
      temporary_(std::exchange(other.temporary_, {})),
      other_port_(other.other_port_) {}

SampleRun::~SampleRun() {
  std::error_code ignored;
  if (!temporary_.empty()) std::filesystem::remove_all(temporary_, ignored);
}

Application::Prepare SampleRun::loader(const Clock& clock) const {
  return [this, &clock](Store& store) -> Status {
    const std::string file = fmt::format("{}/{}.jsonl.gz", folder_, kSampleName);
    const SampleLoaded loaded = TRY(load_sample(file, store, clock.now_ms()));
    fmt::print(stderr,
               "Loaded {} series with {} samples from {}; their clock is shifted so that they end now.\n",
               loaded.series, loaded.samples, folder_);
    return ok();
  };
}

Status SampleRun::tell(Application& application) const {
  BriefQuestion question;
  question.style.colour = isatty(STDOUT_FILENO) != 0;
  const std::string brief = TRY(application.brief_now(question));
  fmt::print("{}", brief);
  std::fflush(stdout);
  if (other_port_) fmt::print(stderr, "\nPort 7600 is taken; another one was chosen.\n");
  fmt::print(stderr,
             "\nThe same as a page, with this machine live beside the sample: {0}\n"
             "Your own Prometheus joins with these lines in prometheus.yml:\n\n"
             "  remote_write:\n    - url: {0}api/v1/write\n\n"
             "Ctrl-C stops{1}.\n",
             application.url(), temporary_.empty() ? "" : " and removes the sample's temporary directory");
  return ok();
}

}  // namespace trimtab::cli
