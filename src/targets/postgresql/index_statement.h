// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trimtab::postgresql {

// An index as values: whoever spells it as SQL does so here, quoted.
struct IndexSpec {
  struct Key {
    std::string column = {};  // plain name
    bool descending = false;
    friend bool operator==(const Key&, const Key&) = default;
  };
  std::string schema = {};
  std::string table = {};
  std::string name = {};  // of the index; at most 63 bytes; default_name() when empty
  std::vector<Key> keys = {};
  std::vector<std::string> include = {};  // covering columns
  std::string method = "btree";           // btree, hash, gin, gist, brin, spgist
  // A predicate of a partial index, as the server itself prints it (pg_get_expr, EXPLAIN): the one part that
  // is SQL text. Set only from the server's own answers.
  std::string where = {};
  bool unique = false;

  // "trimtab_orders_customer_id_placed_at_3f2a91c0": readable, within 63 bytes, the hash of all of the spec.
  std::string default_name() const;

  // The parameters of the action "postgresql.create_index": schema, table, name, keys, include, method,
  // where, unique; lists as one name a line ("placed_at desc" would be ambiguous: a leading "-" means
  // descending, a leading "+" ascending).
  std::map<std::string, std::string> to_parameters() const;
  // Errors: a missing or unknown part, an unknown method, no key, a name over 63 bytes, a NUL byte.
  static Result<IndexSpec> from_parameters(const std::map<std::string, std::string>& parameters);
};

// CREATE INDEX CONCURRENTLY "name" ON "schema"."table" USING btree ("a", "b" DESC) INCLUDE ("c") WHERE (...)
std::string create_index_statement(const IndexSpec& spec, bool concurrently = true);
// DROP INDEX CONCURRENTLY IF EXISTS "schema"."name"
std::string drop_index_statement(std::string_view schema, std::string_view name);

}  // namespace trimtab::postgresql
