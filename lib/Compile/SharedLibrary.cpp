//===- SharedLibrary.cpp - Linking an object ------------------------------===//

#include "SharedLibrary.h"
#include "fovea/runtime.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <dlfcn.h>

using namespace fovea;

static llvm::Expected<std::string> findLinker(llvm::StringRef name) {
  llvm::SmallVector<llvm::StringRef> candidates{name};
  if (name.empty())
    candidates = {"cc", "clang", "gcc"};
  for (llvm::StringRef candidate : candidates)
    if (auto path = llvm::sys::findProgramByName(candidate))
      return *path;
  return llvm::createStringError(name.empty() ? "no C compiler to link with: found none of cc, clang, gcc"
                                              : "no program '" + name + "' to link with");
}

/// Where the runtime that this process uses was loaded from.
static llvm::Expected<std::string> findRuntime() {
  Dl_info info;
  llvm::SmallString<128> path;
  if (!dladdr(reinterpret_cast<void *>(&foveaRuntimeVersion), &info) || llvm::sys::fs::real_path(info.dli_fname, path))
    return llvm::createStringError("fovea_runtime is not found");
  return path.str().str();
}

llvm::Error fovea::linkSharedLibrary(llvm::StringRef object, llvm::StringRef output, llvm::StringRef linker) {
  llvm::Expected<std::string> program = findLinker(linker);
  if (!program)
    return program.takeError();
  llvm::Expected<std::string> runtime = findRuntime();
  if (!runtime)
    return runtime.takeError();

  llvm::SmallString<128> objectPath, messagePath;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("fovea", "o", objectPath))
    return llvm::errorCodeToError(error);
  llvm::FileRemover removeObject(objectPath);
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("fovea", "txt", messagePath))
    return llvm::errorCodeToError(error);
  llvm::FileRemover removeMessages(messagePath);
  if (llvm::Error error = llvm::writeToOutput(objectPath, [&](llvm::raw_ostream &os) {
        os << object;
        return llvm::Error::success();
      }))
    return error;

  std::string searchPath = ("-Wl,-rpath," + llvm::sys::path::parent_path(*runtime)).str();
  llvm::StringRef arguments[] = {*program, "-shared", "-o", output, objectPath, *runtime, searchPath, "-lm"};
  std::optional<llvm::StringRef> redirects[] = {"", messagePath.str(), messagePath.str()};
  std::string problem;
  int status = llvm::sys::ExecuteAndWait(*program, arguments, std::nullopt, redirects, 0, 0, &problem);
  if (status == 0)
    return llvm::Error::success();
  if (auto messages = llvm::MemoryBuffer::getFile(messagePath))
    problem += (*messages)->getBuffer().rtrim().str();
  return llvm::createStringError("linking with " + *program + " failed: " + problem);
}
