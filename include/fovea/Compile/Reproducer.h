//===- Reproducer.h - a folder that repeats a failure -----------*- C++ -*-===//
//
// Where FOVEA_REPRODUCER_DIR names a folder, a failure of the compiler, of a
// check or of a launch leaves a new folder in it:
//
//   command          a script that repeats what failed, with the tools in PATH
//   input.mlir       the module, as it was read
//   message.txt      what was reported
//   environment.txt  versions, the machine, and every FOVEA_ variable
//   ...              what else the command needs, and what else is known
//   pipeline.mlir    where a pass failed or crashed: the module before the
//                    pipeline, which `command-pipeline` runs by itself
//
// A folder is written under a name that begins with a point and renamed when
// it is complete.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_COMPILE_REPRODUCER_H
#define FOVEA_COMPILE_REPRODUCER_H

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <utility>
#include <vector>

namespace fovea {

/// A word of a command line as a shell reads it.
std::string quoteForShell(llvm::StringRef word);

/// What is needed to repeat something that may fail, while it is done.
class Reproducer {
public:
  /// `tool` names the folder. Where FOVEA_REPRODUCER_DIR is off, nothing is ever written.
  explicit Reproducer(llvm::StringRef tool);
  Reproducer(const Reproducer &) = delete;
  ~Reproducer();

  bool isWanted() const { return !parent.empty(); }

  void addFile(llvm::StringRef name, llvm::StringRef contents);
  /// The words of the command, which runs in the folder.
  void setCommand(llvm::ArrayRef<std::string> words);

  /// Takes note of the passes of `manager`, should one of them fail or crash. A crash then ends their run and not the
  /// process (llvm::CrashRecoveryContext).
  void watch(mlir::PassManager &manager);

  /// Writes the folder now, so that a crash, on whose signal keepAfterCrash is called, leaves it. Once per process at a
  /// time.
  void prepareForCrash();
  /// Safe in a signal handler.
  static void keepAfterCrash(void *);

  /// Writes the folder. The error that is returned says more than `error`: where it is, or why there is none.
  llvm::Error keep(llvm::Error error);
  /// The same for a message; returns the line to add to it, "" if nothing is wanted.
  std::string keep(llvm::StringRef message);

private:
  llvm::Expected<std::string> write(llvm::StringRef message);
  llvm::Expected<std::string> writeIncomplete(llvm::StringRef message);
  std::string findName() const;

  std::string tool, parent;
  std::vector<std::pair<std::string, std::string>> files;
  std::string pipeline;         ///< What a pass manager wrote when it failed.
  std::string preparedForCrash; ///< The folder, if it is written.
};

} // namespace fovea

#endif // FOVEA_COMPILE_REPRODUCER_H
