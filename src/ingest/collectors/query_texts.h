// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace trimtab {

// The normalised texts of the statements that collectors have met, for those who explain a queryid. Bounded
// in number; of each target only the statements it shows now. Thread-safe.
class QueryTexts {
 public:
  static constexpr std::size_t kTextsMax = 10'000;
  static constexpr std::size_t kTextBytesMax = 8 << 10;  // longer ones are cut, at a character's end

  // False: the bound is reached and it was left out.
  bool set(const std::string& target, const std::string& query_id, std::string text);
  void erase(const std::string& target, const std::string& query_id);
  void erase_target(const std::string& target);
  std::optional<std::string> find(const std::string& target, const std::string& query_id) const;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::string> texts_;
};

// At most `bytes_max` bytes, never within a UTF-8 character.
std::string cut_text(std::string text, std::size_t bytes_max);

}  // namespace trimtab
