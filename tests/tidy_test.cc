// SPDX-License-Identifier: Apache-2.0
// The rules of the house that a script can check: layers, banned calls with their replacement, large
// blobs, room READMEs, function length as a ratchet.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
const fs::path kRoot = TRIMTAB_SOURCE_DIR;

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<fs::path> sources(const char* below = "src") {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / below)) {
    const std::string extension = entry.path().extension();
    if (extension == ".h" || extension == ".cc") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string from_root(const fs::path& path) { return fs::relative(path, kRoot).string(); }

std::map<std::string, std::set<std::string>> read_layers() {
  std::map<std::string, std::set<std::string>> layers;
  for (const std::string& line : lines_of(kRoot / "layers.txt")) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t colon = line.find(':');
    std::istringstream rest(line.substr(colon + 1));
    auto& allowed = layers[line.substr(0, colon)];
    for (std::string room; rest >> room;) allowed.insert(room);
  }
  return layers;
}

TEST(Tidy, rooms_include_only_from_the_layers_below) {
  const auto layers = read_layers();
  const std::regex include("^#include \"([a-z_]+)/");
  for (const fs::path& path : sources()) {
    const std::string room = from_root(path).substr(4, from_root(path).find('/', 4) - 4);
    ASSERT_TRUE(layers.contains(room)) << room << " has no line in layers.txt";
    for (const std::string& line : lines_of(path)) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      const std::string other = match[1];
      EXPECT_TRUE(other == room || layers.at(room).contains(other))
          << from_root(path) << " includes from " << other << "; layers.txt does not allow it for " << room;
    }
  }
}

TEST(Tidy, every_file_starts_with_its_licence_and_headers_guard_themselves) {
  for (const char* below : {"src", "tests", "bench"}) {
    if (!fs::exists(kRoot / below)) continue;
    for (const fs::path& path : sources(below)) {
      const auto lines = lines_of(path);
      ASSERT_FALSE(lines.empty()) << from_root(path);
      EXPECT_NE(lines[0].find("SPDX-License-Identifier: Apache-2.0"), std::string::npos) << from_root(path);
      if (path.extension() == ".h") {
        EXPECT_TRUE(std::find(lines.begin(), lines.end(), "#pragma once") != lines.end()) << from_root(path);
      }
    }
  }
}

struct Banned {
  std::string_view pattern;
  std::string_view instead;
};

TEST(Tidy, banned_calls_are_not_used) {
  const std::array<Banned, 9> banned{{
      {R"(\bstd::cout\b)", "return text, or fmt::print in src/cli"},
      {R"(\bstd::cerr\b)", "base/log.h"},
      {R"(\b(strcpy|strcat|sprintf|gets)\s*\()", "std::string or fmt::format"},
      {R"(\b(system|popen)\s*\()", "no shell: posix_spawn with an argument list"},
      {R"(\b(rand|srand)\s*\()", "a seeded <random> engine that is passed in"},
      {R"(\bstd::random_device\b)", "a seed that is passed in"},
      {R"(\busing namespace std\b)", "the qualified name"},
      {R"(\bdetach\(\))", "std::jthread and join"},
      {R"(\bassert\s*\()", "CHECK from base/check.h"},
  }};
  for (const fs::path& path : sources()) {
    const auto lines = lines_of(path);
    for (const Banned& rule : banned) {
      const std::regex pattern{std::string(rule.pattern)};
      for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string code = lines[i].substr(0, lines[i].find("//"));
        EXPECT_FALSE(std::regex_search(code, pattern))
            << from_root(path) << ":" << i + 1 << ": use instead: " << rule.instead << "\n  " << lines[i];
      }
    }
  }
}

TEST(Tidy, tests_do_not_sleep) {
  const std::regex sleep(R"(\b(sleep_for|sleep_until|usleep|nanosleep)\b)");
  for (const fs::path& path : sources()) {
    if (!path.stem().string().ends_with("_test")) continue;
    const auto lines = lines_of(path);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const bool reasoned = lines[i].find("// sleeps:") != std::string::npos;
      EXPECT_TRUE(reasoned || !std::regex_search(lines[i], sleep))
          << from_root(path) << ":" << i + 1 << ": wait for a condition, or say why behind \"// sleeps:\"";
    }
  }
}

TEST(Tidy, every_room_says_what_it_is_for) {
  for (const auto& entry : fs::directory_iterator(kRoot / "src")) {
    if (!entry.is_directory() || fs::is_empty(entry.path())) continue;
    EXPECT_TRUE(fs::exists(entry.path() / "README.md")) << from_root(entry.path());
  }
}

TEST(Tidy, no_file_is_oversized) {
  constexpr std::uintmax_t kBytesMax = 700 << 10;
  for (const char* below : {"src", "tests", "samples", "catalog", "docs"}) {
    if (!fs::exists(kRoot / below)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / below)) {
      if (!entry.is_regular_file()) continue;
      EXPECT_LE(entry.file_size(), kBytesMax) << from_root(entry.path());
    }
  }
}

// Length of every function body, told by indentation: in a clang-formatted file a top-level definition
// starts in column 0 (or 2 inside a class) with a line ending in "{" and ends with "}" in that column.
TEST(Tidy, long_functions_only_become_fewer) {
  constexpr int kLinesMax = 70;
  constexpr std::size_t kLongFunctionsMax = 40;  // a ratchet: lower it when it allows
  std::vector<std::string> long_ones;
  for (const fs::path& path : sources()) {
    const auto lines = lines_of(path);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string& line = lines[i];
      const bool starts = line.size() > 3 && line.ends_with(" {") && line[0] != ' ' && line[0] != '}' &&
                          line.find('(') != std::string::npos && !line.starts_with("namespace") &&
                          !line.starts_with("struct") && !line.starts_with("class");
      if (!starts) continue;
      std::size_t end = i + 1;
      while (end < lines.size() && !(lines[end].starts_with("}"))) ++end;
      if (static_cast<int>(end - i) > kLinesMax) {
        long_ones.push_back(from_root(path) + ":" + std::to_string(i + 1) + " (" + std::to_string(end - i) + " lines)");
      }
      i = end;
    }
  }
  std::string all;
  for (const std::string& one : long_ones) all += "  " + one + "\n";
  EXPECT_LE(long_ones.size(), kLongFunctionsMax) << "functions over " << kLinesMax << " lines:\n" << all;
}

TEST(Tidy, nothing_names_a_private_place) {
  const std::regex place(R"((/home/[a-z]+/|/root/|/work/|/Users/))");
  for (const char* below : {"src", "tests", "bench", "docs", "catalog", "scripts", "samples"}) {
    if (!fs::exists(kRoot / below)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / below)) {
      const std::string extension = entry.path().extension();
      const bool text = std::set<std::string>{".h", ".cc", ".md", ".py", ".yaml", ".yml", ".sh", ".txt"}.contains(extension);
      if (!entry.is_regular_file() || !text || entry.path().filename() == "tidy_test.cc") continue;
      const auto lines = lines_of(entry.path());
      for (std::size_t i = 0; i < lines.size(); ++i) {
        EXPECT_FALSE(std::regex_search(lines[i], place)) << from_root(entry.path()) << ":" << i + 1 << ": " << lines[i];
      }
    }
  }
}

}  // namespace
