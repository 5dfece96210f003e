// SPDX-License-Identifier: Apache-2.0
#include "base/labels.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

namespace trimtab {

LabelsHash hash_bytes(std::string_view bytes) {
  const XXH128_hash_t h = XXH3_128bits(bytes.data(), bytes.size());
  return {h.low64, h.high64};
}

Labels::Labels(std::initializer_list<Label> labels) {
  for (const Label& label : labels) *this = with(label.name, label.value);
}

Result<Labels> Labels::create(std::vector<Label> labels, const LabelLimits& limits) {
  std::erase_if(labels, [](const Label& label) { return label.value.empty(); });
  if (labels.size() > limits.labels_count_max) {
    return fail(ErrorCode::kLimit, fmt::format("{} labels on one series; at most {} are allowed", labels.size(),
                                               limits.labels_count_max));
  }
  if (!std::is_sorted(labels.begin(), labels.end(),
                      [](const Label& a, const Label& b) { return a.name < b.name; })) {
    std::stable_sort(labels.begin(), labels.end(),
                     [](const Label& a, const Label& b) { return a.name < b.name; });
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Label& label = labels[i];
    if (label.name.empty()) return invalid("a label has an empty name");
    if (label.name.size() > limits.name_bytes_max) {
      return fail(ErrorCode::kLimit,
                  fmt::format("label name \"{:.40}...\" has {} bytes; at most {} are allowed",
                              is_valid_utf8(label.name) ? label.name : "?", label.name.size(), limits.name_bytes_max));
    }
    if (label.value.size() > limits.value_bytes_max) {
      return fail(ErrorCode::kLimit, fmt::format("value of label \"{:.256}\" has {} bytes; at most {} are allowed",
                                                 is_valid_utf8(label.name) ? label.name : "?", label.value.size(),
                                                 limits.value_bytes_max));
    }
    if (!is_valid_utf8(label.name)) return invalid("a label name is not valid UTF-8");
    if (!is_valid_utf8(label.value)) return invalid(fmt::format("value of label \"{}\" is not valid UTF-8", label.name));
    if (i > 0 && labels[i - 1].name == label.name) {
      return invalid(fmt::format("label \"{}\" appears twice on one series", label.name));
    }
  }
  Labels out;
  out.labels_ = std::move(labels);
  return out;
}

std::string_view Labels::get(std::string_view name) const {
  for (const Label& label : labels_) {
    if (label.name == name) return label.value;
  }
  return {};
}

Labels Labels::with(std::string_view name, std::string_view value) const {
  Labels out = *this;
  auto it = std::lower_bound(out.labels_.begin(), out.labels_.end(), name,
                             [](const Label& a, std::string_view b) { return a.name < b; });
  const bool found = it != out.labels_.end() && it->name == name;
  if (value.empty()) {
    if (found) out.labels_.erase(it);
  } else if (found) {
    it->value = value;
  } else {
    out.labels_.insert(it, Label{std::string(name), std::string(value)});
  }
  return out;
}

Labels Labels::keep(std::span<const std::string> names) const {
  Labels out;
  for (const Label& label : labels_) {
    if (std::find(names.begin(), names.end(), label.name) != names.end()) out.labels_.push_back(label);
  }
  return out;
}

LabelsHash Labels::hash() const {
  std::string bytes;
  for (const Label& label : labels_) {
    bytes.append(label.name).push_back('\xff');
    bytes.append(label.value).push_back('\xff');
  }
  return hash_bytes(bytes);
}

std::string Labels::to_string() const {
  const std::string_view metric = metric_name();
  const bool plain_metric = !metric.empty() && is_plain_metric_name(metric);
  std::string out = plain_metric ? std::string(metric) : std::string();
  std::string body;
  if (!metric.empty() && !plain_metric) body = quote_label_value(metric);
  for (const Label& label : labels_) {
    if (label.name == kMetricName) continue;
    if (!body.empty()) body += ", ";
    body += is_plain_label_name(label.name) ? label.name : quote_label_value(label.name);
    body += '=';
    body += quote_label_value(label.value);
  }
  if (!body.empty() || out.empty()) out += '{' + body + '}';
  return out;
}

bool is_valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p < end) {
    if (*p < 0x80) {
      ++p;
      continue;
    }
    int extra = 0;
    std::uint32_t code = 0;
    if (*p >= 0xC2 && *p <= 0xDF) {
      extra = 1;
      code = *p & 0x1Fu;
    } else if (*p >= 0xE0 && *p <= 0xEF) {
      extra = 2;
      code = *p & 0x0Fu;
    } else if (*p >= 0xF0 && *p <= 0xF4) {
      extra = 3;
      code = *p & 0x07u;
    } else {
      return false;
    }
    if (end - p <= extra) return false;
    for (int i = 1; i <= extra; ++i) {
      if ((p[i] & 0xC0u) != 0x80u) return false;
      code = (code << 6) | (p[i] & 0x3Fu);
    }
    if ((extra == 2 && (code < 0x800 || (code >= 0xD800 && code <= 0xDFFF))) ||
        (extra == 3 && (code < 0x10000 || code > 0x10FFFF))) {
      return false;
    }
    p += extra + 1;
  }
  return true;
}

namespace {
bool is_plain(std::string_view name, bool colon) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [colon](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colon && c == ':');
  });
}
}  // namespace

bool is_plain_label_name(std::string_view name) { return is_plain(name, false); }
bool is_plain_metric_name(std::string_view name) { return is_plain(name, true); }

std::string quote_label_value(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace trimtab
