//===- MutateText.cpp - small damage to a module's text -------------------===//

#include "MutateText.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

using namespace fovea::fuzz;

//===----------------------------------------------------------------------===//
// Finding what to change
//===----------------------------------------------------------------------===//

namespace {

/// A part of the text.
struct Span {
  size_t begin, end;
  std::string in(const std::string &text) const { return text.substr(begin, end - begin); }
};

using Spans = std::vector<Span>;

} // namespace

static bool isNamePart(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '$';
}

/// Names with their sigil, numbers, strings, arrows, and other characters one by one.
static Spans getTokens(const std::string &text) {
  Spans tokens;
  for (size_t at = 0; at < text.size();) {
    size_t begin = at++;
    char c = text[begin];
    if (std::isspace(static_cast<unsigned char>(c)))
      continue;
    if (c == '"') {
      while (at < text.size() && text[at] != '"')
        ++at;
      at = std::min(at + 1, text.size());
    } else if (c == '-' && at < text.size() && text[at] == '>') {
      ++at;
    } else if (isNamePart(c) || c == '%' || c == '@' || c == '#' || c == '!' || c == '^' || c == '-') {
      while (at < text.size() && isNamePart(text[at]))
        ++at;
    }
    tokens.push_back({begin, at});
  }
  return tokens;
}

template <typename Predicate> static Spans getTokens(const std::string &text, Predicate wanted) {
  Spans tokens = getTokens(text);
  tokens.erase(std::remove_if(tokens.begin(), tokens.end(), [&](const Span &token) { return !wanted(token.in(text)); }),
               tokens.end());
  return tokens;
}

static bool isInteger(const std::string &token) {
  size_t first = token[0] == '-' ? 1 : 0;
  return token.size() > first &&
         std::all_of(token.begin() + first, token.end(), [](unsigned char c) { return std::isdigit(c); });
}

static bool isOperand(const std::string &token) { return token.size() > 1 && token[0] == '%'; }

/// The end of the group that opens at `begin`.
static size_t findClose(const std::string &text, size_t begin, char open, char close) {
  int depth = 0;
  for (size_t at = begin; at < text.size(); ++at) {
    if (close == '>' && text.compare(at, 2, "->") == 0)
      ++at;
    else if (text[at] == open)
      ++depth;
    else if (text[at] == close && --depth == 0)
      return at + 1;
  }
  return text.size();
}

/// What follows `word` in angle brackets, without them.
static Spans getAngled(const std::string &text, const std::vector<std::string> &words) {
  Spans spans;
  for (const std::string &word : words)
    for (size_t at = text.find(word + "<"); at != std::string::npos; at = text.find(word + "<", at + 1)) {
      size_t open = at + word.size();
      spans.push_back({open + 1, findClose(text, open, '<', '>') - 1});
    }
  return spans;
}

static Spans getLines(const std::string &text) {
  Spans lines;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    lines.push_back({begin, end});
    begin = end;
  }
  return lines;
}

static std::vector<std::string> split(const std::string &text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text)
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

static std::string join(const std::vector<std::string> &parts, const std::string &separator) {
  std::string text;
  for (size_t i = 0; i != parts.size(); ++i)
    text += (i ? separator : "") + parts[i];
  return text;
}

//===----------------------------------------------------------------------===//
// Changing it
//===----------------------------------------------------------------------===//

namespace {

class Mutator {
public:
  Mutator(Random &random, std::string text) : random(random), text(std::move(text)) {}

  std::string run();

private:
  std::optional<Span> pick(const Spans &spans) {
    if (spans.empty())
      return std::nullopt;
    return random.pick(spans);
  }
  void replace(const Span &span, const std::string &with) { text.replace(span.begin, span.end - span.begin, with); }
  void replaceAll(const std::string &what, const std::string &with);
  void swap(Span first, Span second);
  std::string drawNumber(const std::string &was);
  std::string drawExtent(const std::string &was);

  void operand();
  void operandOfSameType();
  void swapOperands();
  void number();
  void extents();
  void extentEverywhere();
  void elementType();
  void map();
  void misplace(const Spans &spans, const std::string &separator);
  void line();
  void token();
  void word();
  void group();

  Random &random;
  std::string text;
};

} // namespace

void Mutator::replaceAll(const std::string &what, const std::string &with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

void Mutator::swap(Span first, Span second) {
  if (first.begin > second.begin)
    std::swap(first, second);
  if (first.end > second.begin)
    return;
  std::string one = first.in(text), other = second.in(text);
  replace(second, one);
  replace(first, other);
}

std::string Mutator::drawNumber(const std::string &was) {
  if (random.chance(40) && was.size() < 10)
    return std::to_string(std::stoll(was) + (random.chance(50) ? 1 : -1));
  return random.pick<std::string>({"0", "1", "-1", "2", "3", "7", "16", "64", "100", "4096", "2147483648", "4294967296",
                                   "9223372036854775807", "-9223372036854775808", "0.5"});
}

std::string Mutator::drawExtent(const std::string &was) {
  if (random.chance(30) && isInteger(was) && was.size() < 10)
    return std::to_string(std::max(0LL, std::stoll(was) + random.pick<long long>({1, -1, 16})));
  return random.pick<std::string>({"?", "?", "0", "1", "2", "3", "16", "17", "64", "4294967296"});
}

/// A value in the place of another.
void Mutator::operand() {
  Spans operands = getTokens(text, isOperand);
  std::optional<Span> at = pick(operands), other = pick(operands);
  if (at)
    replace(*at, other->in(text));
}

/// The same, where the type shows that it may be: arguments of functions and blocks.
void Mutator::operandOfSameType() {
  std::map<std::string, std::vector<std::string>> byType;
  for (const Span &name : getTokens(text, isOperand)) {
    if (text.compare(name.end, 2, ": ") != 0)
      continue;
    size_t end = name.end + 2;
    while (end < text.size() && (isNamePart(text[end]) || text[end] == '!'))
      ++end;
    if (end < text.size() && text[end] == '<')
      end = findClose(text, end, '<', '>');
    byType[text.substr(name.end, end - name.end)].push_back(name.in(text));
  }
  std::vector<std::vector<std::string>> candidates;
  for (auto &[type, names] : byType)
    if (names.size() > 1)
      candidates.push_back(names);
  if (candidates.empty())
    return;
  std::vector<std::string> names = random.pick(candidates);
  std::string was = random.pick(names), now = random.pick(names);
  if (std::optional<Span> at = pick(getTokens(text, [&](const std::string &token) { return token == was; })))
    replace(*at, now);
}

/// Two values of a line change places.
void Mutator::swapOperands() {
  std::optional<Span> line = pick(getLines(text));
  if (!line)
    return;
  Spans operands;
  for (const Span &token : getTokens(text, isOperand))
    if (token.begin >= line->begin && token.end <= line->end)
      operands.push_back(token);
  if (operands.size() >= 2)
    swap(random.pick(operands), random.pick(operands));
}

void Mutator::number() {
  if (std::optional<Span> at = pick(getTokens(text, isInteger)))
    replace(*at, drawNumber(at->in(text)));
}

/// Another extent, one more or one less, in one type or wherever the type is.
void Mutator::extents() {
  std::optional<Span> at = pick(getAngled(text, {"tensor", "memref", "vector"}));
  if (!at)
    return;
  std::string was = at->in(text), rest;
  size_t comma = was.find(',');
  if (comma != std::string::npos)
    rest = was.substr(comma);
  std::vector<std::string> parts = split(was.substr(0, comma), 'x');
  size_t which = random.below(parts.size());
  if (parts.size() == 1 || random.chance(12))
    parts.insert(parts.begin() + which, drawExtent("4"));
  else if (which + 1 < parts.size() && random.chance(15))
    parts.erase(parts.begin() + which);
  else if (which + 1 < parts.size())
    parts[which] = drawExtent(parts[which]);
  std::string now = join(parts, "x") + rest;
  if (random.chance(70))
    replaceAll("<" + was + ">", "<" + now + ">");
  else
    replace(*at, now);
}

/// Another extent wherever there is one: the module stays well-typed, and has other sizes.
void Mutator::extentEverywhere() {
  std::optional<Span> at = pick(getAngled(text, {"tensor", "memref"}));
  if (!at)
    return;
  std::string type = at->in(text);
  std::vector<std::string> parts = split(type.substr(0, type.find(',')), 'x');
  parts.pop_back();
  if (parts.empty())
    return;
  std::string was = random.pick(parts), now = drawExtent(was);
  for (const std::string before : {"<", "x"})
    replaceAll(before + was + "x", before + now + "x");
}

/// Another element type, in one place, one type or the whole module.
void Mutator::elementType() {
  std::optional<Span> at = pick(getTokens(text, [](const std::string &token) {
    return token == "f16" || token == "bf16" || token == "f32" || token == "f64" || token == "i1" || token == "i32" ||
           token == "i64" || token == "index";
  }));
  std::string now =
      random.pick<std::string>({"f16", "bf16", "f32", "f64", "i1", "i8", "i32", "i64", "index", "f8E4M3FN", "tf32",
                                "f128", "complex<f32>", "none", "si32", "tensor<f32>", "i4"});
  std::optional<Span> shaped = pick(getAngled(text, {"tensor", "memref", "vector"}));
  if (shaped && random.chance(60)) {
    std::string was = shaped->in(text);
    size_t element = was.substr(0, was.find(',')).rfind('x') + 1; // 0 where there is no extent
    size_t end = was.find(',') == std::string::npos ? was.size() : was.find(',');
    std::string type = was;
    type.replace(element, end - element, now);
    if (random.chance(70))
      replaceAll("<" + was + ">", "<" + type + ">");
    else
      replace(*shaped, type);
    return;
  }
  if (!at)
    return;
  if (random.chance(30))
    replaceAll(at->in(text), now);
  else
    replace(*at, now);
}

/// Results of an affine map in another order, another number, other results.
void Mutator::map() {
  std::optional<Span> at = pick(getAngled(text, {"affine_map"}));
  if (!at)
    return;
  std::string was = at->in(text);
  size_t arrow = was.find("-> (");
  if (arrow == std::string::npos)
    return;
  std::string results = was.substr(arrow + 4, was.size() - arrow - 5);
  std::vector<std::string> parts = split(results, ',');
  size_t which = random.below(parts.size()), other = random.below(parts.size());
  switch (random.below(4)) {
  case 0:
    std::swap(parts[which], parts[other]);
    break;
  case 1:
    parts.erase(parts.begin() + which);
    break;
  case 2:
    parts.push_back(parts[which]);
    break;
  default:
    parts[which] = random.pick<std::string>({"0", "1", "d0", "d1", "d2", "d0 + d1", "d3 floordiv 0", "d1 floordiv 2",
                                             "d2 mod 3", "d0 * 2", "-d1", "s0", "d9"});
  }
  replace(*at, was.substr(0, arrow) + "-> (" + join(parts, ", ") + ")");
}

/// One of `spans` too many, too few, or in another place; `separator` follows a copy.
void Mutator::misplace(const Spans &spans, const std::string &separator) {
  std::optional<Span> at = pick(spans), other = pick(spans);
  if (!at)
    return;
  std::string copy = at->in(text);
  switch (random.below(3)) {
  case 0:
    replace(*at, "");
    break;
  case 1:
    text.insert(other->begin, copy + separator);
    break;
  default:
    swap(*at, *other);
  }
}

void Mutator::line() { misplace(getLines(text), ""); }

void Mutator::token() { misplace(getTokens(text), " "); }

/// A keyword, op, attribute or function in the place of another.
void Mutator::word() {
  Spans words = getTokens(text, [](const std::string &token) {
    return std::isalpha(static_cast<unsigned char>(token[0])) || token[0] == '@' || token[0] == '#' || token[0] == '"';
  });
  std::optional<Span> at = pick(words), other = pick(words);
  if (at)
    replace(*at, other->in(text));
}

/// What is in brackets goes, or becomes what is in others.
void Mutator::group() {
  Spans groups;
  for (size_t at = 0; at != text.size(); ++at)
    for (auto [open, close] : {std::pair('(', ')'), std::pair('[', ']'), std::pair('{', '}'), std::pair('<', '>')})
      if (text[at] == open)
        groups.push_back({at, findClose(text, at, open, close)});
  std::optional<Span> at = pick(groups);
  if (!at)
    return;
  Spans alike;
  for (const Span &group : groups)
    if (text[group.begin] == text[at->begin])
      alike.push_back(group);
  replace(*at, random.chance(50) ? "" : random.pick(alike).in(text));
}

std::string Mutator::run() {
  using Mutation = void (Mutator::*)();
  // As often as they are listed: what the parser mostly finds is rare.
  static const std::vector<Mutation> mutations = {&Mutator::operand,
                                                  &Mutator::swapOperands,
                                                  &Mutator::number,
                                                  &Mutator::number,
                                                  &Mutator::number,
                                                  &Mutator::extents,
                                                  &Mutator::extents,
                                                  &Mutator::extents,
                                                  &Mutator::elementType,
                                                  &Mutator::elementType,
                                                  &Mutator::map,
                                                  &Mutator::map,
                                                  &Mutator::line,
                                                  &Mutator::token,
                                                  &Mutator::word,
                                                  &Mutator::group,
                                                  &Mutator::number,
                                                  &Mutator::swapOperands,
                                                  &Mutator::extentEverywhere,
                                                  &Mutator::extentEverywhere,
                                                  &Mutator::extentEverywhere,
                                                  &Mutator::operandOfSameType,
                                                  &Mutator::operandOfSameType,
                                                  &Mutator::operandOfSameType};
  for (int64_t left = random.pick<int64_t>({1, 1, 1, 2, 3}); left > 0; --left)
    (this->*random.pick(mutations))();
  return std::move(text);
}

std::string fovea::fuzz::mutateText(Random &random, std::string text) { return Mutator(random, std::move(text)).run(); }
