// SPDX-License-Identifier: Apache-2.0
#include "ingest/scrape/relabel.h"

#include <openssl/evp.h>
#include <re2/re2.h>

#include <array>
#include <charconv>
#include <optional>

#include "base/check.h"

namespace trimtab {
namespace {

using Piece = re2::StringPiece;
// Group 0 is the whole match. Groups past this many expand to nothing.
constexpr int kGroupsMax = 32;
using Groups = std::array<Piece, kGroupsMax>;

std::optional<Groups> match(const re2::RE2& regex, std::string_view text) {
  Groups groups;
  const int wanted = std::min(kGroupsMax, regex.NumberOfCapturingGroups() + 1);
  if (!regex.Match(Piece(text.data(), text.size()), 0, text.size(), re2::RE2::ANCHOR_BOTH, groups.data(),
                   wanted)) {
    return std::nullopt;
  }
  return groups;
}

bool matches(const re2::RE2& regex, std::string_view text) {
  return regex.Match(Piece(text.data(), text.size()), 0, text.size(), re2::RE2::ANCHOR_BOTH, nullptr, 0);
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view group_by_name(const re2::RE2& regex, const Groups& groups, std::string_view name) {
  int index = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end != name.data() + name.size()) {
    const auto& named = regex.NamedCapturingGroups();
    const auto it = named.find(std::string(name));
    index = it == named.end() ? -1 : it->second;
  }
  if (index < 0 || index >= kGroupsMax) return {};
  const Piece& group = groups[static_cast<std::size_t>(index)];
  return {group.data(), group.size()};
}

// Go's template words (regexp.Expand): $1, ${1}, $name, ${name}, "$$" for a dollar sign. The name after a
// bare "$" is as long as it can be; what names no group becomes nothing; a lone "$" stays.
std::string expand(std::string_view text, const re2::RE2& regex, const Groups& groups) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    if (text[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    const bool braces = text[i + 1] == '{';
    const std::size_t start = i + (braces ? 2 : 1);
    std::size_t end = start;
    while (end < text.size() && is_word(text[end])) ++end;
    const bool closed = !braces || (end < text.size() && text[end] == '}');
    if (end == start || !closed) {
      out += '$';
      continue;
    }
    out += group_by_name(regex, groups, text.substr(start, end - start));
    i = braces ? end : end - 1;
  }
  return out;
}

std::string join_sources(const RelabelRule& rule, const LabelMap& labels) {
  std::string out;
  for (std::size_t i = 0; i < rule.source_labels.size(); ++i) {
    if (i > 0) out += rule.separator;
    out += get_label(labels, rule.source_labels[i]);
  }
  return out;
}

std::uint64_t md5_last_8_bytes(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const int done = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  CHECK(done == 1 && size == 16, "MD5 is not available");
  std::uint64_t out = 0;
  for (std::size_t i = 8; i < 16; ++i) out = out << 8 | digest[i];
  return out;
}

std::string change_case(std::string text, bool upper) {
  // ASCII only: other letters stay as they are, which keeps the result valid UTF-8.
  for (char& c : text) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void replace(const RelabelRule& rule, std::string_view value, LabelMap& labels) {
  const auto groups = match(*rule.regex, value);
  if (!groups) return;
  const std::string target = expand(rule.target_label, *rule.regex, *groups);
  if (!is_plain_label_name(target)) return;
  set_label(labels, target, expand(rule.replacement, *rule.regex, *groups));
}

void map_names(const RelabelRule& rule, LabelMap& labels) {
  const LabelMap before = labels;
  for (const auto& [name, value] : before) {
    if (const auto groups = match(*rule.regex, name)) {
      set_label(labels, expand(rule.replacement, *rule.regex, *groups), value);
    }
  }
}

bool apply(const RelabelRule& rule, LabelMap& labels) {
  const std::string value = join_sources(rule, labels);
  switch (rule.action) {
    case RelabelAction::kKeep: return matches(*rule.regex, value);
    case RelabelAction::kDrop: return !matches(*rule.regex, value);
    case RelabelAction::kKeepEqual: return get_label(labels, rule.target_label) == value;
    case RelabelAction::kDropEqual: return get_label(labels, rule.target_label) != value;
    case RelabelAction::kReplace: replace(rule, value, labels); return true;
    case RelabelAction::kHashMod:
      set_label(labels, rule.target_label, std::to_string(md5_last_8_bytes(value) % rule.modulus));
      return true;
    case RelabelAction::kLowercase:
      set_label(labels, rule.target_label, change_case(value, false));
      return true;
    case RelabelAction::kUppercase:
      set_label(labels, rule.target_label, change_case(value, true));
      return true;
    case RelabelAction::kLabelMap: map_names(rule, labels); return true;
    case RelabelAction::kLabelDrop:
      std::erase_if(labels, [&](const auto& label) { return matches(*rule.regex, label.first); });
      return true;
    case RelabelAction::kLabelKeep:
      std::erase_if(labels, [&](const auto& label) { return !matches(*rule.regex, label.first); });
      return true;
  }
  return true;
}

}  // namespace

std::string_view get_label(const LabelMap& labels, std::string_view name) {
  const auto it = labels.find(name);
  return it == labels.end() ? std::string_view{} : std::string_view(it->second);
}

void set_label(LabelMap& labels, std::string_view name, std::string_view value) {
  const auto it = labels.find(name);
  if (value.empty()) {
    if (it != labels.end()) labels.erase(it);
  } else if (it != labels.end()) {
    it->second = value;
  } else {
    labels.emplace(name, value);
  }
}

bool relabel(const RelabelRules& rules, LabelMap& labels) {
  for (const RelabelRule& rule : rules) {
    if (!apply(rule, labels)) return false;
  }
  return true;
}

}  // namespace trimtab
