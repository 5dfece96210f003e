// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advise/postgresql/predicates.h"
#include "advise/postgresql/sql_tokens.h"
#include "advise/postgresql/statement_text.h"

namespace trimtab::advise::postgresql {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(std::string_view sql) {
  std::vector<std::string> out;
  for (const Token& token : sql_tokens(sql)) out.emplace_back(token.text);
  return out;
}

TEST(SqlTokens, strings_comments_and_operators_are_cut_as_the_server_does) {
  EXPECT_THAT(texts("a>='it''s' -- x\n+/* b /* c */ d */E'\\'' $$x'y$$"),
              ElementsAre("a", ">=", "'it''s'", "+", "E'\\''", "$$x'y$$"));
  EXPECT_THAT(texts("$12::text \"a\"\"b\".c$ 1.5e3"),
              ElementsAre("$12", "::", "text", "\"a\"\"b\"", ".", "c$", "1.5e3"));
  EXPECT_EQ(sql_tokens("\"a\"\"b\"")[0].name(), "a\"b");
  EXPECT_THAT(texts("'never closed"), ElementsAre("'never closed"));
}

TEST(StatementText, typed_literals_become_casts_and_the_rest_stays) {
  const struct {
    const char* text;
    const char* preparable;
  } cases[] = {
      {"select now() - interval $1", "select now() - $1::interval"},
      {"SELECT 1 WHERE d < DATE $2 AND t = $3", "SELECT 1 WHERE d < $2::DATE AND t = $3"},
      {"select x::date, $1 from t", "select x::date, $1 from t"},
      {"select 'interval $1' from t", "select 'interval $1' from t"},
  };
  for (const auto& one : cases) EXPECT_EQ(read_statement(one.text).preparable, one.preparable);
}

TEST(StatementText, says_what_kind_it_is_and_what_it_writes) {
  const auto update =
      read_statement("UPDATE ONLY shop.\"Orders\" SET a = $1, (b, c) = ($2, $3) WHERE id = $4");
  EXPECT_EQ(update.kind, StatementKind::kUpdate);
  EXPECT_EQ(update.write_schema, "shop");
  EXPECT_EQ(update.write_table, "Orders");
  EXPECT_THAT(update.set_columns, ElementsAre("a", "b", "c"));
  EXPECT_EQ(update.parameters, 4);
  const auto with = read_statement("WITH x AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM x");
  EXPECT_EQ(with.kind, StatementKind::kInsert);
  EXPECT_EQ(with.write_table, "b");
  for (const char* other :
       {"", "VACUUM orders", "COPY t FROM STDIN", "CREATE TABLE a AS SELECT 1", "begin", "$1"}) {
    EXPECT_EQ(read_statement(other).kind, StatementKind::kOther) << other;
  }
  const auto select = read_statement("SELECT * FROM (SELECT 1 LIMIT 1) x ORDER BY 1 OFFSET $1");
  EXPECT_FALSE(select.has_limit);
  EXPECT_TRUE(select.has_offset);
  EXPECT_TRUE(select.has_order);
  EXPECT_TRUE(read_statement("/* trimtab */ SELECT 1").is_ours);
}

std::vector<std::string> described(std::string_view condition) {
  constexpr const char* kKinds[] = {"eq", "range", "join", "null", "notnull", "true", "false", "wrapped"};
  std::vector<std::string> out;
  for (const Predicate& one : predicates_of(condition)) {
    std::string text = std::string(one.alternative ? "or:" : "") + kKinds[static_cast<int>(one.kind)] + " " +
                       one.column.alias + "." + one.column.column;
    if (!one.other.alias.empty()) text += " " + one.other.alias + "." + one.other.column;
    out.push_back(std::move(text));
  }
  return out;
}

// Conditions as PostgreSQL 15 prints them.
TEST(Predicates, are_read_from_what_explain_prints) {
  const struct {
    const char* condition;
    std::vector<std::string> expected;
  } cases[] = {
      {"(o.customer_id = $1)", {"eq o.customer_id"}},
      {"((o.customer_id = $1) AND ((o.status)::text = $2) AND (o.deleted_at IS NULL))",
       {"eq o.customer_id", "eq o.status", "null o.deleted_at"}},
      {"(o.paid AND (o.placed_at > $3) AND (o.\"Odd Name\" = ANY (ARRAY[$4, $5])) AND "
       "(lower((o.status)::text) = $6))",
       {"true o.paid", "range o.placed_at", "eq o.Odd Name", "wrapped o.status"}},
      {"((o.customer_id = $1) OR ((o.total = $2) AND (o.placed_at > $3)))",
       {"or:eq o.customer_id", "or:eq o.total", "or:range o.placed_at"}},
      {"(i.order_id = o.id)", {"join i.order_id o.id"}},
      {"(NOT o.paid)", {"false o.paid"}},
      {"(o.a IS NOT NULL)", {"notnull o.a"}},
      {"((o.a)::numeric = $1)", {"wrapped o.a"}},
      {"(o.a = o.b)", {}},
      {"(o.a > (o.b + 1))", {}},
      {"(o.a <= (i.b + 1))", {"range o.a", "wrapped i.b"}},
      {"(ROW(o.a, o.b) < ROW($1, $2))", {"range o.a"}},
      {"(o.a <> $1)", {}},
      {"(hashed SubPlan 1)", {}},
      {"((o.status)::text = ANY ((ARRAY[$4, $5])::text[]))", {"eq o.status"}},
  };
  for (const auto& one : cases) EXPECT_EQ(described(one.condition), one.expected) << one.condition;
}

TEST(Predicates, sort_keys_tell_direction_and_what_no_plain_index_gives) {
  const auto plain = sort_key_of("o.placed_at");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->column, (ColumnRef{"o", "placed_at"}));
  EXPECT_FALSE(plain->descending || plain->unusual);
  const auto descending = sort_key_of("o.placed_at DESC");
  ASSERT_TRUE(descending);
  EXPECT_TRUE(descending->descending && !descending->unusual);
  EXPECT_TRUE(sort_key_of("o.placed_at DESC NULLS LAST")->unusual);
  EXPECT_TRUE(sort_key_of("o.name COLLATE \"C\"")->unusual);
  EXPECT_FALSE(sort_key_of("(lower(o.name))"));
  EXPECT_FALSE(sort_key_of("(sum(o.total)) DESC"));
}

TEST(Predicates, deep_nesting_ends) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "(a.b = $1) AND (";
  EXPECT_LE(predicates_of(deep).size(), 5001U);
  EXPECT_TRUE(predicates_of(std::string(100000, '(')).empty());
}

}  // namespace
}  // namespace trimtab::advise::postgresql
