// SPDX-License-Identifier: Apache-2.0
#include "query/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "query/functions.h"
#include "query/lexer.h"

namespace trimtab::promql {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::optional<AggregateOp> find_aggregate(std::string_view word) {
  const std::string name = lower(word);
  for (int i = 0; i <= static_cast<int>(AggregateOp::kLimitk); ++i) {
    if (to_string(static_cast<AggregateOp>(i)) == name) return static_cast<AggregateOp>(i);
  }
  return std::nullopt;
}

struct OperatorInfo {
  BinaryOp op;
  int precedence;
  bool right = false;
};

std::optional<OperatorInfo> find_operator(const Token& token) {
  switch (token.kind) {
    case TokenKind::kAdd: return OperatorInfo{BinaryOp::kAdd, 4};
    case TokenKind::kSub: return OperatorInfo{BinaryOp::kSub, 4};
    case TokenKind::kMul: return OperatorInfo{BinaryOp::kMul, 5};
    case TokenKind::kDiv: return OperatorInfo{BinaryOp::kDiv, 5};
    case TokenKind::kMod: return OperatorInfo{BinaryOp::kMod, 5};
    case TokenKind::kPow: return OperatorInfo{BinaryOp::kPow, 6, true};
    case TokenKind::kEqual: return OperatorInfo{BinaryOp::kEqual, 3};
    case TokenKind::kNotEqual: return OperatorInfo{BinaryOp::kNotEqual, 3};
    case TokenKind::kGreater: return OperatorInfo{BinaryOp::kGreater, 3};
    case TokenKind::kLess: return OperatorInfo{BinaryOp::kLess, 3};
    case TokenKind::kGreaterEqual: return OperatorInfo{BinaryOp::kGreaterEqual, 3};
    case TokenKind::kLessEqual: return OperatorInfo{BinaryOp::kLessEqual, 3};
    case TokenKind::kIdentifier: {
      const std::string word = lower(token.text);
      if (word == "and") return OperatorInfo{BinaryOp::kAnd, 2};
      if (word == "unless") return OperatorInfo{BinaryOp::kUnless, 2};
      if (word == "or") return OperatorInfo{BinaryOp::kOr, 1};
      if (word == "atan2") return OperatorInfo{BinaryOp::kAtan2, 5};
      return std::nullopt;
    }
    default: return std::nullopt;
  }
}
constexpr int kUnaryPrecedence = 6;  // "-2^2" is -(2^2), "-2*3" is (-2)*3

// A Pratt parser: one token of look-ahead, plus a saved position where two words decide.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), lexer_(text) {}

  Result<ExprPtr> query() {
    TRY(advance());
    if (at(TokenKind::kEnd)) return error(token_, "no expression found in input");
    ExprPtr expr = TRY(expression(0));
    if (!at(TokenKind::kEnd)) return unexpected("");
    return expr;
  }

 private:
  Result<ExprPtr> expression(int minimum) {
    if (++depth_ > kQueryDepthMax) {
      return fail(ErrorCode::kLimit, fmt::format("{}: parse error: nested deeper than {} levels",
                                                 place(token_.span), kQueryDepthMax));
    }
    auto result = expression_inside(minimum);
    --depth_;
    return result;
  }

  Result<ExprPtr> expression_inside(int minimum) {
    ExprPtr left = TRY(unary());
    while (true) {
      const auto info = find_operator(token_);
      if (!info || info->precedence < minimum) return left;
      const Token op_token = token_;
      TRY(advance());
      Binary binary;
      binary.op = info->op;
      VectorMatching matching;
      const bool has_matching = TRY(modifiers(binary, matching));
      binary.left = std::move(left);
      binary.right = TRY(expression(info->right ? info->precedence : info->precedence + 1));
      const Span span{binary.left->span.start, binary.right->span.end};
      TRY(check_binary(binary, matching, has_matching, op_token, span));
      const bool scalar = binary.left->type == ValueType::kScalar && binary.right->type == ValueType::kScalar;
      left = TRY(make(std::move(binary), scalar ? ValueType::kScalar : ValueType::kVector, span));
    }
  }

  // "bool", "on (...)", "ignoring (...)", "group_left (...)". True when on/ignoring was written.
  Result<bool> modifiers(Binary& binary, VectorMatching& matching) {
    if (word("bool")) {
      binary.return_bool = true;
      TRY(advance());
    }
    if (!word("on") && !word("ignoring")) return false;
    matching.on = word("on");
    TRY(advance());
    matching.labels = TRY(label_list());
    if (word("group_left") || word("group_right")) {
      matching.cardinality = word("group_left") ? Cardinality::kManyToOne : Cardinality::kOneToMany;
      TRY(advance());
      if (at(TokenKind::kLeftParen)) matching.include = TRY(label_list());
    }
    return true;
  }

  Status check_binary(Binary& binary, VectorMatching& matching, bool has_matching, const Token& op,
                      Span span) {
    const ValueType left = binary.left->type;
    const ValueType right = binary.right->type;
    for (const ValueType side : {left, right}) {
      if (side != ValueType::kScalar && side != ValueType::kVector) {
        return error(op, "binary expression must contain only scalar and instant vector types");
      }
    }
    const bool vectors = left == ValueType::kVector && right == ValueType::kVector;
    if (binary.return_bool && !is_comparison(binary.op)) {
      return error(op, "bool modifier can only be used on comparison operators");
    }
    if (is_comparison(binary.op) && !binary.return_bool && left == ValueType::kScalar &&
        right == ValueType::kScalar) {
      return error(op, "comparisons between scalars must use BOOL modifier");
    }
    if (is_set_operator(binary.op)) {
      if (!vectors) {
        return error(op, fmt::format("set operator {} not allowed in binary scalar expression",
                                     quote_label_value(to_string(binary.op))));
      }
      if (matching.cardinality != Cardinality::kOneToOne) {
        return error(
            op, fmt::format("no grouping allowed for {} operation", quote_label_value(to_string(binary.op))));
      }
      matching.cardinality = Cardinality::kManyToMany;
    }
    if (has_matching && !vectors) {
      if (!matching.labels.empty() || matching.cardinality != Cardinality::kOneToOne) {
        return error(op, "vector matching only allowed between instant vectors");
      }
    }
    for (const std::string& name : matching.include) {
      if (matching.on &&
          std::find(matching.labels.begin(), matching.labels.end(), name) != matching.labels.end()) {
        return error(op, fmt::format("label {} must not occur in ON and GROUP clause at once",
                                     quote_label_value(name)));
      }
    }
    (void)span;
    if (vectors) binary.matching = std::move(matching);
    return ok();
  }

  Result<ExprPtr> unary() {
    if (!at(TokenKind::kAdd) && !at(TokenKind::kSub)) return postfix(TRY(primary()));
    const Token sign = token_;
    TRY(advance());
    Unary node;
    node.negate = sign.kind == TokenKind::kSub;
    node.expr = TRY(expression(kUnaryPrecedence));
    if (node.expr->type != ValueType::kScalar && node.expr->type != ValueType::kVector) {
      return error(
          sign,
          fmt::format(
              "unary expression only allowed on expressions of type scalar or instant vector, got \"{}\"",
              to_string(node.expr->type)));
    }
    const Span span{sign.span.start, node.expr->span.end};
    const ValueType type = node.expr->type;
    if (auto* number = std::get_if<NumberLiteral>(&node.expr->node)) {
      return make(NumberLiteral{node.negate ? -number->value : number->value}, ValueType::kScalar, span);
    }
    return make(std::move(node), type, span);
  }

  Result<ExprPtr> primary() {
    switch (token_.kind) {
      case TokenKind::kNumber:
      case TokenKind::kDuration: {
        const Token token = token_;
        TRY(advance());
        return make(NumberLiteral{token.number}, ValueType::kScalar, token.span);
      }
      case TokenKind::kString: {
        Token token = token_;
        TRY(advance());
        return make(StringLiteral{std::move(token.string)}, ValueType::kString, token.span);
      }
      case TokenKind::kLeftParen: return parenthesis();
      case TokenKind::kLeftBrace: return selector("", token_.span);
      case TokenKind::kIdentifier: return name();
      default: return unexpected("");
    }
  }

  Result<ExprPtr> parenthesis() {
    const Token open = token_;
    TRY(advance());
    Paren node;
    node.expr = TRY(expression(0));
    if (!at(TokenKind::kRightParen)) return unexpected("in parentheses, expected \")\"");
    const Span span{open.span.start, token_.span.end};
    TRY(advance());
    const ValueType type = node.expr->type;
    return make(std::move(node), type, span);
  }

  // A word at the start of an operand: an aggregation, a function or a metric's name.
  Result<ExprPtr> name() {
    const Token word_token = token_;
    TRY(advance());
    if (const auto op = find_aggregate(word_token.text)) {
      if (at(TokenKind::kLeftParen) || word("by") || word("without")) return aggregation(*op, word_token);
    } else if (at(TokenKind::kLeftParen)) {
      return call(word_token);
    }
    return selector(word_token.text, word_token.span);
  }

  Result<ExprPtr> aggregation(AggregateOp op, const Token& start) {
    Aggregate node;
    node.op = op;
    bool grouped = false;
    if (!at(TokenKind::kLeftParen)) {
      grouped = true;
      TRY(grouping(node));
    }
    if (!at(TokenKind::kLeftParen)) return unexpected("in aggregation, expected \"(\"");
    TRY(advance());
    std::vector<ExprPtr> arguments = TRY(argument_list("aggregation"));
    Span span{start.span.start, last_end_};
    if (!grouped && (word("by") || word("without"))) {
      TRY(grouping(node));
      span.end = last_end_;
    }
    const std::size_t wanted = takes_parameter(op) ? 2 : 1;
    if (arguments.size() != wanted) {
      return error(
          start, arguments.empty()
                     ? "no arguments for aggregate expression provided"
                     : fmt::format(
                           "wrong number of arguments for aggregate expression provided, expected {}, got {}",
                           wanted, arguments.size()));
    }
    node.expr = std::move(arguments.back());
    if (wanted == 2) node.parameter = std::move(arguments.front());
    if (node.expr->type != ValueType::kVector) {
      return error(node.expr->span,
                   fmt::format("expected type instant vector in aggregation expression, got {}",
                               to_string(node.expr->type)));
    }
    const ValueType parameter_type =
        op == AggregateOp::kCountValues ? ValueType::kString : ValueType::kScalar;
    if (node.parameter && node.parameter->type != parameter_type) {
      return error(node.parameter->span,
                   fmt::format("expected type {} in aggregation parameter, got {}", to_string(parameter_type),
                               to_string(node.parameter->type)));
    }
    return make(std::move(node), ValueType::kVector, span);
  }

  Status grouping(Aggregate& node) {
    node.without = word("without");
    TRY(advance());
    node.grouping = TRY(label_list());
    return ok();
  }

  // Arguments after "(", up to and with ")".
  Result<std::vector<ExprPtr>> argument_list(std::string_view where) {
    std::vector<ExprPtr> out;
    while (!at(TokenKind::kRightParen)) {
      out.push_back(TRY(expression(0)));
      if (at(TokenKind::kComma)) {
        TRY(advance());
        if (at(TokenKind::kRightParen))
          return error(token_, "trailing commas not allowed in function call args");
      } else if (!at(TokenKind::kRightParen)) {
        return unexpected(fmt::format("in {}, expected \",\" or \")\"", where));
      }
    }
    TRY(advance());
    return out;
  }

  Result<ExprPtr> call(const Token& start) {
    Call node;
    node.function = find_function(start.text);
    if (node.function == nullptr) {
      const bool native = start.text.starts_with("histogram_");
      return error(start,
                   native ? fmt::format("function {} needs native histograms, which are not supported yet",
                                        quote_label_value(start.text))
                          : fmt::format("unknown function with name {}", quote_label_value(start.text)));
    }
    TRY(advance());
    node.arguments = TRY(argument_list("function call"));
    const Span span{start.span.start, last_end_};
    const Function& f = *node.function;
    const std::size_t least = f.arguments.size() - static_cast<std::size_t>(f.optional);
    const std::size_t given = node.arguments.size();
    if (given < least || (!f.variadic && given > f.arguments.size())) {
      const std::string_view bound = f.optional == 0 && !f.variadic ? ""
                                     : given < least                ? "at least "
                                                                    : "at most ";
      return error(span,
                   fmt::format("expected {}{} argument(s) in call to {}, got {}", bound,
                               given < least ? least : f.arguments.size(), quote_label_value(f.name), given));
    }
    for (std::size_t i = 0; i < given; ++i) {
      const ValueType wanted = f.arguments[std::min(i, f.arguments.size() - 1)];
      if (node.arguments[i]->type != wanted) {
        return error(node.arguments[i]->span,
                     fmt::format("expected type {} in call to function {}, got {}", to_string(wanted),
                                 quote_label_value(f.name), to_string(node.arguments[i]->type)));
      }
    }
    return make(std::move(node), f.result, span);
  }

  Result<std::vector<std::string>> label_list() {
    if (!at(TokenKind::kLeftParen)) return unexpected("in grouping opts, expected \"(\"");
    TRY(advance());
    std::vector<std::string> out;
    while (!at(TokenKind::kRightParen)) {
      if (at(TokenKind::kString)) {
        out.push_back(token_.string);
      } else if (at(TokenKind::kIdentifier) && token_.text.find(':') == std::string_view::npos) {
        out.emplace_back(token_.text);
      } else {
        return unexpected("in grouping opts, expected label");
      }
      TRY(advance());
      if (at(TokenKind::kComma)) {
        TRY(advance());
      } else if (!at(TokenKind::kRightParen)) {
        return unexpected("in grouping opts, expected \",\" or \")\"");
      }
    }
    TRY(advance());
    return out;
  }

  Result<ExprPtr> selector(std::string_view metric, Span start) {
    VectorSelector node;
    node.metric = metric;
    if (!metric.empty()) node.matchers.push_back(Matcher::equal(kMetricName, metric));
    Span span = start;
    if (at(TokenKind::kLeftBrace)) {
      TRY(advance());
      while (!at(TokenKind::kRightBrace)) TRY(label_matcher(node));
      span.end = token_.span.end;
      TRY(advance());
    }
    if (!node.metric.empty()) TRY(check_one_name(node, span));
    const bool narrow = std::any_of(node.matchers.begin(), node.matchers.end(),
                                    [](const Matcher& m) { return !m.matches_empty(); });
    if (!narrow) return error(span, "vector selector must contain at least one non-empty matcher");
    return make(std::move(node), ValueType::kVector, span);
  }

  // A name outside the braces or quoted alone inside them leaves no room for another matcher of names.
  Status check_one_name(const VectorSelector& node, Span span) const {
    const auto names = [](const Matcher& m) { return m.name() == kMetricName; };
    if (std::count_if(node.matchers.begin(), node.matchers.end(), names) < 2) return ok();
    const auto other = std::find_if(node.matchers.begin(), node.matchers.end(), [&](const Matcher& m) {
      return names(m) && !(m.op() == MatchOp::kEqual && m.value() == node.metric);
    });
    return error(span,
                 fmt::format("metric name must not be set twice: {} or {}", quote_label_value(node.metric),
                             quote_label_value(other == node.matchers.end() ? node.metric : other->value())));
  }

  Status label_matcher(VectorSelector& node) {
    const Token name_token = token_;
    const bool quoted = at(TokenKind::kString);
    if (!quoted && !(at(TokenKind::kIdentifier) && token_.text.find(':') == std::string_view::npos)) {
      return unexpected("in label matching, expected label name or \"}\"");
    }
    TRY(advance());
    if (quoted && (at(TokenKind::kComma) || at(TokenKind::kRightBrace))) {
      if (!node.metric.empty()) {
        return error(name_token,
                     fmt::format("metric name must not be set twice: {} or {}",
                                 quote_label_value(node.metric), quote_label_value(name_token.string)));
      }
      node.metric = name_token.string;
      node.matchers.push_back(Matcher::equal(kMetricName, name_token.string));
    } else {
      const std::string name = quoted ? name_token.string : std::string(name_token.text);
      MatchOp op{};
      switch (token_.kind) {
        case TokenKind::kAssign: op = MatchOp::kEqual; break;
        case TokenKind::kNotEqual: op = MatchOp::kNotEqual; break;
        case TokenKind::kRegex: op = MatchOp::kRegex; break;
        case TokenKind::kNotRegex: op = MatchOp::kNotRegex; break;
        default: return unexpected("in label matching, expected label matching operator");
      }
      TRY(advance());
      if (!at(TokenKind::kString)) return unexpected("in label matching, expected string");
      auto matcher = Matcher::create(op, name, token_.string);
      if (!matcher) return error(token_, matcher.error().message());
      node.matchers.push_back(*std::move(matcher));
      TRY(advance());
    }
    if (at(TokenKind::kComma)) {
      TRY(advance());
    } else if (!at(TokenKind::kRightBrace)) {
      return unexpected("in label matching, expected \",\" or \"}\"");
    }
    return ok();
  }

  // Ranges, subqueries, offsets and @ behind an operand.
  Result<ExprPtr> postfix(ExprPtr expr) {
    while (true) {
      if (at(TokenKind::kLeftBracket)) {
        expr = TRY(range(std::move(expr)));
      } else if (word("offset")) {
        TRY(offset(*expr));
      } else if (at(TokenKind::kAt)) {
        TRY(anchor(*expr));
      } else {
        return expr;
      }
    }
  }

  Result<ExprPtr> range(ExprPtr expr) {
    const Token open = token_;
    TRY(advance());
    const DurationMs length = TRY(positive_duration());
    if (at(TokenKind::kRightBracket)) {
      auto* vector = std::get_if<VectorSelector>(&expr->node);
      if (vector == nullptr) return error(open, "ranges only allowed for vector selectors");
      if (vector->shift.offset_ms != 0) return error(open, "no offset modifiers allowed before range");
      if (vector->shift.anchor != TimeShift::Anchor::kNone)
        return error(open, "no @ modifiers allowed before range");
      const Span span{expr->span.start, token_.span.end};
      TRY(advance());
      return make(MatrixSelector{std::move(*vector), length}, ValueType::kMatrix, span);
    }
    if (!at(TokenKind::kColon)) return unexpected("in subquery or range selector, expected \":\" or \"]\"");
    if (expr->type != ValueType::kVector) {
      return error(expr->span, fmt::format("subquery is only allowed on instant vector, got {} instead",
                                           to_string(expr->type)));
    }
    TRY(advance());
    Subquery node;
    node.range_ms = length;
    if (!at(TokenKind::kRightBracket)) node.step_ms = TRY(positive_duration());
    if (!at(TokenKind::kRightBracket)) return unexpected("in subquery selector, expected \"]\"");
    const Span span{expr->span.start, token_.span.end};
    TRY(advance());
    node.expr = std::move(expr);
    return make(std::move(node), ValueType::kMatrix, span);
  }

  // A duration, or a number of seconds.
  Result<DurationMs> any_duration() {
    const Token token = token_;
    if (!at(TokenKind::kDuration) && !at(TokenKind::kNumber)) return unexpected("expected a duration");
    TRY(advance());
    if (token.kind == TokenKind::kDuration) return token.duration_ms;
    const double ms = std::round(token.number * 1000);
    if (!(std::fabs(ms) < 9e15)) return error(token, "duration out of range");
    return static_cast<DurationMs>(ms);
  }

  Result<DurationMs> positive_duration() {
    const Token token = token_;
    const DurationMs duration = TRY(any_duration());
    if (duration <= 0) return error(token, "duration must be greater than 0");
    return duration;
  }

  TimeShift* shift_of(Expr& expr) {
    if (auto* vector = std::get_if<VectorSelector>(&expr.node)) return &vector->shift;
    if (auto* matrix = std::get_if<MatrixSelector>(&expr.node)) return &matrix->vector.shift;
    if (auto* subquery = std::get_if<Subquery>(&expr.node)) return &subquery->shift;
    return nullptr;
  }

  Status offset(Expr& expr) {
    const Token start = token_;
    TRY(advance());
    bool negative = false;
    while (at(TokenKind::kSub) || at(TokenKind::kAdd)) {
      negative = negative != at(TokenKind::kSub);
      TRY(advance());
    }
    const DurationMs duration = TRY(any_duration());
    TimeShift* shift = shift_of(expr);
    if (shift == nullptr) {
      return error(start,
                   "offset modifier must be preceded by an instant vector selector or range vector selector "
                   "or a subquery");
    }
    if (shift->offset_ms != 0) return error(start, "offset may not be set multiple times");
    shift->offset_ms = negative ? -duration : duration;
    expr.span.end = last_end_;
    return ok();
  }

  Status anchor(Expr& expr) {
    const Token start = token_;
    TRY(advance());
    TimeShift* shift = shift_of(expr);
    if (shift == nullptr) {
      return error(
          start,
          "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery");
    }
    if (shift->anchor != TimeShift::Anchor::kNone)
      return error(start, "@ <timestamp> may not be set multiple times");
    if (word("start") || word("end")) {
      shift->anchor = word("start") ? TimeShift::Anchor::kStart : TimeShift::Anchor::kEnd;
      TRY(advance());
      if (!at(TokenKind::kLeftParen)) return unexpected("in @, expected \"(\"");
      TRY(advance());
      if (!at(TokenKind::kRightParen)) return unexpected("in @, expected \")\"");
      TRY(advance());
    } else {
      double sign = 1;
      while (at(TokenKind::kSub) || at(TokenKind::kAdd)) {
        if (at(TokenKind::kSub)) sign = -sign;
        TRY(advance());
      }
      if (!at(TokenKind::kNumber)) return unexpected("in @, expected timestamp");
      const double ms = std::round(sign * token_.number * 1000);
      if (!(std::fabs(ms) < 9.2e18)) return error(token_, "timestamp out of bounds for @ modifier");
      shift->anchor = TimeShift::Anchor::kTimestamp;
      shift->at_ms = static_cast<TimestampMs>(ms);
      TRY(advance());
    }
    expr.span.end = last_end_;
    return ok();
  }

  template <typename Node>
  Result<ExprPtr> make(Node node, ValueType type, Span span) {
    if (++nodes_ > kQueryNodesMax)
      return fail(ErrorCode::kLimit, fmt::format("parse error: more than {} expressions", kQueryNodesMax));
    auto expr = std::make_unique<Expr>();
    expr->node = std::move(node);
    expr->type = type;
    expr->span = span;
    return expr;
  }

  bool at(TokenKind kind) const { return token_.kind == kind; }
  bool word(std::string_view wanted) const {
    return at(TokenKind::kIdentifier) && lower(token_.text) == wanted;
  }

  Status advance() {
    last_end_ = token_.span.end;
    token_ = TRY(lexer_.next());
    return ok();
  }

  std::string place(Span span) const { return Lexer::position(text_, span.start); }
  std::unexpected<Error> error(Span span, std::string_view what) const {
    return invalid(fmt::format("{}: parse error: {}", place(span), what));
  }
  std::unexpected<Error> error(const Token& token, std::string_view what) const {
    return error(token.span, what);
  }
  std::unexpected<Error> unexpected(std::string_view where) const {
    const std::string what =
        at(TokenKind::kEnd) ? "end of input" : quote_label_value(token_.text.substr(0, 60));
    return error(token_, where.empty() ? fmt::format("unexpected {}", what)
                                       : fmt::format("unexpected {} {}", what, where));
  }

  std::string_view text_;
  Lexer lexer_;
  Token token_;
  std::size_t last_end_ = 0;
  int depth_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace

Result<ExprPtr> parse(std::string_view query) {
  if (query.size() > kQueryBytesMax) {
    return fail(ErrorCode::kLimit,
                fmt::format("query of {} bytes; at most {} are read", query.size(), kQueryBytesMax));
  }
  if (!is_valid_utf8(query)) return invalid("1:1: parse error: the query is not valid UTF-8");
  return Parser(query).query();
}

}  // namespace trimtab::promql
