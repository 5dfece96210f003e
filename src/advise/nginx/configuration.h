// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advise/nginx/config_syntax.h"
#include "base/result.h"

namespace trimtab::advise::nginx {

struct ConfigFile {
  std::string path;
  std::string text;
};

// A main configuration file with everything it includes, the included directives in the place of "include".
struct Configuration {
  std::vector<ConfigFile> files;  // the main one first; one that is included twice stands there twice
  std::vector<Directive> directives;
};
// Patterns of "include" are relative to the folder of the main file, as nginx has them. Errors: what
// parse_configuration() says, with the file before it; kIo, kNotFound, kDenied: a file that can not be read;
// kLimit: over kConfigBytesMax in all, kFilesMax files, or kIncludeDepthMax includes in each other.
Result<Configuration> read_configuration(const std::string& path);

inline constexpr std::size_t kFilesMax = 512;
inline constexpr std::size_t kIncludeDepthMax = 8;

// The first of this name, without looking into blocks; null when there is none.
const Directive* find(std::span<const Directive> directives, std::string_view name);
// How many of this name are inside the blocks of `directives`, at any depth.
std::size_t count_inside(std::span<const Directive> directives, std::string_view name);

// A replacement of one text that stands exactly once in one file: the parameters of nginx.edit.
struct ConfigEdit {
  std::string path;
  std::string find;
  std::string replace;
};
// Replaces bytes [begin, end) of the file by `text`; what is searched for grows behind it, then before it,
// until it stands there once. Empty when even kFindBytesMax do not suffice, or when what would be kept in the
// ledger and shown reads like a secret (a header with a token, a password).
std::optional<ConfigEdit> edit_of(const ConfigFile& file, std::size_t begin, std::size_t end,
                                  std::string_view text);
// One text in the place of another.
struct Splice {
  std::size_t begin = 0, end = 0;
  std::string text;
};
// One edit that makes all of them, not empty and apart; in the order of the file, those of one place in the
// order given.
std::optional<ConfigEdit> edit_of_all(const ConfigFile& file, std::vector<Splice> splices);
// What stands before byte `at` in its line, when that is blank, behind the end of a line; else "\n    ".
std::string new_line_like(const ConfigFile& file, std::size_t at);

inline constexpr std::size_t kFindBytesMax = 4 << 10;

}  // namespace trimtab::advise::nginx
