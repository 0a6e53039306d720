//===- RunnerCommand.h - fovea-run's command line, again --------*- C++ -*-===//

#ifndef FOVEA_LIB_EXECUTE_RUNNERCOMMAND_H
#define FOVEA_LIB_EXECUTE_RUNNERCOMMAND_H

#include "fovea/Compile/Reproducer.h"
#include "fovea/Execute/Runner.h"
#include "fovea/Execute/Signature.h"

namespace fovea {

/// The words that make the same run of `file`; `outputs` are left out.
std::vector<std::string> getRunCommand(const RunOptions &options, llvm::StringRef file);

/// What `reproducer` needs to repeat the run: the text of the module, the command, copies of the .npy files, and what
/// the arguments are.
void describeRun(Reproducer &reproducer, const RunOptions &options, llvm::StringRef text,
                 const std::vector<HostTensor> &arguments);

} // namespace fovea

#endif // FOVEA_LIB_EXECUTE_RUNNERCOMMAND_H
