// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/configuration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace trimtab::advise::nginx {
namespace {

// "http{gzip|on server{}}"
std::string shape(const std::vector<Directive>& directives) {
  std::vector<std::string> out;
  for (const Directive& one : directives) {
    out.push_back(
        fmt::format("{}{}", fmt::join(one.words, "|"), one.is_block ? "{" + shape(one.inside) + "}" : ""));
  }
  return fmt::format("{}", fmt::join(out, " "));
}

TEST(ConfigSyntax, words_blocks_quotes_and_comments_are_read) {
  const struct {
    const char* text;
    const char* shape;
  } cases[] = {
      {"", ""},
      {" # nothing\n", ""},
      {"gzip on;", "gzip|on"},
      {"http{gzip on;server{}}", "http{gzip|on server{}}"},
      {"a b # c;\n d;e;", "a|b|d e"},
      {"a#b c;", "a#b|c"},
      {R"(log 'a "b" $c; {' "d\"e" f\ g;)", R"(log|a "b" $c; {|d"e|f\ g)"},
      {"return 200 ${a}b{c d;}", "return|200|${a}b{c|d}"},
      {R"(location ~ \.php$ { })", R"(location|~|\.php${})"},
      {"a '';", "a|"},
      {"x_by_lua_block { if a then {b} end } gzip off;", "x_by_lua_block{} gzip|off"},
  };
  for (const auto& one : cases) {
    const auto parsed = parse_configuration(one.text);
    ASSERT_TRUE(parsed) << one.text << ": " << parsed.error().message();
    EXPECT_EQ(shape(*parsed), one.shape) << one.text;
  }
}

TEST(ConfigSyntax, broken_text_is_refused_with_its_line) {
  const struct {
    std::string text;
    const char* message;
  } cases[] = {
      {"a b", "line 1: a directive is not ended"}, {"a;\nb {\n", "line 3: a block is not closed"},
      {"a;\n}", "line 2: unexpected \"}\""},       {";", "line 1: unexpected \";\""},
      {"{", "line 1: unexpected \"{\""},           {"a \"b;\n", "line 2: a quote is not closed"},
      {"a { b }", "line 1: unexpected \"}\""},     {"x_by_lua_block { {", "line 1: a block is not closed"},
  };
  for (const auto& one : cases) {
    const auto parsed = parse_configuration(one.text);
    ASSERT_FALSE(parsed) << one.text;
    EXPECT_TRUE(parsed.error().message().starts_with(one.message)) << parsed.error().message();
  }
  std::string deep;
  for (std::size_t i = 0; i <= kBlockDepthMax; ++i) deep += "a{";
  EXPECT_TRUE(parse_configuration(deep).error().message().contains("in each other"));
  EXPECT_EQ(parse_configuration(std::string(kConfigBytesMax + 1, ' ')).error().code(), ErrorCode::kLimit);
}

class ConfigurationTest : public testing::Test {
 protected:
  ConfigurationTest() : folder_(testing::TempDir() + "/nginx_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_ + "/conf.d");
  }
  ~ConfigurationTest() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::string folder_;
};

TEST_F(ConfigurationTest, included_files_stand_in_the_place_of_their_include) {
  write("nginx.conf", "a 1; http { include conf.d/*.conf; z 1; }");
  write("conf.d/2.conf", "c 1; include conf.d/3.inc;");
  write("conf.d/1.conf", "b 1;");
  write("conf.d/3.inc", "d 1;");
  const auto read = read_configuration(folder_ + "/nginx.conf");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(shape(read->directives), "a|1 http{b|1 c|1 d|1 z|1}");
  ASSERT_EQ(read->files.size(), 4u);
  const Directive& last = read->directives[1].inside[2];
  EXPECT_EQ(read->files[last.file].path, folder_ + "/conf.d/3.inc");
  EXPECT_EQ(read->files[last.file].text.substr(last.begin, last.end - last.begin), "d 1;");
}

TEST_F(ConfigurationTest, what_cannot_be_read_is_an_error_that_names_the_file) {
  const struct {
    const char* text;
    ErrorCode code;
    const char* word;
  } cases[] = {
      {"include none.conf;", ErrorCode::kNotFound, "none.conf"},
      {"include conf.d;", ErrorCode::kNotFound, "conf.d"},
      {"include nginx.conf;", ErrorCode::kLimit, "in each other"},
      {"include conf.d/bad;", ErrorCode::kInvalid, "conf.d/bad: line 1"},
  };
  write("conf.d/bad", "}");
  for (const auto& one : cases) {
    write("nginx.conf", one.text);
    const auto read = read_configuration(folder_ + "/nginx.conf");
    ASSERT_FALSE(read) << one.text;
    EXPECT_EQ(read.error().code(), one.code) << one.text;
    EXPECT_TRUE(read.error().message().contains(one.word)) << read.error().message();
  }
  write("nginx.conf", "include conf.d/none*;");
  EXPECT_TRUE(read_configuration(folder_ + "/nginx.conf")) << "a pattern may match nothing";
}

TEST(ConfigEdit, text_searched_for_stands_once) {
  const struct {
    const char* text;
    std::size_t begin, end;
    const char* find;
    const char* replace;
  } cases[] = {
      {"http {\n}", 0, 6, "http {", "X"},
      {"a;\na;\nb;\n", 0, 2, "a;\na;\n", "X\na;\n"},
      {"# http {\nhttp {\n x;\n}", 9, 15, "http {\n x;\n", "X\n x;\n"},
      {"b;\na;\nb;\na;", 9, 11, "a;\nb;\na;", "a;\nb;\nX"},
      {"gzip off;gzip off", 0, 9, "gzip off;", "X"},
  };
  for (const auto& one : cases) {
    const auto edit = edit_of({"f", one.text}, one.begin, one.end, "X");
    ASSERT_TRUE(edit) << one.text;
    EXPECT_EQ(edit->replace, one.replace) << one.text;
    EXPECT_EQ(edit->find, one.find) << one.text;
  }
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "a;\n";
  EXPECT_FALSE(edit_of({"f", many}, 3000, 3002, "X"));
  const std::string secret = "a;\na;\nproxy_set_header Authorization \"Bearer x\";\nb;\n";
  EXPECT_FALSE(edit_of({"f", secret}, 3, 5, "X")) << "what is searched for would hold the line below";
  EXPECT_TRUE(edit_of({"f", secret}, secret.find("b;"), secret.find("b;") + 2, "X"));
}

}  // namespace
}  // namespace trimtab::advise::nginx
