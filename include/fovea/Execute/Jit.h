//===- Jit.h - Compiling and calling a function in this process -*- C++ -*-===//
//
//   Signature signature = Signature::of(function);       // while on tensors
//   ... attn-to-llvm on the module ...
//   auto compiled = CompiledFunction::compile(module, signature);
//   auto call = Invocation::create(*compiled, arguments);
//   call->run();                                         // as often as liked
//   auto results = call->takeResults();
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_JIT_H
#define FOVEA_EXECUTE_JIT_H

#include "fovea/Execute/Signature.h"
#include "fovea/Target/CpuModel.h"

#include "mlir/IR/BuiltinOps.h"

#include <memory>
#include <vector>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace fovea {

struct JitOptions {
  CpuModel target = CpuModel::host();
  /// Of LLVM, 0 to 3. Fused code is as fast at 1 as at 2 (its loops are vectors already) and takes half as long as with
  /// LLVM's default pipeline.
  unsigned optimizationLevel = 1;
};

/// Machine code of one function. Calls of foveaParallelFor go to the runtime
/// that this program is linked with.
class CompiledFunction {
public:
  /// Compiles `module`, which is in the LLVM dialect and has a C interface for
  /// the function of `signature`. The context must have the translations to
  /// LLVM IR (fovea::registerAllDialects).
  static llvm::Expected<std::unique_ptr<CompiledFunction>> compile(mlir::ModuleOp module, const Signature &signature,
                                                                   const JitOptions &options = {});
  ~CompiledFunction();

  const Signature &getSignature() const { return signature; }

private:
  friend class Invocation;
  using EntryPoint = void (*)(void **arguments, void *results);

  /// Where a result of the signature is found after a call.
  struct ResultPlace {
    int64_t argument = -1; ///< In this argument, if not negative.
    int64_t offset = 0;    ///< Else so far into the block of results.
  };

  CompiledFunction() = default;

  Signature signature;
  llvm::SmallVector<ResultPlace> resultPlaces;
  int64_t resultBytes = 0;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  EntryPoint entryPoint = nullptr;
};

/// A call with its arguments, whose elements must outlive it, as must the
/// function.
class Invocation {
public:
  /// Scalars are tensors of rank 0. Fails, naming the argument, where number,
  /// types or shapes are not those of the signature.
  static llvm::Expected<Invocation> create(const CompiledFunction &function, llvm::ArrayRef<TensorView> arguments);
  static llvm::Expected<Invocation> create(const CompiledFunction &function, llvm::ArrayRef<HostTensor *> arguments);
  Invocation(Invocation &&) = default;
  ~Invocation() { freeResults(); }

  /// Nothing but the compiled code runs here, except that what the run before
  /// returned is freed first.
  void run();

  /// The results of the last run, in memory that belongs to this call until it
  /// runs again or ends; those that were written to an argument lie there.
  llvm::SmallVector<TensorView> getResults() const;

  /// Row-major copies of the results of the last run. A result that was
  /// written to an argument is a copy of it.
  llvm::Expected<llvm::SmallVector<HostTensor>> takeResults();

private:
  explicit Invocation(const CompiledFunction &function) : function(&function) {}
  void freeResults();

  const CompiledFunction *function;
  llvm::SmallVector<TensorView> arguments;
  /// A strided memref per tensor: allocation, start, offset, sizes, strides.
  std::vector<std::vector<int64_t>> descriptors;
  std::vector<void *> slots;
  std::vector<int64_t> resultBlock;
};

} // namespace fovea

#endif // FOVEA_EXECUTE_JIT_H
