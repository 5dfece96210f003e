// SPDX-License-Identifier: Apache-2.0
// Any bytes as a statement and as a condition of a plan: what is read lies within the text, nothing crashes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "advise/postgresql/plan.h"
#include "advise/postgresql/predicates.h"
#include "advise/postgresql/sql_tokens.h"
#include "advise/postgresql/statement_text.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab::advise::postgresql;
  constexpr std::size_t kBytesMax = 1 << 16;
  const std::string_view text(reinterpret_cast<const char*>(data), size < kBytesMax ? size : kBytesMax);
  std::size_t end = 0;
  for (const Token& token : sql_tokens(text)) {
    CHECK(!token.text.empty() && token.at >= end, "{} after {}", token.at, end);
    end = token.at + token.text.size();
    CHECK(end <= text.size(), "{} of {}", end, text.size());
  }
  const StatementText statement = read_statement(text);
  CHECK(statement.parameters >= 0 && statement.parameters <= kParameterMax, "{}", statement.parameters);
  for (const Predicate& predicate : predicates_of(text)) {
    CHECK(predicate.kind != PredicateKind::kJoin || predicate.column.alias != predicate.other.alias);
  }
  (void)sort_key_of(text);
  (void)columns_of(text);
  (void)bare_names_of(text);
  (void)read_plan(text);
  return 0;
}
