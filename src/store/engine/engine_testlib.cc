// SPDX-License-Identifier: Apache-2.0
#include "store/engine/engine_testlib.h"

#include <stdlib.h>

#include <bit>
#include <filesystem>

#include "base/check.h"

namespace trimtab::embedded::testing {

namespace fs = std::filesystem;

TempDirectory::TempDirectory() {
  std::string pattern = (fs::temp_directory_path() / "trimtab_store_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = pattern;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

TestStore::TestStore() {
  options.directory = directory.path();
  options.free_bytes_min = 0;
  options.cache_bytes = 8 << 20;
  hooks.background = false;
}

Status TestStore::open() {
  engine.reset();
  engine = TRY(Engine::open(options, hooks, clock, *metrics, *logger));
  return ok();
}

void TestStore::reopen() {
  const Status status = open();
  CHECK(status.has_value(), "{}", status.error().message());
}

void TestStore::crash() {
  const std::string copy = directory.path("crash" + std::to_string(++copies));
  fs::copy(options.directory, copy, fs::copy_options::recursive);
  engine.reset();
  options.directory = copy;
  reopen();
}

SeriesId TestStore::series(const Labels& labels) {
  const auto id = engine->ensure_series(labels);
  CHECK(id.has_value(), "{}", id.error().message());
  return *id;
}

AppendOutcome TestStore::append(const Labels& labels, TimestampMs t, double value) {
  return append({{series(labels), t, value}});
}

AppendOutcome TestStore::append(const std::vector<Sample>& batch) {
  const auto outcome = engine->append(batch);
  CHECK(outcome.has_value(), "{}", outcome.error().message());
  return *outcome;
}

SampleBuffer TestStore::read(const Labels& labels, TimeRange range) {
  SampleBuffer out;
  const auto set = engine->select(exactly(labels), range, {});
  CHECK(set.has_value(), "{}", set.error().message());
  for (std::size_t i = 0; i < (*set)->size(); ++i) {
    if ((*set)->labels(i) != labels) continue;
    const Status status = (*set)->read(i, range, out);
    CHECK(status.has_value(), "{}", status.error().message());
  }
  return out;
}

double TestStore::counter(const std::string& name_and_labels) const {
  const std::string text = "\n" + metrics->expose();
  const std::size_t at = text.find("\n" + name_and_labels + " ");
  return at == std::string::npos ? 0 : std::stod(text.substr(at + name_and_labels.size() + 2));
}

Labels metric(const std::string& name, const std::string& instance) {
  return Labels{{"__name__", name}, {"instance", instance}};
}

Matchers exactly(const Labels& labels) {
  Matchers out;
  for (const Label& label : labels.items()) out.push_back(Matcher::equal(label.name, label.value));
  return out;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

}  // namespace trimtab::embedded::testing
