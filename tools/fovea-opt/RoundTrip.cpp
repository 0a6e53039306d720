//===- RoundTrip.cpp - IR survives printing and parsing -------------------===//

#include "RoundTrip.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace {

enum class Form { Pretty, Generic, Bytecode };

StringRef nameOf(Form form) {
  switch (form) {
  case Form::Pretty:
    return "pretty";
  case Form::Generic:
    return "generic";
  case Form::Bytecode:
    return "bytecode";
  }
  llvm_unreachable("covered switch");
}

/// Writes `op` in `form`, with its locations: diagnostics of later passes still
/// point into the file that the user gave.
std::string write(Operation *op, Form form) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (form == Form::Bytecode) {
    // Writing the current version of the format cannot fail.
    (void)writeBytecodeToFile(op, os);
    return text;
  }
  OpPrintingFlags flags;
  flags.printGenericOpForm(form == Form::Generic).enableDebugInfo();
  op->print(os, flags);
  return text;
}

/// What two equal pieces of IR agree on: everything but locations, whatever the
/// command line says about printing less.
std::string fingerprint(Operation *op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  op->print(os, OpPrintingFlags().printGenericOpForm().enableDebugInfo(false).elideLargeElementsAttrs(INT64_MAX));
  return text;
}

/// The first lines that differ, without their indentation; two empty ones where
/// none does.
std::pair<std::string, std::string> firstDifference(StringRef a, StringRef b) {
  while (!a.empty() || !b.empty()) {
    auto [lineA, restA] = a.split('\n');
    auto [lineB, restB] = b.split('\n');
    if (lineA != lineB)
      return {lineA.trim().str(), lineB.trim().str()};
    a = restA;
    b = restB;
  }
  return {};
}

struct RoundTripPass final : PassWrapper<RoundTripPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RoundTripPass)

  StringRef getArgument() const override { return "round-trip"; }
  StringRef getDescription() const override { return "Write the IR in every form and read it back"; }

  void runOnOperation() override {
    for (Form form : {Form::Pretty, Form::Generic, Form::Bytecode})
      if (failed(roundTrip(getOperation(), form)))
        return signalPassFailure();
  }

  static LogicalResult roundTrip(Operation *op, Form form) {
    std::string expected = fingerprint(op);
    std::string written = write(op, form);
    Block parsed;
    ParserConfig config(op->getContext());
    if (failed(parseSourceString(written, &parsed, config, ("<" + nameOf(form) + " form>").str())))
      return op->emitError() << "the " << nameOf(form) << " form of this IR does not parse";
    Operation *result = &parsed.front();
    result->remove();
    OwningOpRef<Operation *> owned(result);
    auto [before, after] = firstDifference(expected, fingerprint(result));
    if (before != after)
      return op->emitError() << "the " << nameOf(form) << " form of this IR reads back as other IR: wrote '" << before
                             << "', read '" << after << "'";
    for (auto [region, read] : llvm::zip_equal(op->getRegions(), result->getRegions()))
      region.takeBody(read);
    return success();
  }
};

} // namespace

std::unique_ptr<Pass> fovea::createRoundTripPass() { return std::make_unique<RoundTripPass>(); }
