// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/configuration.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace trimtab::advise::nginx {

namespace {

namespace fs = std::filesystem;

class Reader {
 public:
  explicit Reader(const std::string& path) : folder_(fs::path(path).parent_path()) {}

  Result<std::vector<Directive>> file(const std::string& path, std::size_t depth) {
    if (out.files.size() >= kFilesMax || depth > kIncludeDepthMax) {
      return fail(ErrorCode::kLimit, fmt::format("{}: more than {} files, or {} includes in each other", path,
                                                 kFilesMax, kIncludeDepthMax));
    }
    std::string text = TRY(bytes_of(path));
    auto parsed = parse_configuration(text);
    if (!parsed) return fail(parsed.error().code(), fmt::format("{}: {}", path, parsed.error().message()));
    const std::size_t index = out.files.size();
    out.files.push_back({path, std::move(text)});
    return included(std::move(*parsed), index, depth);
  }

  Configuration out;

 private:
  Result<std::string> bytes_of(const std::string& path) {
    std::error_code problem;
    if (!fs::is_regular_file(path, problem)) {  // a pipe would hold us up
      return fail(ErrorCode::kNotFound, fmt::format("{}: no such file", path));
    }
    std::ifstream in(path, std::ios::binary);
    if (!in)
      return fail(errno == EACCES ? ErrorCode::kDenied : ErrorCode::kIo,
                  fmt::format("{}: {}", path, std::strerror(errno)));
    std::string text(kConfigBytesMax - bytes_ + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    bytes_ += text.size();
    if (bytes_ <= kConfigBytesMax) return text;
    bytes_ = kConfigBytesMax;
    return fail(ErrorCode::kLimit,
                fmt::format("{}: more than {} bytes of configuration", path, kConfigBytesMax));
  }

  Result<std::vector<Directive>> included(std::vector<Directive> directives, std::size_t index,
                                          std::size_t depth) {
    std::vector<Directive> all;
    for (Directive& one : directives) {
      one.file = index;
      if (one.name() == "include" && one.words.size() == 2 && !one.is_block) {
        for (const std::string& path : matches(one.words[1])) {
          std::vector<Directive> inner = TRY(file(path, depth + 1));
          std::ranges::move(inner, std::back_inserter(all));
        }
        continue;
      }
      one.inside = TRY(included(std::move(one.inside), index, depth));
      all.push_back(std::move(one));
    }
    return all;
  }

  // Sorted by name. Without a pattern's signs the name itself, so that a missing file is an error.
  std::vector<std::string> matches(const std::string& pattern) const {
    const std::string whole = (folder_ / pattern).string();
    if (whole.find_first_of("*?[") == std::string::npos) return {whole};
    std::vector<std::string> names;
    glob_t found{};
    if (glob(whole.c_str(), 0, nullptr, &found) == 0)
      names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
    return names;
  }

  const fs::path folder_;
  std::size_t bytes_ = 0;
};

bool stands_once(std::string_view text, std::string_view what) {
  const std::size_t at = text.find(what);
  return at != std::string_view::npos && text.find(what, at + 1) == std::string_view::npos;
}

bool may_hold_secret(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::ranges::any_of(std::array{"authorization", "password", "passwd", "secret", "token", "cookie",
                                        "api-key", "api_key", "apikey"},
                             [&](const char* word) { return lower.contains(word); });
}

}  // namespace

Result<Configuration> read_configuration(const std::string& path) {
  Reader reader(path);
  std::vector<Directive> directives = TRY(reader.file(path, 0));
  reader.out.directives = std::move(directives);
  return std::move(reader.out);
}

const Directive* find(std::span<const Directive> directives, std::string_view name) {
  const auto found = std::ranges::find_if(directives, [&](const Directive& d) { return d.name() == name; });
  return found == directives.end() ? nullptr : &*found;
}

std::size_t count_inside(std::span<const Directive> directives, std::string_view name) {
  std::size_t count = 0;
  for (const Directive& one : directives) {
    for (const Directive& inner : one.inside) count += inner.name() == name ? 1 : 0;
    count += count_inside(one.inside, name);
  }
  return count;
}

std::optional<ConfigEdit> edit_of(const ConfigFile& file, std::size_t begin, std::size_t end,
                                  std::string_view text) {
  const std::string_view whole = file.text;
  std::size_t from = begin, to = end;
  // A line more at each turn; first behind, then before.
  while (to == from || !stands_once(whole, whole.substr(from, to - from))) {
    if (to < whole.size()) {
      to = std::min(whole.find('\n', to), whole.size() - 1) + 1;
    } else if (from > 0) {
      from = from == 1 ? 0 : whole.rfind('\n', from - 2) + 1;  // npos + 1 is 0
    } else {
      return std::nullopt;
    }
    if (to - from > kFindBytesMax) return std::nullopt;
  }
  if (may_hold_secret(whole.substr(from, to - from))) return std::nullopt;
  return ConfigEdit{
      .path = file.path,
      .find = std::string(whole.substr(from, to - from)),
      .replace = fmt::format("{}{}{}", whole.substr(from, begin - from), text, whole.substr(end, to - end))};
}

std::optional<ConfigEdit> edit_of_all(const ConfigFile& file, std::vector<Splice> splices) {
  std::ranges::stable_sort(splices, {}, &Splice::begin);
  const std::size_t begin = splices.front().begin;
  std::size_t at = begin;
  std::string text;
  for (const Splice& splice : splices) {
    text += file.text.substr(at, splice.begin - at) + splice.text;
    at = splice.end;
  }
  if (at - begin > kFindBytesMax) return std::nullopt;
  return edit_of(file, begin, at, text);
}

std::string new_line_like(const ConfigFile& file, std::size_t at) {
  const std::size_t line = at == 0 ? 0 : file.text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
  const std::string before = file.text.substr(line, at - line);
  const bool blank = line > 0 && before.find_first_not_of(" \t") == std::string::npos;
  return "\n" + (blank ? before : "    ");
}

}  // namespace trimtab::advise::nginx
