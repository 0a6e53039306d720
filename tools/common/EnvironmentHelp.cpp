//===- EnvironmentHelp.cpp - The option --help-env ------------------------===//

#include "common/EnvironmentHelp.h"
#include "fovea/runtime.h"

#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;

void fovea::printEnvironmentHelp(llvm::raw_ostream &os) {
  os << "Environment variables:\n";
  int64_t count;
  const FoveaEnvironmentVariable *table = foveaEnvironmentVariables(&count);
  for (const FoveaEnvironmentVariable &variable : llvm::ArrayRef(table, size_t(count)))
    os << "\n  " << variable.name << "=" << variable.defaultValue << "\n    " << variable.description << "\n    Takes "
       << variable.values << ".\n";
}

fovea::EnvironmentHelp::EnvironmentHelp(cl::OptionCategory &category)
    : option("help-env", cl::desc("Display the environment variables"), cl::ValueDisallowed, cl::cat(category),
             cl::callback([](const bool &) {
               printEnvironmentHelp(llvm::outs());
               llvm::outs().flush();
               std::exit(0);
             })) {}
