// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/candidates.h"

#include <algorithm>

#include "targets/postgresql/connection.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::IndexSpec;
using trimtab::postgresql::quote_name;

namespace {

// A partial index is worth a thought when it leaves out at least this share of the rows.
constexpr double kLeftOutShareMin = 0.5;

void add_once(std::vector<std::string>& list, const std::string& column) {
  if (std::ranges::find(list, column) == list.end()) list.push_back(column);
}

class UseReader {
 public:
  UseReader(const Plan& plan, const std::map<TableName, TableFacts>& tables) : plan_(plan), tables_(tables) {}

  std::vector<TableUse> run() {
    for (const PlanNode& node : plan_.nodes) add_relation(node);
    for (const PlanNode& node : plan_.nodes) {
      for (const std::string& condition : node.conditions) {
        for (const Predicate& predicate : predicates_of(condition)) add(predicate);
      }
      for (const auto* texts : {&node.conditions, &node.sort_keys, &node.group_keys}) {
        for (const std::string& text : *texts) note_all(text);
      }
      if (!gives_whole_rows(node)) {
        for (const std::string& text : node.output) note_all(text);
        if (by_alias_.size() == 1) note_bare(node);
      }
      add_order(node);
    }
    std::vector<TableUse> out;
    for (auto& [alias, use] : by_alias_) {
      by_distinct(use, use.equality);
      out.push_back(std::move(use));
    }
    return out;
  }

 private:
  void add_relation(const PlanNode& node) {
    if (node.relation.empty() || node.alias.empty() || node.type == "ModifyTable") return;
    const TableName name{node.schema, node.relation};
    if (!tables_.contains(name)) return;
    TableUse& use = by_alias_[node.alias];
    use.table = name;
    // ctid, tableoid, a whole row: nothing an index-only scan can give.
    for (const std::string& text : node.output) {
      if (text == "ctid" || text.ends_with(".ctid") || text.contains(".*")) use.complete = false;
    }
  }

  TableUse* use_of(const ColumnRef& column) {
    const auto found = by_alias_.find(column.alias);
    if (found == by_alias_.end()) return nullptr;
    return tables_.at(found->second.table).columns.contains(column.column) ? &found->second : nullptr;
  }

  // A scan hands whole rows to a parent that makes rows of its own, because that is cheaper than choosing
  // (use_physical_tlist in PostgreSQL's createplan.c); the parent says what it needs of them.
  bool gives_whole_rows(const PlanNode& node) const {
    if (node.relation.empty() || node.parent < 0) return false;
    if (node.relationship != "Outer" && node.relationship != "Inner") return false;
    const std::string& parent = plan_.nodes[static_cast<std::size_t>(node.parent)].type;
    return parent == "Aggregate" || parent == "Group" || parent == "WindowAgg" || parent == "Result" ||
           parent == "ProjectSet" || parent == "Nested Loop" || parent == "Hash Join" ||
           parent == "Merge Join";
  }

  void note_all(const std::string& text) {
    for (const ColumnRef& column : columns_of(text)) note(column);
  }

  void note(const ColumnRef& column) {
    if (TableUse* use = use_of(column)) use->all.insert(column.column);
  }

  void note_bare(const PlanNode& node) {
    TableUse& use = by_alias_.begin()->second;
    const auto& columns = tables_.at(use.table).columns;
    for (const std::string& text : node.output) {
      for (std::string& name : bare_names_of(text)) {
        if (columns.contains(name)) use.all.insert(std::move(name));
      }
    }
  }

  void add(const Predicate& predicate) {
    if (predicate.kind == PredicateKind::kJoin) {
      for (const ColumnRef* side : {&predicate.column, &predicate.other}) {
        if (TableUse* use = use_of(*side))
          add_once(predicate.alternative ? use->alternatives : use->join, side->column);
      }
      return;
    }
    TableUse* use = use_of(predicate.column);
    if (use == nullptr || predicate.kind == PredicateKind::kWrapped) return;
    const std::string& column = predicate.column.column;
    if (predicate.alternative) {
      if (predicate.kind <= PredicateKind::kRange) add_once(use->alternatives, column);
      return;
    }
    const ColumnFacts& facts = tables_.at(use->table).columns.at(column);
    switch (predicate.kind) {
      case PredicateKind::kEquality: return add_once(use->equality, column);
      case PredicateKind::kRange: return add_once(use->range, column);
      case PredicateKind::kIsNull:
        if (1 - facts.null_share >= kLeftOutShareMin)
          use->constants.push_back(quote_name(column) + " IS NULL");
        return;
      case PredicateKind::kIsNotNull:
        if (facts.null_share >= kLeftOutShareMin)
          use->constants.push_back(quote_name(column) + " IS NOT NULL");
        return;
      case PredicateKind::kTrue: use->constants.push_back(quote_name(column)); return;
      case PredicateKind::kFalse: use->constants.push_back("NOT " + quote_name(column)); return;
      case PredicateKind::kJoin:
      case PredicateKind::kWrapped: return;
    }
  }

  void add_order(const PlanNode& node) {
    if (!node.group_keys.empty()) {
      for (const std::string& text : node.group_keys) {
        const auto key = sort_key_of(text);
        TableUse* use = key ? use_of(key->column) : nullptr;
        if (use != nullptr) add_once(use->group, key->column.column);
      }
    }
    TableUse* only = nullptr;
    std::vector<IndexSpec::Key> order;
    for (const std::string& text : node.sort_keys) {
      const auto key = sort_key_of(text);
      TableUse* use = key && !key->unusual ? use_of(key->column) : nullptr;
      if (use == nullptr || (only != nullptr && use != only)) break;
      only = use;
      order.push_back({key->column.column, key->descending});
    }
    // The first sort found is the outermost: parents come first.
    if (only != nullptr && only->order.empty()) only->order = std::move(order);
  }

  void by_distinct(const TableUse& use, std::vector<std::string>& columns) {
    const auto& facts = tables_.at(use.table).columns;
    std::ranges::stable_sort(columns, [&](const std::string& a, const std::string& b) {
      return facts.at(a).distinct > facts.at(b).distinct;
    });
  }

  const Plan& plan_;
  const std::map<TableName, TableFacts>& tables_;
  std::map<std::string, TableUse> by_alias_;
};

class Generator {
 public:
  explicit Generator(const std::map<TableName, TableFacts>& tables) : tables_(tables) {}

  void add(const TableUse& use) {
    const TableFacts& facts = tables_.at(use.table);
    if (!facts.plain || facts.rows < kTableRowsMin) return;
    use_ = &use;
    facts_ = &facts;
    whole_forms();
    singles_and_pairs();
    permutations();
  }

  std::vector<IndexSpec> take() { return std::move(out_); }

 private:
  using Columns = std::vector<std::string>;

  static std::vector<IndexSpec::Key> keys_of(const Columns& columns) {
    std::vector<IndexSpec::Key> keys;
    for (const std::string& column : columns) keys.push_back({column, false});
    return keys;
  }

  static Columns joined(const Columns& a, const Columns& b) {
    Columns out = a;
    for (const std::string& column : b) add_once(out, column);
    return out;
  }

  // The forms that serve the whole of the use: searched columns, then what they leave to do.
  void whole_forms() {
    const TableUse& use = *use_;
    std::vector<Columns> searches = {use.equality};
    for (const std::string& column : use.join) {
      searches.push_back(joined(use.equality, {column}));
      searches.push_back(joined({column}, use.equality));
    }
    if (use.join.size() > 1) searches.push_back(joined(use.join, use.equality));
    for (const Columns& search : searches) {
      if (!search.empty()) put_forms(keys_of(search));
      for (const std::string& column : use.range) put_forms(keys_of(joined(search, {column})));
      if (!use.order.empty()) put_forms(with_order(search));
      if (!use.group.empty()) put_forms(keys_of(joined(search, use.group)));
    }
  }

  // Behind equalities the rows come in order. An order that is all descending is read backwards.
  std::vector<IndexSpec::Key> with_order(const Columns& search) const {
    std::vector<IndexSpec::Key> keys = keys_of(search);
    const bool backwards = std::ranges::all_of(use_->order, &IndexSpec::Key::descending);
    for (const IndexSpec::Key& key : use_->order) {
      if (std::ranges::find(search, key.column) != search.end()) continue;
      keys.push_back({key.column, key.descending && !backwards});
    }
    return keys;
  }

  void singles_and_pairs() {
    Columns searched = joined(joined(use_->equality, use_->join), joined(use_->range, use_->alternatives));
    for (const std::string& column : searched) put(keys_of({column}));
    for (const std::string& first : joined(use_->equality, use_->join)) {
      for (const std::string& second : searched) {
        if (first != second) put(keys_of({first, second}));
      }
    }
  }

  // So that another query that knows fewer of the columns can share the index.
  void permutations() {
    constexpr std::size_t kPermutedMax = 3;
    Columns columns = use_->equality;
    if (columns.size() < kPermutedMax || columns.size() > kPermutedMax) return;
    std::ranges::sort(columns);
    do {
      put(keys_of(columns));
    } while (std::ranges::next_permutation(columns).found);
  }

  void put_forms(const std::vector<IndexSpec::Key>& keys) {
    put(keys);
    for (const std::string& where : use_->constants) put(keys, {}, where);
    Columns include;
    double width = 0;
    for (const std::string& column : use_->all) {
      if (std::ranges::find(keys, column, &IndexSpec::Key::column) != keys.end()) continue;
      include.push_back(column);
      width += facts_->columns.at(column).width_bytes;
    }
    constexpr std::size_t kIncludeMax = 4;
    if (use_->complete && !include.empty() && include.size() <= kIncludeMax &&
        width <= kIncludeWidthMaxBytes) {
      put(keys, include);
    }
  }

  void put(std::vector<IndexSpec::Key> keys, Columns include = {}, std::string where = {}) {
    if (keys.size() > kKeysMax) keys.resize(kKeysMax);
    for (const IndexSpec::Key& key : keys) {
      const ColumnFacts& column = facts_->columns.at(key.column);
      if (column.width_bytes > kKeyWidthMaxBytes || key.column.contains('\n')) return;
    }
    if (std::ranges::any_of(include, [](const std::string& column) { return column.contains('\n'); })) return;
    IndexSpec spec{.schema = use_->table.schema,
                   .table = use_->table.table,
                   .keys = std::move(keys),
                   .include = std::move(include),
                   .where = std::move(where)};
    if (std::ranges::any_of(facts_->indexes, [&](const IndexFacts& index) { return serves(index, spec); }))
      return;
    if (seen_.insert(trimtab::postgresql::create_index_statement(spec)).second)
      out_.push_back(std::move(spec));
  }

  const std::map<TableName, TableFacts>& tables_;
  const TableUse* use_ = nullptr;
  const TableFacts* facts_ = nullptr;
  std::set<std::string> seen_;
  std::vector<IndexSpec> out_;
};

}  // namespace

std::vector<TableUse> uses_of(const Plan& plan, const std::map<TableName, TableFacts>& tables) {
  return UseReader(plan, tables).run();
}

std::vector<IndexSpec> candidates_for(const std::vector<TableUse>& uses,
                                      const std::map<TableName, TableFacts>& tables) {
  Generator generator(tables);
  for (const TableUse& use : uses) generator.add(use);
  std::vector<IndexSpec> out = generator.take();
  if (out.size() > kCandidatesPerQueryMax) out.resize(kCandidatesPerQueryMax);
  return out;
}

bool may_change(const IndexSpec& spec, const std::vector<TableUse>& uses) {
  return std::ranges::any_of(uses, [&](const TableUse& use) {
    return use.table == TableName{spec.schema, spec.table} && use.all.contains(spec.keys[0].column) &&
           (spec.where.empty() || std::ranges::find(use.constants, spec.where) != use.constants.end());
  });
}

bool covers(const IndexSpec& spec, const std::vector<TableUse>& uses) {
  const auto holds = [&](const std::string& column) {
    return std::ranges::find(spec.keys, column, &IndexSpec::Key::column) != spec.keys.end() ||
           std::ranges::find(spec.include, column) != spec.include.end();
  };
  return std::ranges::any_of(uses, [&](const TableUse& use) {
    return use.table == TableName{spec.schema, spec.table} && use.complete &&
           std::ranges::all_of(use.all, holds);
  });
}

bool serves(const IndexFacts& index, const IndexSpec& wanted) {
  if (!index.valid || index.method != wanted.method) return false;
  if (!index.where.empty() && index.where != wanted.where) return false;
  if (index.keys.size() < wanted.keys.size()) return false;
  for (std::size_t i = 0; i < wanted.keys.size(); ++i) {
    if (index.keys[i] != wanted.keys[i].column || index.descending[i] != wanted.keys[i].descending)
      return false;
  }
  return std::ranges::all_of(wanted.include, [&](const std::string& column) {
    return std::ranges::find(index.keys, column) != index.keys.end() ||
           std::ranges::find(index.include, column) != index.include.end();
  });
}

}  // namespace trimtab::advise::postgresql
