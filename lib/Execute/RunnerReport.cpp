//===- RunnerReport.cpp - What a run has to tell --------------------------===//

#include "fovea/Execute/Runner.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace fovea;

bool RunReport::passed() const {
  auto hasPassed = [](const Verdict &verdict) { return verdict.passed; };
  return llvm::all_of(verdicts, hasPassed) && (!counted || llvm::all_of(counted->verdicts, hasPassed));
}

static double getMedian(llvm::ArrayRef<double> sorted) {
  size_t middle = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

static void printTiming(llvm::raw_ostream &os, const Timing &timing, std::optional<double> flops, bool masked) {
  double median = getMedian(timing.seconds);
  os << llvm::format("time: median %.3f ms (%.3f .. %.3f) of %zu runs", 1e3 * median, 1e3 * timing.seconds.front(),
                     1e3 * timing.seconds.back(), timing.seconds.size());
  if (flops) {
    os << llvm::format(", %.3f TFLOP/s", *flops / median * 1e-12);
    if (masked)
      os << " counted dense";
  }
  os << "\n";
}

static void printAccesses(llvm::raw_ostream &os, const TensorAccesses &accesses) {
  for (auto [name, count] : {std::pair("reads", accesses.reads), std::pair(", writes", accesses.writes)}) {
    os << name << " " << count;
    if (accesses.elements > 0 && count > 0)
      os << llvm::format(" (%g per element)", double(count) / accesses.elements);
  }
  os << "\n";
}

static void printCounts(llvm::raw_ostream &os, const CountedAccesses &counted) {
  const AccessCounts &counts = counted.counts;
  for (auto [number, verdict] : llvm::enumerate(counted.verdicts))
    if (!verdict.passed)
      os << "result " << number << " of the run that is counted: " << verdict.summary() << "\n";
  os << "counted with " << counted.onChipBytes << " bytes on chip, of which " << counts.usedOnChipBytes
     << " are used:\n";
  for (auto [number, accesses] : llvm::enumerate(counts.arguments)) {
    os << "  argument " << number << ": " << counted.argumentTypes[number] << ": ";
    printAccesses(os, accesses);
  }
  os << "  temporaries: " << counts.temporaryBytes << " bytes: ";
  printAccesses(os, counts.temporaries);
  os << "  bytes read " << counts.readBytes << ", written " << counts.writtenBytes << "; flops " << counts.flops;
  if (int64_t bytes = counts.readBytes + counts.writtenBytes)
    os << llvm::format(", %.4g per byte", double(counts.flops) / bytes);
  os << "\n";
}

std::string RunReport::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "@" << entry << " on " << place
     << llvm::format(", compiled in %.0f ms (passes %.0f, LLVM %.0f",
                     1e3 * (loweringSeconds + codegenSeconds + assemblySeconds), 1e3 * loweringSeconds,
                     1e3 * codegenSeconds);
  if (assemblySeconds > 0)
    os << llvm::format(", PTX %.0f", 1e3 * assemblySeconds);
  os << ")\n";
  for (const std::string &remark : remarks)
    os << remark << "\n";
  for (auto [number, type] : llvm::enumerate(resultTypes)) {
    os << "result " << number << ": " << type;
    if (number < verdicts.size())
      os << ": " << verdicts[number].summary();
    os << "\n";
  }
  if (counted)
    printCounts(os, *counted);
  if (timing)
    printTiming(os, *timing, flops, masked);
  if (verdicts.empty() || !passed())
    for (const std::string &note : notes)
      os << "note: " << note << "\n";
  if (!passed())
    for (const std::string &line : reproducers)
      os << line << "\n";
  return text;
}
