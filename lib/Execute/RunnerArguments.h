//===- RunnerArguments.h - The arguments of a run ---------------*- C++ -*-===//
//
// From a signature and what the command line says to tensors with contents.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EXECUTE_RUNNERARGUMENTS_H
#define FOVEA_LIB_EXECUTE_RUNNERARGUMENTS_H

#include "fovea/Execute/Runner.h"
#include "fovea/Execute/Signature.h"

namespace fovea {

/// One tensor per argument of `function`. An argument that is only written to
/// is poisoned, unless it is given an input.
llvm::Expected<std::vector<HostTensor>> createArguments(mlir::func::FuncOp function, const Signature &signature,
                                                        const RunOptions &options);

/// Whether the function reads nothing of an argument that it writes to.
bool isDestination(mlir::BlockArgument argument);

} // namespace fovea

#endif // FOVEA_LIB_EXECUTE_RUNNERARGUMENTS_H
