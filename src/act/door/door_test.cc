// SPDX-License-Identifier: Apache-2.0
#include "act/door/door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace trimtab::act {
namespace {

using testing::HasSubstr;

Result<std::vector<Door>> read(const std::string& yaml) {
  const auto document = Yaml::parse("doors:\n" + yaml, "trimtab.yaml");
  if (!document) return std::unexpected(document.error());
  return read_doors((*document)["doors"]);
}

std::string problem_of(const std::string& yaml) {
  const auto doors = read(yaml);
  return doors ? "none" : doors.error().message();
}

// A whole door with one line replaced.
std::string door_with(const std::string& key, const std::string& line) {
  std::vector<std::pair<std::string, std::string>> lines{{"name", "name: size"},
                                                         {"parameters", "parameters: {size: '[0-9]{1,6}'}"},
                                                         {"read", "read: {run: [/bin/cat, /tmp/size]}"},
                                                         {"apply", "apply: {run: [/bin/set, '{{size}}']}"},
                                                         {"undo", "undo: {run: [/bin/set, '{{before}}']}"},
                                                         {"expect", "expect: '{{size}}'"}};
  bool replaced = false;
  for (auto& [name, text] : lines) {
    if (name != key) continue;
    text = line;
    replaced = true;
  }
  if (!replaced) lines.emplace_back(key, line);
  std::string out;
  for (const auto& [name, text] : lines) {
    if (!text.empty()) out += (out.empty() ? "  - " : "    ") + text + "\n";
  }
  return out;
}

TEST(Doors, a_whole_door_is_read) {
  const auto doors = read(door_with("timeout", "timeout: 5s"));
  ASSERT_TRUE(doors) << doors.error().message();
  const Door& door = doors->at(0);
  EXPECT_EQ(door.action_type(), "door.size");
  EXPECT_EQ(door.target(), "door/size");
  EXPECT_EQ(door.timeout_ms, 5 * kSecondMs);
  EXPECT_EQ(std::get<DoorCommand>(door.apply).run.size(), 2U);
  EXPECT_TRUE(door.parameters.at("size").matches("12"));
  EXPECT_FALSE(door.parameters.at("size").matches("12 "));
}

TEST(Doors, what_is_wrong_is_refused_with_its_place) {
  const struct {
    const char* key;
    const char* line;
    const char* said;
  } cases[] = {
      {"name", "name: '../x'", "letters, digits"},
      {"read", "", "read is missing"},
      {"undo", "", "undo is missing"},
      {"expect", "", "expect (what read gives once apply has worked)"},
      {"shell", "shell: rm -rf /", "shell"},
      {"parameters", "parameters: {size: '['}", "trimtab.yaml:3"},
      {"parameters", "parameters: {size: '.*', more: '.*'}", "not used"},
      {"parameters", "parameters: {before: '.*'}", "before"},
      {"apply", "apply: {run: [/bin/set, '{{sise}}']}", "{{sise}} is not among parameters"},
      {"apply", "apply: {run: /bin/set}", "expected a list"},
      {"apply", "apply: {run: [set, '{{size}}']}", "absolute path"},
      {"apply", "apply: {run: ['/bin/{{size}}']}", "without place-holders"},
      {"apply", "apply: {run: [/bin/set], url: 'http://h/'}", "run (a program and its arguments) or url"},
      {"read", "read: {run: [/bin/cat, '{{before}}']}", "apply and undo only"},
      {"apply", "apply: {url: 'ftp://h/{{size}}'}", "expected http"},
      {"apply", "apply: {url: 'http://{{size}}/'}", "no place-holder in the host"},
      {"apply", "apply: {url: 'http://u:p@h/{{size}}'}", "basic_auth"},
      {"apply", "apply: {url: 'http://h/{{size}}', method: TRACE}", "expected one of GET"},
      {"apply", "apply: {url: 'http://h/{{size}}', headers: {authorization: x}}", "they keep secrets"},
      {"read", "read: {url: 'http://h/', value: size}", "JSON pointer"},
      {"environment", "environment: {'A=B': c}", "environment variable"},
      {"timeout", "timeout: 2h", "2h"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(problem_of(door_with(one.key, one.line)), HasSubstr(one.said)) << one.line;
  }
  EXPECT_THAT(problem_of(door_with("", "") + door_with("", "")), HasSubstr("stands twice"));
  EXPECT_THAT(problem_of("  size: 1\n"), HasSubstr("list of doors"));
}

TEST(Doors, those_of_the_documentation_are_whole) {
  std::ifstream in(TRIMTAB_SOURCE_DIR "/docs/doors.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::set<std::string> names;
  for (std::size_t at = text.find("```yaml\n"); at != std::string::npos;
       at = text.find("```yaml\n", at + 1)) {
    const std::size_t begin = at + 8;
    const auto document = Yaml::parse(text.substr(begin, text.find("```", begin) - begin), "docs/doors.md");
    ASSERT_TRUE(document) << document.error().message();
    const auto doors = read_doors((*document)["doors"]);
    ASSERT_TRUE(doors) << doors.error().message();
    for (const Door& door : *doors) names.insert(door.name);
  }
  EXPECT_THAT(names,
              testing::UnorderedElementsAre("compression", "batch-size", "release", "replicas", "playbook"));
}

TEST(Doors, programs_that_can_not_be_run_or_trusted_are_named) {
  const std::string folder = testing::TempDir() + "doors_check";
  std::filesystem::create_directories(folder);
  const std::string open = folder + "/open", plain = folder + "/plain", secret = folder + "/secret";
  for (const std::string& path : {open, plain, secret}) std::ofstream(path) << "#!/bin/sh\n";
  chmod(open.c_str(), 0777);
  chmod(plain.c_str(), 0644);
  chmod(secret.c_str(), 0644);
  const auto doors = read("  - name: size\n    secrets: {TOKEN: " + secret +
                          "}\n    read: {run: [/no/such]}\n    apply: {run: [" + open +
                          "]}\n    undo: {run: [" + plain + "]}\n    expect: x\n");
  ASSERT_TRUE(doors) << doors.error().message();
  EXPECT_THAT(check_doors(*doors),
              testing::UnorderedElementsAre(HasSubstr("/no/such: No such file"),
                                            HasSubstr("may be changed by everyone"),
                                            HasSubstr("is not a program"), HasSubstr("chmod o= it")));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace trimtab::act
