//===- Ptxas.cpp - Runs NVIDIA's assembler --------------------------------===//

#include "fovea/Target/Ptxas.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace fovea;

std::optional<std::string> fovea::findPtxas() {
  if (auto path = llvm::sys::findProgramByName("ptxas"))
    return *path;
  llvm::SmallVector<std::string, 2> roots;
  if (std::optional<std::string> home = llvm::sys::Process::GetEnv("CUDA_HOME"))
    roots.push_back(*home);
  roots.push_back("/usr/local/cuda");
  for (llvm::StringRef root : roots) {
    llvm::SmallString<128> folder(root);
    llvm::sys::path::append(folder, "bin");
    if (auto path = llvm::sys::findProgramByName("ptxas", {folder.str()}))
      return *path;
  }
  return std::nullopt;
}

static std::string readIfThere(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

llvm::Expected<Cubin> fovea::assemblePtx(llvm::StringRef ptx, llvm::StringRef chip, llvm::StringRef ptxas) {
  std::string program = ptxas.str();
  if (program.empty()) {
    std::optional<std::string> found = findPtxas();
    if (!found)
      return llvm::createStringError("ptxas is found neither in PATH nor in CUDA_HOME/bin nor in /usr/local/cuda/bin");
    program = *found;
  }
  llvm::SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("fovea-ptxas", folder))
    return llvm::createStringError(error, "no temporary folder for ptxas: " + error.message());
  llvm::scope_exit removeFolder([&] { llvm::sys::fs::remove_directories(folder); });
  std::string source = (folder + "/kernels.ptx").str(), cubin = (folder + "/kernels.cubin").str(),
              messages = (folder + "/messages.txt").str();
  if (llvm::Error error = llvm::writeToOutput(source, [&](llvm::raw_ostream &os) {
        os << ptx;
        return llvm::Error::success();
      }))
    return error;

  std::string architecture = ("-arch=" + chip).str();
  llvm::StringRef arguments[] = {program, architecture, "-O3", "-v", "-o", cubin, source};
  std::optional<llvm::StringRef> redirects[] = {"", messages, messages};
  std::string problem;
  int status = llvm::sys::ExecuteAndWait(program, arguments, std::nullopt, redirects, 0, 0, &problem);
  Cubin result;
  result.messages = readIfThere(messages);
  result.report = parsePtxasReport(result.messages);
  if (status != 0) {
    llvm::StringRef said = problem.empty() ? llvm::StringRef(result.messages).rtrim() : llvm::StringRef(problem);
    return llvm::createStringError(
        program + " fails: " + (result.report.errors.empty() ? said.str() : llvm::join(result.report.errors, "; ")));
  }
  result.bytes = readIfThere(cubin);
  if (result.bytes.empty())
    return llvm::createStringError(program + " wrote no cubin");
  return result;
}
