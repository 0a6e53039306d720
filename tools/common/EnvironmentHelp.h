//===- EnvironmentHelp.h - The option --help-env ----------------*- C++ -*-===//
//
// For the mains of tools.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TOOLS_COMMON_ENVIRONMENTHELP_H
#define FOVEA_TOOLS_COMMON_ENVIRONMENTHELP_H

#include "llvm/Support/CommandLine.h"

namespace fovea {

/// The option exists as long as this does: prints the table of environment
/// variables and ends the process.
class EnvironmentHelp {
public:
  explicit EnvironmentHelp(llvm::cl::OptionCategory &category = llvm::cl::getGeneralCategory());

private:
  llvm::cl::opt<bool> option;
};

/// What it prints.
void printEnvironmentHelp(llvm::raw_ostream &os);

} // namespace fovea

#endif // FOVEA_TOOLS_COMMON_ENVIRONMENTHELP_H
