// SPDX-License-Identifier: Apache-2.0
// Any bytes as a record: an error, or a record whose JSON reads back to the same JSON.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ledger/change.h"
#include "ledger/recommendation.h"
#include "ledger/records.h"

namespace {

template <typename Record>
void round_trip(const trimtab::Result<Record>& record, trimtab::Result<Record> (*read)(std::string_view)) {
  if (!record) {
    CHECK(!record.error().message().empty());
    return;
  }
  const std::string json = to_json(*record);
  const auto again = read(json);
  CHECK(again.has_value(), "{}", json);
  CHECK(to_json(*again) == json, "{}", json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  round_trip(finding_from_json(text), finding_from_json);
  round_trip(event_from_json(text), event_from_json);
  round_trip(pass_from_json(text), pass_from_json);
  round_trip(recommendation_from_json(text), recommendation_from_json);
  round_trip(change_from_json(text), change_from_json);
  return 0;
}
