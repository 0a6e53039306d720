//===- Compare.cpp - Is a result right? -----------------------------------===//
//
// One pass over the elements gathers errors by row and over all; the limits
// follow from what it saw.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/Compare.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

using namespace fovea;
using llvm::Expected;

namespace {

constexpr int64_t minRowLength = 8;
constexpr int64_t minMeanCount = 1024;

/// Absolute error limit of a 16-bit type on values of order 1.
double getHardCap(ElementType type) { return type == ElementType::F16 ? 2e-3 : 1.6e-2; }

double getRowLimit(ElementType type) { return type == ElementType::F32 ? 1e-5 : 1e-12; }

bool isSixteenBitFloat(ElementType type) { return type == ElementType::F16 || type == ElementType::BF16; }

/// `value` as `type` holds it.
double roundTo(ElementType type, double value) {
  char bytes[sizeof(double)];
  Scalar::ofFloat(value).store(type, bytes);
  return Scalar::load(type, bytes).toDouble();
}

/// Maximum and mean of what is added.
struct Statistic {
  double max = 0, sum = 0;
  int64_t count = 0;

  void add(double value) {
    max = std::max(max, value);
    sum += value;
    ++count;
  }
  double getMean() const { return count ? sum / count : 0; }
};

/// The maxima of the row that is being read.
struct RowMaxima {
  double error = 0, reference = 0;
  llvm::SmallVector<int64_t> worst;
  std::optional<double> value; ///< Of the first element.
  bool isConstant = true;

  void add(double elementError, double expected, llvm::ArrayRef<int64_t> indices) {
    if (worst.empty() || elementError > error)
      worst.assign(indices.begin(), indices.end());
    error = std::max(error, elementError);
    reference = std::max(reference, std::fabs(expected));
    if (!value)
      value = expected;
    isConstant &= *value == expected;
  }

  double getRelativeError(double floor) const { return error == 0 ? 0 : error / std::max(reference, floor); }
};

class Comparison {
public:
  Comparison(const HostTensor &result, const HostTensor &reference, const CompareOptions &options)
      : result(result), reference(reference), options(options) {
    verdict.precision = options.precision.value_or(result.getElementType());
    verdict.numElements = result.getNumElements();
  }

  Verdict runOnIntegers();
  Verdict runOnFloats();

private:
  void addMismatch(const ElementCursor &cursor, double value, double expected);
  void addElement(const ElementCursor &cursor, double value, double expected);
  void finishRow();
  void judgeRow(const RowMaxima &maxima);
  void judgeSixteenBit();

  const HostTensor &result;
  const HostTensor &reference;
  const CompareOptions &options;
  Verdict verdict;
  Statistic errors, magnitudes, baselineErrors;
  RowMaxima row, constantRows;
  llvm::SmallVector<int64_t> worstElement;
};

void Comparison::addMismatch(const ElementCursor &cursor, double value, double expected) {
  if (++verdict.numMismatches == 1)
    verdict.firstMismatch = Mismatch{llvm::SmallVector<int64_t>(cursor.getIndices()), value, expected};
}

Verdict Comparison::runOnIntegers() {
  verdict.rule = Verdict::Rule::Equal;
  for (ElementCursor at(result), ref(reference); !at.atEnd(); at.advance(), ref.advance()) {
    Scalar value = result.loadAt(at.getPosition());
    Scalar expected = reference.loadAt(ref.getPosition());
    double error = std::fabs(value.toDouble() - expected.toDouble());
    errors.add(error);
    // Doubles do not tell large integers apart; integers do not tell apart
    // what is beyond i64.
    if (error != 0 || value.toInt() != expected.toInt())
      addMismatch(at, value.toDouble(), expected.toDouble());
  }
  verdict.maxError = errors.max;
  verdict.meanError = errors.getMean();
  verdict.error = verdict.numMismatches;
  verdict.passed = verdict.numMismatches == 0;
  return verdict;
}

void Comparison::addElement(const ElementCursor &cursor, double value, double expected) {
  double rounded = roundTo(result.getElementType(), expected);
  if (std::isnan(value) || std::isnan(expected)) {
    if (std::isnan(value) != std::isnan(expected))
      addMismatch(cursor, value, expected);
    return;
  }
  if (std::isinf(value) || std::isinf(rounded)) {
    if (value != rounded)
      addMismatch(cursor, value, expected);
    return;
  }
  double error = std::fabs(value - expected);
  if (errors.count == 0 || error > errors.max)
    worstElement.assign(cursor.getIndices().begin(), cursor.getIndices().end());
  errors.add(error);
  magnitudes.add(std::fabs(expected));
  row.add(error, expected, cursor.getIndices());
}

void Comparison::finishRow() {
  if (row.isConstant && row.reference != 0)
    constantRows.add(row.error, row.reference, row.worst);
  else
    judgeRow(row);
  row = RowMaxima();
}

void Comparison::judgeRow(const RowMaxima &maxima) {
  double error = maxima.getRelativeError(options.magnitudeFloor);
  if (error > verdict.error) {
    verdict.error = error;
    verdict.worst = maxima.worst;
  }
}

void Comparison::judgeSixteenBit() {
  ElementType type = verdict.precision;
  verdict.rule = Verdict::Rule::MaxError;
  verdict.error = errors.max;
  verdict.worst = worstElement;
  verdict.limit = getHardCap(type) * std::max(1.0, magnitudes.max);
  verdict.hasBaseline = baselineErrors.count != 0;
  if (verdict.hasBaseline) {
    double roundoff = getUnitRoundoff(type);
    double maxLimit = std::max(2 * baselineErrors.max, roundoff * magnitudes.max);
    verdict.limit = std::min(verdict.limit, maxLimit);
    double meanLimit = (options.conditionalRescale ? 1.3 : 1.1) * baselineErrors.getMean();
    bool isChance = errors.count < minMeanCount || baselineErrors.max == 0;
    double meanRoundoff = isChance ? roundoff : getUnitRoundoff(ElementType::F32);
    verdict.meanLimit = std::max(meanLimit, meanRoundoff * magnitudes.getMean());
  }
}

Verdict Comparison::runOnFloats() {
  int64_t rowLength = result.getRank() ? result.getShape().back() : 1;
  if (rowLength < minRowLength)
    rowLength = verdict.numElements;

  std::optional<ElementCursor> base;
  if (options.baseline)
    base.emplace(*options.baseline);
  int64_t inRow = 0;
  for (ElementCursor at(result), ref(reference); !at.atEnd(); at.advance(), ref.advance()) {
    double expected = reference.loadAt(ref.getPosition()).toDouble();
    addElement(at, result.loadAt(at.getPosition()).toDouble(), expected);
    if (base) {
      double error = std::fabs(options.baseline->loadAt(base->getPosition()).toDouble() - expected);
      if (std::isfinite(error))
        baselineErrors.add(error);
      base->advance();
    }
    if (++inRow == rowLength) {
      finishRow();
      inRow = 0;
    }
  }
  judgeRow(constantRows);

  verdict.maxError = errors.max;
  verdict.meanError = errors.getMean();
  if (isSixteenBitFloat(verdict.precision)) {
    judgeSixteenBit();
  } else {
    verdict.rule = Verdict::Rule::RowRelative;
    verdict.limit = getRowLimit(verdict.precision);
  }
  verdict.passed = verdict.numMismatches == 0 && verdict.error <= verdict.limit &&
                   (!verdict.meanLimit || verdict.meanError <= *verdict.meanLimit);
  return verdict;
}

} // namespace

Expected<Verdict> fovea::compare(const HostTensor &result, const HostTensor &reference, const CompareOptions &options) {
  bool floats = isFloat(result.getElementType());
  auto isComparable = [&](const HostTensor &other) {
    return other.getShape() == result.getShape() && isFloat(other.getElementType()) == floats;
  };
  const HostTensor *others[] = {&reference, options.baseline};
  for (const HostTensor *other : others)
    if (other && !isComparable(*other))
      return llvm::createStringError("cannot compare " + result.getTypeString() + " with " + other->getTypeString());
  Comparison comparison(result, reference, options);
  return floats ? comparison.runOnFloats() : comparison.runOnIntegers();
}

std::string Verdict::summary() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto number = [](double value) { return llvm::format("%.2e", value); };
  auto relation = [](double value, double bound) { return value <= bound ? " <= " : " > "; };

  os << (passed ? "PASS " : "FAIL ") << getName(precision) << ": ";
  if (rule == Rule::Equal) {
    os << numMismatches << " of " << numElements << " elements differ";
  } else {
    os << (rule == Rule::MaxError ? "max error " : "row-relative error ") << number(error) << relation(error, limit)
       << number(limit);
    if (error > limit)
      os << " at " << formatIndices(worst);
    if (rule == Rule::RowRelative)
      os << ", max error " << number(maxError);
    os << ", mean error " << number(meanError);
    if (meanLimit)
      os << relation(meanError, *meanLimit) << number(*meanLimit);
    if (rule == Rule::MaxError)
      os << (hasBaseline ? " (limits from the unfused baseline)" : " (hard cap)");
    os << " over " << numElements << " elements";
    if (firstMismatch)
      os << "; " << numMismatches << " not finite on one side only";
  }
  if (firstMismatch)
    os << ", first at " << formatIndices(firstMismatch->indices) << ": got "
       << llvm::format("%g", firstMismatch->result) << ", expected " << llvm::format("%g", firstMismatch->reference);
  return text;
}
