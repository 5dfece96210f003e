// SPDX-License-Identifier: Apache-2.0
#include "report/escape.h"

#include <gtest/gtest.h>

#include "base/labels.h"

namespace trimtab::report {
namespace {

TEST(PlainText, control_characters_and_ansi_lose_their_power) {
  EXPECT_EQ(plain_text("a\x1b[31mred\x07"), "a\uFFFD[31mred\uFFFD");
  EXPECT_EQ(plain_text("\xC2\x9B"
                       "31m"),
            "\uFFFD31m");  // C1: CSI in one character
  EXPECT_EQ(plain_text(std::string("a\0b", 3)),
            "a\uFFFD"
            "b");
}

TEST(PlainText, bidirectional_and_invisible_characters_are_shown) {
  EXPECT_EQ(plain_text("a\u202Eb\u200Bc\u2066d\uFEFF"), "a\uFFFDb\uFFFDc\uFFFDd\uFFFD");
}

TEST(PlainText, white_space_becomes_one_space_and_none_at_the_ends) {
  EXPECT_EQ(plain_text("  a\r\n\tb \u2028 c  "), "a b c");
}

TEST(PlainText, long_text_is_cut_by_code_points) {
  EXPECT_EQ(plain_text("äöüß", 3), "äöü…");
  EXPECT_EQ(plain_text("äöü", 3), "äöü");
  EXPECT_EQ(plain_text("ab cd", 3), "ab…");
}

TEST(PlainText, every_pair_of_bytes_gives_valid_utf8) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes{'x', static_cast<char>(first), static_cast<char>(second), 'y'};
      const std::string out = plain_text(bytes);
      ASSERT_TRUE(is_valid_utf8(out)) << first << " " << second;
      for (const char c : out)
        ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) << first << " " << second;
    }
  }
}

TEST(PlainText, overlong_surrogate_and_truncated_forms_are_refused) {
  for (const char* bad : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xF0\x80\x80\xAF"}) {
    const std::string out = plain_text(bad);
    EXPECT_TRUE(is_valid_utf8(out));
    EXPECT_EQ(out.substr(0, 3), "\uFFFD") << bad;
  }
}

TEST(HtmlText, markup_and_quotes_are_escaped) {
  EXPECT_EQ(html_text(R"(<a href="x">'&)"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
}

TEST(MarkdownText, no_syntax_survives) {
  EXPECT_EQ(markdown_text("*b* _i_ `c` [t](u) <x> a|b ~s~ ![i]"),
            "\\*b\\* \\_i\\_ \\`c\\` \\[t\\](u) &lt;x&gt; a\\|b \\~s\\~ \\!\\[i\\]");
  EXPECT_EQ(markdown_text("see https://evil.example"), "see https\\://evil.example");
  EXPECT_EQ(markdown_text("www.evil.example"), "www\\.evil.example");
  EXPECT_EQ(markdown_text("@all #12 # head"), "@\u2060all \\#\u206012 \\# head");
  EXPECT_EQ(markdown_text("- item"), "\\- item");
  EXPECT_EQ(markdown_text("12. item"), "12\\. item");
  EXPECT_EQ(markdown_text("3.1 times"), "3.1 times");
}

TEST(MarkdownCode, fence_is_longer_than_any_run_inside) {
  EXPECT_EQ(markdown_code("a"), "`a`");
  EXPECT_EQ(markdown_code("a``b"), "```a``b```");
  EXPECT_EQ(markdown_code("`a"), "`` `a ``");
}

TEST(DisplayWidth, counts_columns_not_bytes) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("äöü"), 3u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
}

}  // namespace
}  // namespace trimtab::report
