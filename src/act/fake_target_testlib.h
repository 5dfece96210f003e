// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "act/change_runner.h"
#include "ledger/ledger_testlib.h"
#include "query/querier.h"

namespace trimtab::act {

// A target whose whole state is a file: "effects" counts what was made, so that twice shows.
class FileTarget final : public Executor {
 public:
  explicit FileTarget(std::string path) : path_(std::move(path)) {}
  // What comes next fails with this, `times` times.
  void fail_next(ErrorCode code, int times) {
    code_ = code;
    failures_ = times;
  }
  bool refuse_check = false;
  int applied = 0;
  int undone = 0;

  Status check(const Action&) override {
    if (refuse_check) return fail(ErrorCode::kDenied, "no privilege");
    return away();
  }
  Result<std::string> capture(const Action&) override { return value(); }
  Status apply(const Action& action, const std::string&) override {
    TRY(away());
    ++applied;
    std::ofstream(path_) << action.parameters.at("value");
    std::ofstream(path_ + ".effects", std::ios::app) << "a";
    return ok();
  }
  Result<bool> is_applied(const Action& action, const std::string&) override {
    TRY(away());
    return value() == action.parameters.at("value");
  }
  Status undo(const Action&, const std::string& undo_state) override {
    TRY(away());
    ++undone;
    std::ofstream(path_) << undo_state;
    std::ofstream(path_ + ".effects", std::ios::app) << "u";
    return ok();
  }
  Result<bool> is_undone(const Action&, const std::string& undo_state) override {
    TRY(away());
    return value() == undo_state;
  }

  std::string value() const { return text_of(path_); }
  std::string effects() const { return text_of(path_ + ".effects"); }

 private:
  static std::string text_of(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Status away() {
    if (failures_ <= 0) return ok();
    --failures_;
    return fail(code_, "the target said no");
  }

  std::string path_;
  ErrorCode code_ = ErrorCode::kUnavailable;
  int failures_ = 0;
};

// Answers every expression with numbers of a function of (expression, time).
class FunctionQuerier final : public promql::Querier {
 public:
  using Function = std::function<double(std::string_view, TimestampMs)>;
  explicit FunctionQuerier(Function function) : function_(std::move(function)) {}
  Result<std::unique_ptr<promql::PreparedQuery>> prepare(std::string_view text) override {
    struct Prepared final : promql::PreparedQuery {
      promql::ValueType type() const override { return promql::ValueType::kVector; }
      Result<promql::Answer> run(const promql::QueryWindow& window, const promql::QueryOptions&) override {
        promql::Answer answer;
        answer.start_ms = window.start_ms;
        answer.step_ms = window.step_ms;
        answer.labels.emplace_back();
        for (TimestampMs at = window.start_ms; at <= window.end_ms; at += window.step_ms) {
          answer.values.push_back((*function)(text, at));
        }
        answer.columns = answer.values.size();
        return answer;
      }
      std::string text;
      const Function* function = nullptr;
    };
    auto out = std::make_unique<Prepared>();
    out->text = text;
    out->function = &function_;
    return out;
  }

 private:
  Function function_;
};

// Deterministic noise in [-1, 1] by moment and name (splitmix64).
double noise_at(std::string_view name, TimestampMs at);

}  // namespace trimtab::act
