//===- PtxasReport.cpp - What ptxas says of kernels -----------------------===//
//
//   ptxas info    : Compiling entry function 'k' for 'sm_90a'
//       0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
//   ptxas info    : Used 168 registers, used 10 barriers, 64 bytes smem
//   ptxas info    : (C7508) Potential Performance Loss: ...
//
//===----------------------------------------------------------------------===//

#include "fovea/Target/Ptxas.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

using namespace fovea;

const PtxasKernel *PtxasReport::find(llvm::StringRef name) const {
  auto found = llvm::find_if(kernels, [&](const PtxasKernel &kernel) { return kernel.name == name; });
  return found == kernels.end() ? nullptr : &*found;
}

/// The kernel called `name`, new if there is none.
static PtxasKernel &getKernel(PtxasReport &report, llvm::StringRef name) {
  for (PtxasKernel &kernel : report.kernels)
    if (kernel.name == name)
      return kernel;
  report.kernels.emplace_back().name = name.str();
  return report.kernels.back();
}

/// Items as in `Used 32 registers, used 1 barriers, 496 bytes cumulative stack
/// size`, of which there are more than we ask for.
static void readNumbers(llvm::StringRef list, PtxasKernel &kernel) {
  llvm::SmallVector<llvm::StringRef> items;
  list.split(items, ',');
  for (llvm::StringRef item : items) {
    item = item.trim();
    if (!item.consume_front("Used "))
      item.consume_front("used ");
    int64_t number;
    if (item.consumeInteger(10, number))
      continue;
    item = item.trim();
    if (item == "registers")
      kernel.registers = number;
    else if (item == "barriers")
      kernel.barriers = number;
    else if (item == "bytes smem")
      kernel.staticSharedBytes = number;
    else if (item == "bytes stack frame")
      kernel.stackBytes = number;
    else if (item == "bytes spill stores")
      kernel.spillStoreBytes = number;
    else if (item == "bytes spill loads")
      kernel.spillLoadBytes = number;
  }
}

/// `(C7508) text`
static std::optional<PtxasAdvice> readAdvice(llvm::StringRef message) {
  PtxasAdvice advice;
  if (!message.consume_front("(C") || message.consumeInteger(10, advice.code) || !message.consume_front(")"))
    return std::nullopt;
  advice.text = message.trim().str();
  return advice;
}

/// What stands between the first pair of single quotes.
static llvm::StringRef getQuoted(llvm::StringRef text) { return text.split('\'').second.split('\'').first; }

PtxasReport fovea::parsePtxasReport(llvm::StringRef text) {
  PtxasReport report;
  std::string current; // the kernel that unnamed lines are about
  for (llvm::StringRef line : llvm::split(text, '\n')) {
    line = line.rtrim();
    if (!line.consume_front("ptxas ")) {
      if (line.starts_with(" ") && !current.empty())
        readNumbers(line, getKernel(report, current));
      continue;
    }
    // `info    : message`, or `file.ptx, line 77; error   : message`.
    auto [prefix, message] = line.split(" : ");
    prefix = prefix.rtrim();
    message = message.trim();
    llvm::StringRef place = prefix.rsplit("; ").second.empty() ? "" : prefix.rsplit("; ").first;
    if (prefix.ends_with("error") || prefix.ends_with("fatal")) {
      // `file.ptx, line 77`: the file is our own, so the line will do.
      llvm::StringRef number = place.rsplit(", ").second;
      report.errors.push_back((number.empty() ? message : number + ": " + message).str());
    } else if (prefix.ends_with("warning")) {
      report.warnings.push_back(message.str());
    } else if (std::optional<PtxasAdvice> advice = readAdvice(message)) {
      report.advice.push_back(std::move(*advice));
    } else if (message.starts_with("Compiling entry function ")) {
      current = getQuoted(message).str();
      getKernel(report, current);
    } else if (message.consume_front("Function properties for ")) {
      // Of a device function when it is no kernel's name: the numbers then are not the kernel's.
      current = report.find(message) ? message.str() : "";
    } else if (message.starts_with("Used ") && !report.kernels.empty()) {
      readNumbers(message, report.kernels.back());
    }
  }
  return report;
}

std::optional<std::string> fovea::whyNotClean(const PtxasReport &report) {
  constexpr int fenceAdded = 7519;
  llvm::SmallVector<std::string> reasons;
  for (const PtxasKernel &kernel : report.kernels) {
    if (kernel.spillStoreBytes || kernel.spillLoadBytes)
      reasons.push_back("kernel '" + kernel.name + "' spills registers: " + std::to_string(kernel.spillStoreBytes) +
                        " bytes stored, " + std::to_string(kernel.spillLoadBytes) + " loaded, with " +
                        std::to_string(kernel.registers) + " registers");
    else if (kernel.stackBytes)
      reasons.push_back("kernel '" + kernel.name + "' has a stack of " + std::to_string(kernel.stackBytes) + " bytes");
  }
  for (const PtxasAdvice &advice : report.advice)
    if (advice.code / 100 == 75 && advice.code != fenceAdded)
      reasons.push_back("C" + std::to_string(advice.code) + ": " + advice.text);
  if (reasons.empty())
    return std::nullopt;
  return llvm::join(reasons, "; ");
}
