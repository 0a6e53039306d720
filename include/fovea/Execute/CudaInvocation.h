//===- CudaInvocation.h - Calling a program on a CUDA device ----*- C++ -*-===//
//
//   auto call = CudaInvocation::create(program, arguments);
//   call->run();
//   auto results = call->takeResults();
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_CUDAINVOCATION_H
#define FOVEA_EXECUTE_CUDAINVOCATION_H

#include "fovea/Execute/HostTensor.h"
#include "fovea/Target/Kernel.h"
#include "fovea/cuda.h"

#include <vector>

namespace fovea {

/// A call with its arguments, which are copied to the device that is current
/// (foveaCudaSetDevice) with their strides, gaps included. What the runtime
/// says is wrong is the error.
class CudaInvocation {
public:
  /// Scalars are tensors of rank 0. `program` must outlive the call.
  static llvm::Expected<CudaInvocation> create(const CudaProgram &program, llvm::ArrayRef<HostTensor *> arguments);
  CudaInvocation(CudaInvocation &&other) noexcept;
  ~CudaInvocation();

  /// Launches, and waits for the end.
  llvm::Error run();

  /// Seconds of the device per call, for each of `repeat` measurements. Short
  /// calls are measured several at a time, so that the host's own time for a
  /// launch does not count where it is hidden.
  llvm::Expected<std::vector<double>> measure(int64_t repeat);

  /// The results of the last run, copied from the device.
  llvm::Expected<llvm::SmallVector<HostTensor>> takeResults();

  /// The kernels that a run launches.
  llvm::Expected<std::vector<FoveaCudaPlannedKernel>> getKernels() const;

private:
  /// A tensor and its copy on the device.
  struct Buffer {
    HostTensor host;
    void *device = nullptr;
  };

  explicit CudaInvocation(const CudaProgram &program) : program(&program) {}
  llvm::Error prepare();
  llvm::Error addTensor(HostTensor &&tensor);
  llvm::Error addScalar(const HostTensor &tensor, launch::ElementType type);
  llvm::Error addResults(size_t given);
  llvm::Error makeWorkspace();
  llvm::Error launch();

  const CudaProgram *program;
  FoveaCudaProgram *prepared = nullptr;
  std::vector<Buffer> buffers; ///< One per argument; those of scalars are without memory.
  std::vector<FoveaCudaArgument> arguments;
  void *workspace = nullptr;
  int64_t workspaceBytes = 0;
};

} // namespace fovea

#endif // FOVEA_EXECUTE_CUDAINVOCATION_H
