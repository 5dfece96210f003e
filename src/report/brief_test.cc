// SPDX-License-Identifier: Apache-2.0
#include "report/brief.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "report/escape.h"
#include "report/sample_testlib.h"
#include "report/text_page.h"
#include "report/view.h"

namespace trimtab::report {
namespace {

const std::vector<Audience> kAudiences{Audience::kDeveloper, Audience::kLead, Audience::kHead};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

std::string verdict_for(const BriefInput& input) { return view_of(input, {}).verdict; }

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// --- what is said ---

TEST(Verdict, counts_entities_harm_limits_and_what_could_not_be_judged) {
  EXPECT_EQ(
      verdict_for(mixed_sample()),
      "2 services and 1 host out of the ordinary, 1 of them harms customers; 1 disk fills in about 9 days; "
      "38 of 312 series could not be judged yet.");
}

TEST(Verdict, one_entity_with_two_findings_counts_once) {
  BriefInput input = mixed_sample();
  for (Finding& f : input.findings) f.entity = {"service", "checkout"};
  EXPECT_TRUE(verdict_for(input).starts_with("1 service out of the ordinary, harming customers;"))
      << verdict_for(input);
}

TEST(Verdict, quiet_claims_no_more_than_was_judged) {
  BriefInput input = healthy_sample();
  const auto with = [&](std::uint64_t known, std::uint64_t watched) {
    input.pass.coverage.series_known = known;
    input.pass.coverage.series_watched = watched;
    const BriefView view = view_of(input, {});
    return std::pair(view.mood, view.verdict);
  };
  EXPECT_EQ(with(312, 312).first, Mood::kCalm);
  EXPECT_EQ(with(312, 312).second, "Nothing out of the ordinary: all 312 series watched behave as usual.");
  EXPECT_EQ(with(312, 274).second,
            "Nothing out of the ordinary in the 274 series that could be judged; 38 of 312 series could not "
            "be judged yet.");
  EXPECT_EQ(with(312, 40).first, Mood::kUnknown);
  EXPECT_TRUE(with(312, 40).second.starts_with("Too early to say"));
  EXPECT_EQ(with(312, 0).first, Mood::kUnknown);
  EXPECT_EQ(with(312, 0).second, "Not enough data yet: none of the 312 known series could be judged.");
  EXPECT_EQ(with(0, 0).second, "No data yet: no series are known, so nothing can be judged.");
  EXPECT_EQ(with(3, 10).second,
            "Nothing out of the ordinary: all 3 series watched behave as usual.");  // never more than known
}

TEST(View, worst_harm_comes_first_and_dismissed_ones_are_only_counted) {
  BriefInput input = mixed_sample();
  const BriefView view = view_of(input, {});
  ASSERT_EQ(view.unusual.size(), 3u);
  EXPECT_EQ(view.unusual[0].id, "F-118");
  EXPECT_EQ(view.unusual[2].id, "F-112");
  for (Finding& f : input.findings) f.state = FindingState::kDismissed;
  const BriefView dismissed = view_of(input, {});
  EXPECT_TRUE(dismissed.unusual.empty() && dismissed.runs_out.empty() && dismissed.ended.empty());
  EXPECT_EQ(dismissed.notices.back(), "5 dismissed findings left out.");
}

TEST(View, findings_beyond_the_maximum_are_counted_not_dropped_in_silence) {
  BriefStyle style;
  style.findings_max = 1;
  EXPECT_EQ(view_of(mixed_sample(), style).unusual_hidden, 2u);
  for (const BriefFormat format : {BriefFormat::kText, BriefFormat::kMarkdown, BriefFormat::kHtml}) {
    EXPECT_TRUE(has(render_brief(mixed_sample(), format, style), "nd 2 more with less harm."));
  }
  EXPECT_TRUE(has(render_brief(mixed_sample(), BriefFormat::kJson, style), "\"findings_left_out\":2"));
}

TEST(View, what_ended_before_since_is_left_out) {
  BriefInput input = mixed_sample();
  input.since_ms = input.at_ms - kHourMs;
  EXPECT_TRUE(view_of(input, {}).ended.empty());
}

TEST(View, an_old_judgement_says_so) {
  BriefInput input = mixed_sample();
  input.pass.at_ms = input.at_ms - 3 * kHourMs;
  EXPECT_EQ(view_of(input, {}).notices.back(),
            "The newest judgement is 3 h old: it looked at 2026-11-21 07:52 UTC.");
}

TEST(View, a_dependency_out_of_the_ordinary_is_the_likely_origin) {
  const BriefView view = view_of(mixed_sample(), {});
  EXPECT_EQ(view.unusual[0].origin,
            "service/payment-db, which service/checkout depends on, is out of the ordinary too");
  EXPECT_EQ(view.unusual[0].related, "host/node-3");
  EXPECT_TRUE(view.unusual[1].origin.empty());  // payment-db does not depend on checkout
}

TEST(View, the_head_reads_no_metric_names) {
  for (const BriefFormat format : {BriefFormat::kText, BriefFormat::kMarkdown, BriefFormat::kHtml}) {
    const std::string brief = render_brief(mixed_sample(), format, {.audience = Audience::kHead});
    for (const char* metric : {"http_server", "pg_stat", "node_memory", "node_filesystem"})
      EXPECT_FALSE(has(brief, metric)) << metric;
  }
}

TEST(View, the_developer_gets_a_query_for_every_evidence) {
  const std::string brief =
      render_brief(mixed_sample(), BriefFormat::kText, {.audience = Audience::kDeveloper, .width = 140});
  EXPECT_TRUE(has(brief, R"(rate(http_server_requests_total{code="503", service="checkout"}[5m]))") ||
              has(brief, R"(rate(http_server_requests_total{code="503",service="checkout"}[5m]))"))
      << brief;
}

// --- whatever comes in ---

const std::vector<std::string> kHostile{
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onload='alert(1)",
    "</title></style></svg><svg onload=alert(1)>",
    "]]><!--",
    "\x1b[31mred\x1b]0;title\x07\x1b[2J",
    "\xC2\x9B"
    "31m \u202Eoverride\u2066",
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png) https://evil.example www.evil.example",
    "*bold* _it_ `code` ``` # head\n## head2\n- list\n> quote\n| a | b |\n|---|---|",
    "@everyone <!channel> #12 <@U123>",
    std::string("nul\0in\0side", 11),
    "\xff\xfe\x80 not utf-8 \xed\xa0\x80",
    "{}{{}} %s %n {0}",
    std::string(100000, 'A'),
    "",
};

// Every tag is one the page is made of, and so is every attribute; links stay inside the page or choose
// an audience, so that nothing is fetched from anywhere.
void expect_only_our_markup(const std::string& page) {
  const std::set<std::string> tags{
      "!doctype", "html",    "head",    "meta",   "link",       "title", "style", "body", "a",
      "div",      "nav",     "main",    "svg",    "path",       "rect",  "line",  "desc", "span",
      "p",        "h1",      "h2",      "h3",     "h4",         "ul",    "li",    "b",    "small",
      "section",  "article", "header",  "footer", "dl",         "dt",    "dd",    "br",   "pre",
      "code",     "details", "summary", "figure", "figcaption", "time",  "strong"};
  const std::regex attribute(R"re(\s+([a-zA-Z0-9-]+)(?:="([^"<>]*)")?)re");
  const std::regex allowed(
      "lang|charset|name|content|http-equiv|rel|href|class|id|role|aria-[a-z]+|viewBox|preserveAspectRatio|x|"
      "y|x1|x2|y1|y2|width|"
      "height|d|fill|opacity|stroke|stroke-width|stroke-linecap|datetime|open|html");
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::size_t end = page.find('>', at);
    ASSERT_NE(end, std::string::npos);
    std::string tag = page.substr(at + 1, end - at - 1);
    if (tag.ends_with('/')) tag.pop_back();
    const std::size_t space = std::min(tag.find(' '), tag.size());
    const bool closing = tag.starts_with('/');
    ASSERT_TRUE(tags.contains(tag.substr(closing ? 1 : 0, space - (closing ? 1 : 0)))) << tag;
    std::string rest = tag.substr(space);
    std::smatch match;
    while (std::regex_search(rest, match, attribute, std::regex_constants::match_continuous)) {
      ASSERT_TRUE(std::regex_match(match[1].str(), allowed)) << tag;
      const std::string value = match[2];
      if (match[1] == "href") {
        ASSERT_TRUE(value.starts_with('#') || value.starts_with("?for=") || value == "data:,") << value;
      }
      rest = match.suffix();
    }
    ASSERT_EQ(rest, "") << tag;
  }
  const std::string style = page.substr(page.find("<style>"), page.find("</style>") - page.find("<style>"));
  EXPECT_FALSE(has(style, "url(") || has(style, "@import"));
}

TEST(Hostile, html_holds_no_foreign_markup) {
  for (const std::string& foreign : kHostile) {
    for (const Audience audience : kAudiences) {
      const std::string page =
          render_brief(hostile_sample(foreign), BriefFormat::kHtml, {.audience = audience});
      expect_only_our_markup(page);
      EXPECT_TRUE(is_valid_utf8(page));
      for (const char c : page) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
    }
  }
}

TEST(Hostile, terminal_text_holds_no_control_characters) {
  for (const std::string& foreign : kHostile) {
    for (const Audience audience : kAudiences) {
      const std::string text =
          render_brief(hostile_sample(foreign), BriefFormat::kText, {.audience = audience});
      EXPECT_TRUE(is_valid_utf8(text));
      for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        ASSERT_TRUE((c >= 0x20 && (c < 0x7F || c >= 0xA0)) || c == '\n') << static_cast<unsigned>(c);
        ASSERT_NE(c, 0x202Eu);
      }
    }
  }
}

TEST(Hostile, markdown_has_no_foreign_line_link_or_html) {
  for (const std::string& foreign : kHostile) {
    for (const Audience audience : kAudiences) {
      const std::string text =
          render_brief(hostile_sample(foreign), BriefFormat::kMarkdown, {.audience = audience});
      for (const std::string& line : lines_of(text)) {
        std::string outside;  // what stands outside code spans of one back-tick
        bool code = false;
        for (std::size_t i = 0; i < line.size(); ++i) {
          if (line[i] == '`') code = !code;
          if (line[i] == '\\' && !code) {
            ++i;  // this character has lost its meaning
          } else if (!code) {
            outside += line[i];
          }
        }
        EXPECT_FALSE(has(outside, "](http") || has(outside, "<img") || has(outside, "<script") ||
                     has(outside, "@everyone"))
            << line;
        EXPECT_FALSE(line.starts_with("|") || line.starts_with("# head") || line.starts_with("## head2"))
            << line;
      }
    }
  }
}

TEST(Hostile, json_is_one_line_and_keeps_the_text) {
  for (const std::string& foreign : kHostile) {
    const std::string json = render_brief(hostile_sample(foreign), BriefFormat::kJson, {});
    EXPECT_TRUE(is_valid_utf8(json));
    EXPECT_EQ(json.find('\n'), json.size() - 1);
    std::string quoted;
    append_json_string(quoted, foreign);
    EXPECT_TRUE(has(json, "\"title\":" + quoted));
    for (const char c : json) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
  }
}

TEST(Hostile, extreme_numbers_are_drawn_without_nan_or_infinity) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double most = std::numeric_limits<double>::max();
  for (const double value :
       {nan, infinity, -infinity, most, -most, 0.0, -0.0, std::numeric_limits<double>::denorm_min(), -1.5}) {
    BriefInput input = mixed_sample();
    for (Finding& f : input.findings) {
      f.harm = value;
      for (Evidence& e : f.evidence) {
        e.usual = e.now = e.usual_low = e.usual_high = e.effect = e.score = value;
        e.sparkline = {1, value, nan, value, 2};
      }
      if (f.exhaustion) f.exhaustion->limit = f.exhaustion->probability = value;
    }
    for (const Audience audience : kAudiences) {
      const std::string page = render_brief(input, BriefFormat::kHtml, {.audience = audience});
      for (const char* bad : {"\"nan", "\"inf", "\"-inf", "Mnan", "Lnan", " nan", "NaN"})
        EXPECT_FALSE(has(page, bad)) << bad << value;
      EXPECT_FALSE(render_brief(input, BriefFormat::kText, {.audience = audience}).empty());
    }
    const std::string json = render_brief(input, BriefFormat::kJson, {});
    EXPECT_FALSE(has(json, ":nan") || has(json, ":inf") || has(json, ":-inf") || has(json, ",nan"));
  }
}

TEST(Developer, evidence_against_a_known_limit_tells_of_no_time_before) {
  BriefInput input = mixed_sample();
  for (Finding& f : input.findings) {
    for (Evidence& e : f.evidence) e.compared_with = {};
  }
  for (const BriefFormat format : {BriefFormat::kText, BriefFormat::kMarkdown, BriefFormat::kHtml}) {
    const std::string brief = render_brief(input, format, {.audience = Audience::kDeveloper});
    for (const char* bad : {"9999", "robust deviations", "sual learnt from"})
      EXPECT_FALSE(has(brief, bad)) << bad;
    EXPECT_TRUE(
        has(render_brief(mixed_sample(), format, {.audience = Audience::kDeveloper}), "robust deviations"));
  }
}

TEST(Developer, what_began_with_a_finding_is_named_by_its_labels_and_looked_at_first) {
  BriefInput input = mixed_sample();
  input.events.clear();
  Finding& memory = input.findings[0];  // host_memory
  Evidence began;
  began.series = memory.evidence.front()
                     .series.with("__name__", "namedprocess_namegroup_memory_bytes")
                     .with("groupname", "import");
  began.unit = "bytes";
  began.method = kBeganWithIt;
  began.statistic = "begins at the same time; its 7.92 GiB are as much as 94 % of the change";
  began.now = 8.5e9;
  began.usual_low = began.usual_high = began.effect = began.score = std::numeric_limits<double>::quiet_NaN();
  memory.evidence.insert(memory.evidence.begin() + 1, began);
  memory.state = FindingState::kOpen;
  const std::string brief =
      render_brief(input, BriefFormat::kText, {.audience = Audience::kLead, .width = 200});
  EXPECT_TRUE(has(brief, "namedprocess_namegroup_memory_bytes{groupname=\"import\"}: 7.92 GiB, usually 0 B"));
  EXPECT_TRUE(
      has(brief, "Look first at namedprocess_namegroup_memory_bytes{groupname=\"import\"}, which began"));
  const std::string developer =
      render_brief(input, BriefFormat::kText, {.audience = Audience::kDeveloper, .width = 200});
  EXPECT_TRUE(has(developer, "7.92 GiB, usually 0 B: new; usually zero (+7.92 GiB)"));
  EXPECT_TRUE(has(developer, "a series without a past; begins at the same time; its 7.92 GiB are as much"));
  EXPECT_FALSE(has(developer, "nan"));
  const std::string head = render_brief(input, BriefFormat::kText, {.audience = Audience::kHead});
  EXPECT_FALSE(has(head, "namedprocess"));
}

TEST(Hostile, missing_sparklines_times_and_evidence_are_said_not_drawn) {
  BriefInput input = mixed_sample();
  for (Finding& f : input.findings) {
    for (Evidence& e : f.evidence) e.sparkline.clear();
  }
  EXPECT_TRUE(has(render_brief(input, BriefFormat::kText, {}), "no data to draw"));
  EXPECT_TRUE(has(render_brief(input, BriefFormat::kHtml, {}), "No data to draw."));
  for (Finding& f : input.findings) {
    f.evidence.clear();
    f.since_ms = kTimestampMin;
    if (f.exhaustion) f.exhaustion = Exhaustion{};
  }
  for (const Audience audience : kAudiences) {
    for (const BriefFormat format :
         {BriefFormat::kText, BriefFormat::kMarkdown, BriefFormat::kJson, BriefFormat::kHtml}) {
      EXPECT_TRUE(has(render_brief(input, format, {.audience = audience}), "F-118") ||
                  format == BriefFormat::kJson);
    }
  }
}

// --- the formats ---

TEST(TextBrief, no_line_is_wider_than_the_terminal) {
  for (const int width : {40, 80, 100, 120}) {
    for (const Audience audience : kAudiences) {
      for (const BriefInput& input :
           {mixed_sample(), not_enough_sample(), hostile_sample(std::string(300, 'x'))}) {
        const std::string text =
            render_brief(input, BriefFormat::kText, {.audience = audience, .width = width});
        for (const std::string& line : lines_of(text))
          EXPECT_LE(display_width(line), static_cast<std::size_t>(width)) << line;
      }
    }
  }
}

TEST(TextBrief, colour_only_when_asked_for) {
  EXPECT_FALSE(has(render_brief(mixed_sample(), BriefFormat::kText, {}), "\x1b"));
  EXPECT_TRUE(has(render_brief(mixed_sample(), BriefFormat::kText, {.colour = true}), "\x1b[31m"));
}

TEST(TextBrief, wrapping_keeps_every_word_and_cuts_only_what_cannot_fit) {
  EXPECT_EQ(wrap("aa bb cc", 5), (std::vector<std::string>{"aa bb", "cc"}));
  EXPECT_EQ(wrap("abcdefg h", 3), (std::vector<std::string>{"abc", "def", "g h"}));
  EXPECT_EQ(wrap("", 3), (std::vector<std::string>{""}));
  EXPECT_EQ(wrap("日本語", 3), (std::vector<std::string>{"日", "本", "語"}));
}

TEST(HtmlBrief, gaps_break_the_line_and_are_named) {
  const std::string page = render_brief(mixed_sample(), BriefFormat::kHtml, {});
  EXPECT_TRUE(has(page, R"(<rect class="gap")"));
  EXPECT_TRUE(has(page, "Parts without data are left empty."));
  const std::size_t line = page.find(R"(<path class="line" d=")");
  ASSERT_NE(line, std::string::npos);
  const std::string first = page.substr(line, page.find("\"/>", line) - line);
  EXPECT_EQ(std::count(first.begin(), first.end(), 'M'), 2);  // one gap: two strokes
}

TEST(HtmlBrief, ids_are_unique_and_links_inside_the_page_lead_somewhere) {
  for (const Audience audience : kAudiences) {
    const std::string page = render_brief(mixed_sample(), BriefFormat::kHtml, {.audience = audience});
    std::vector<std::string> ids;
    for (std::size_t at = page.find(" id=\""); at != std::string::npos; at = page.find(" id=\"", at + 1)) {
      ids.push_back(page.substr(at + 5, page.find('"', at + 5) - at - 5));
    }
    std::vector<std::string> sorted = ids;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());
    for (std::size_t at = page.find("href=\"#"); at != std::string::npos;
         at = page.find("href=\"#", at + 1)) {
      const std::string target = page.substr(at + 7, page.find('"', at + 7) - at - 7);
      EXPECT_TRUE(std::binary_search(sorted.begin(), sorted.end(), target)) << target;
    }
  }
}

TEST(HtmlBrief, every_audience_is_one_link_away) {
  const std::string page = render_brief(no_data_sample(), BriefFormat::kHtml, {});
  for (const char* link :
       {"href=\"?for=developer\"", "href=\"?for=lead\" aria-current=\"page\"", "href=\"?for=head\""})
    EXPECT_TRUE(has(page, link));
}

TEST(Brief, same_input_gives_the_same_bytes) {
  for (const BriefFormat format :
       {BriefFormat::kText, BriefFormat::kMarkdown, BriefFormat::kJson, BriefFormat::kHtml}) {
    BriefInput turned = mixed_sample();
    std::reverse(turned.findings.begin(), turned.findings.end());
    EXPECT_EQ(render_brief(mixed_sample(), format, {}), render_brief(turned, format, {}));
  }
}

TEST(Brief, audiences_and_formats_are_read_by_name) {
  EXPECT_EQ(parse_audience("head").value(), Audience::kHead);
  EXPECT_EQ(parse_brief_format("markdown").value(), BriefFormat::kMarkdown);
  EXPECT_EQ(parse_audience("boss").error().message(),
            "\"boss\" is no audience; write developer, lead or head");
  EXPECT_FALSE(parse_brief_format("pdf").has_value());
}

}  // namespace
}  // namespace trimtab::report
