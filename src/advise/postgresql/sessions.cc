// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "advise/postgresql/database_advisor.h"
#include "advise/postgresql/table_facts.h"
#include "base/format.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::Rows;

namespace {

Result<std::vector<SessionFacts>> read_sessions(Connection& connection) {
  const Rows rows = TRY(connection.query(fmt::format(
      "SELECT pid, usename, application_name, state, "
      "extract(epoch FROM clock_timestamp() - state_change), "
      "coalesce(extract(epoch FROM clock_timestamp() - xact_start), 0), wait_event_type = 'Lock', "
      "CASE WHEN wait_event_type = 'Lock' THEN array_to_string(pg_blocking_pids(pid), E'\\n') END "
      "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
      "AND application_name <> 'trimtab' AND datname = current_database() ORDER BY pid LIMIT {}",
      kSessionsMax)));
  std::vector<SessionFacts> out;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    SessionFacts session{.pid = rows.integer(row, 0),
                         .user = rows.text(row, 1),
                         .application = rows.text(row, 2),
                         .state = rows.text(row, 3),
                         .state_seconds = rows.number(row, 4),
                         .transaction_seconds = rows.number(row, 5),
                         .waits_for_lock = rows.text(row, 6) == "t",
                         .blocked_by = {}};
    for (const std::string& line : lines_of_list(rows.text(row, 7))) {
      std::int64_t pid = 0;
      std::from_chars(line.data(), line.data() + line.size(), pid);
      if (pid > 0) session.blocked_by.push_back(pid);
    }
    out.push_back(std::move(session));
  }
  return out;
}

std::string described(const SessionFacts& session) {
  return fmt::format("process {}, user {}, application \"{}\", {} for {}", session.pid, session.user,
                     session.application, session.state, format_with_unit(session.state_seconds, "seconds"));
}

class SessionsAdvisor final : public DatabaseAdvisor {
 public:
  SessionsAdvisor(Target target, DurationMs window_min_ms)
      : DatabaseAdvisor(std::move(target), "postgresql.sessions"),
        window_min_ms_(window_min_ms),
        history_(window_min_ms) {}

 protected:
  Result<std::vector<Recommendation>> look(Connection& connection, const AdvisedDatabase& where,
                                           const Context&) override {
    const auto sessions = TRY(read_sessions(connection));
    std::vector<Recommendation> out;
    idle_in_transaction(sessions, where, out);
    chains(sessions, where, out);
    // Without pg_stat_statements nothing is known of the work; the other advisors say so.
    if (auto snapshot = read_statements(connection)) {
      const Workload workload = history_.add(std::move(*snapshot));
      if (workload.window_ms >= window_min_ms_) pool(sessions.size(), workload, where, out);
    }
    return out;
  }

 private:
  static Recommendation person_only(const AdvisedDatabase& where, const std::string& what) {
    Recommendation out;
    out.fingerprint = fmt::format("postgresql.sessions|{}|{}|{}", where.target, where.database, what);
    return out;
  }

  static void idle_in_transaction(const std::vector<SessionFacts>& sessions, const AdvisedDatabase& where,
                                  std::vector<Recommendation>& out) {
    const SessionFacts* oldest = nullptr;
    std::size_t count = 0;
    for (const SessionFacts& session : sessions) {
      if (!session.state.starts_with("idle in transaction") ||
          session.state_seconds < kIdleInTransactionSeconds)
        continue;
      ++count;
      if (oldest == nullptr || session.state_seconds > oldest->state_seconds) oldest = &session;
    }
    if (oldest == nullptr) return;
    Recommendation one = person_only(where, "idle_in_transaction");
    one.title = fmt::format("End transactions that stand idle: {} now", count);
    one.why =
        "An open transaction keeps its locks and keeps vacuum from removing dead rows. The application "
        "should "
        "end it before it waits for something else; idle_in_transaction_session_timeout ends it by force.";
    one.evidence = {{"the longest", described(*oldest), "pg_stat_activity"}};
    out.push_back(std::move(one));
  }

  static void chains(const std::vector<SessionFacts>& sessions, const AdvisedDatabase& where,
                     std::vector<Recommendation>& out) {
    for (const LockChain& chain : lock_chains(sessions)) {
      if (chain.longest_seconds < kLockWaitSeconds) continue;
      Recommendation one = person_only(where, "locks");
      one.title = fmt::format("{} sessions wait for one", chain.waiting);
      if (chain.waiting == 1) one.title = "A session waits for another";
      one.why = "The session at the head of the queue holds a lock and waits for nobody itself.";
      one.evidence = {
          {"at the head", described(chain.root), "pg_stat_activity, pg_blocking_pids"},
          {"longest wait", format_with_unit(chain.longest_seconds, "seconds"), "pg_stat_activity"}};
      out.push_back(std::move(one));
      return;  // the longest queue first; the next pass has the next
    }
  }

  static void pool(std::size_t sessions, const Workload& workload, const AdvisedDatabase& where,
                   std::vector<Recommendation>& out) {
    const double active = workload.per_second(workload.seconds);
    const double enough = pool_size(active);
    if (static_cast<double>(sessions) < std::max(kSessionsMany, kPoolExcessMin * enough)) return;
    Recommendation one = person_only(where, "pool");
    one.title = fmt::format("A pool of {:.0f} connections would do for {}", enough, where.database);
    one.why = fmt::format(
        "{} sessions are open, {} are busy on average. Each open one costs memory and makes every "
        "snapshot dearer. Where sessions hold transactions open between statements, more are needed.",
        sessions, format_number(active));
    one.evidence = {{"busy on average", format_number(active) + " (calls a second x mean time: Little's law)",
                     "pg_stat_statements, " + format_duration_human(workload.window_ms)},
                    {"open", std::to_string(sessions), "pg_stat_activity"}};
    out.push_back(std::move(one));
  }

  DurationMs window_min_ms_;
  SnapshotHistory history_;
};

}  // namespace

std::vector<LockChain> lock_chains(const std::vector<SessionFacts>& sessions) {
  std::map<std::int64_t, const SessionFacts*> by_pid;
  std::map<std::int64_t, std::vector<const SessionFacts*>> waiting_for;
  for (const SessionFacts& session : sessions) by_pid[session.pid] = &session;
  for (const SessionFacts& session : sessions) {
    for (const std::int64_t pid : session.blocked_by) waiting_for[pid].push_back(&session);
  }
  std::vector<LockChain> out;
  for (const auto& [pid, waiters] : waiting_for) {
    const auto root = by_pid.find(pid);
    if (root == by_pid.end() || !root->second->blocked_by.empty()) continue;
    LockChain chain;
    chain.root = *root->second;
    std::set<std::int64_t> seen = {pid};
    std::vector<std::int64_t> open = {pid};
    while (!open.empty()) {
      const std::int64_t at = open.back();
      open.pop_back();
      const auto found = waiting_for.find(at);
      if (found == waiting_for.end()) continue;
      for (const SessionFacts* waiter : found->second) {
        if (!seen.insert(waiter->pid).second) continue;
        ++chain.waiting;
        chain.longest_seconds = std::max(chain.longest_seconds, waiter->state_seconds);
        open.push_back(waiter->pid);
      }
    }
    out.push_back(std::move(chain));
  }
  std::ranges::stable_sort(out, [](const LockChain& a, const LockChain& b) { return a.waiting > b.waiting; });
  return out;
}

double pool_size(double active) {
  constexpr double kNormal999 = 3.09;  // 99.9 % point
  return std::ceil(active + kNormal999 * std::sqrt(active)) + 1;
}

std::unique_ptr<Advisor> create_sessions_advisor(Target target, DurationMs window_min_ms) {
  return std::make_unique<SessionsAdvisor>(std::move(target), window_min_ms);
}

}  // namespace trimtab::advise::postgresql
