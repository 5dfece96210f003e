// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/query_texts.h"

namespace trimtab {

bool QueryTexts::set(const std::string& target, const std::string& query_id, std::string text) {
  text = cut_text(std::move(text), kTextBytesMax);
  const std::lock_guard lock(mutex_);
  const auto it = texts_.find({target, query_id});
  if (it != texts_.end()) {
    it->second = std::move(text);
    return true;
  }
  if (texts_.size() >= kTextsMax) return false;
  texts_.emplace(std::pair(target, query_id), std::move(text));
  return true;
}

void QueryTexts::erase(const std::string& target, const std::string& query_id) {
  const std::lock_guard lock(mutex_);
  texts_.erase({target, query_id});
}

void QueryTexts::erase_target(const std::string& target) {
  const std::lock_guard lock(mutex_);
  std::erase_if(texts_, [&](const auto& entry) { return entry.first.first == target; });
}

std::optional<std::string> QueryTexts::find(const std::string& target, const std::string& query_id) const {
  const std::lock_guard lock(mutex_);
  const auto it = texts_.find({target, query_id});
  return it == texts_.end() ? std::nullopt : std::optional(it->second);
}

std::size_t QueryTexts::size() const {
  const std::lock_guard lock(mutex_);
  return texts_.size();
}

std::string cut_text(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  text.resize(bytes_max);
  return text;
}

}  // namespace trimtab
