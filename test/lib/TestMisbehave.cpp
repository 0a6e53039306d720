//===- TestMisbehave.cpp - a pass as it must not be -----------------------===//
//
//   -test-misbehave=how=crash    dereferences null
//   -test-misbehave=how=hang     does not end
//   -test-misbehave=how=exit     ends the process
//   -test-misbehave=how=silent   fails without a diagnostic
//   -test-misbehave=how=fail     fails with one
//
// What finds and records failures is tested with it.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <unistd.h>

using namespace mlir;

namespace {

enum class How { Crash, Hang, Exit, Silent, Fail };

struct TestMisbehavePass : PassWrapper<TestMisbehavePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestMisbehavePass)

  TestMisbehavePass() = default;
  TestMisbehavePass(const TestMisbehavePass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "test-misbehave"; }
  StringRef getDescription() const final { return "Crash, hang, exit or fail"; }

  void runOnOperation() override {
    switch (how) {
    case How::Crash:
      *static_cast<volatile int *>(nullptr) = 0;
      break;
    case How::Hang:
      for (volatile bool forever = true; forever;)
        ;
      break;
    case How::Exit:
      _exit(3);
    case How::Silent:
      return signalPassFailure();
    case How::Fail:
      getOperation().emitError("misbehaves as it was told");
      return signalPassFailure();
    }
  }

  Option<How> how{*this, "how", llvm::cl::desc("What to do"), llvm::cl::init(How::Crash),
                  llvm::cl::values(clEnumValN(How::Crash, "crash", ""), clEnumValN(How::Hang, "hang", ""),
                                   clEnumValN(How::Exit, "exit", ""), clEnumValN(How::Silent, "silent", ""),
                                   clEnumValN(How::Fail, "fail", ""))};
};

} // namespace

namespace fovea::test {
void registerMisbehavePass() { PassRegistration<TestMisbehavePass>(); }
} // namespace fovea::test
