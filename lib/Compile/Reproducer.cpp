//===- Reproducer.cpp - a folder that repeats a failure -------------------===//

#include "fovea/Compile/Reproducer.h"
#include "fovea/Target/CpuModel.h"
#include "fovea/runtime.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Chrono.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <cstdio>

using namespace fovea;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

std::string fovea::quoteForShell(llvm::StringRef word) {
  constexpr llvm::StringLiteral harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(harmless) == llvm::StringRef::npos)
    return word.str();
  std::string text = "'";
  for (char c : word)
    text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

//===----------------------------------------------------------------------===//
// Contents
//===----------------------------------------------------------------------===//

Reproducer::Reproducer(llvm::StringRef tool) : tool(tool), parent(foveaGetReproducerFolder()) {}

void Reproducer::addFile(llvm::StringRef name, llvm::StringRef contents) {
  if (isWanted())
    files.emplace_back(name.str(), contents.str());
}

static std::string writeScript(llvm::ArrayRef<std::string> words) {
  // Repeated as it was, and not recorded again.
  std::string text = "#!/bin/sh\ncd \"$(dirname \"$0\")\" && FOVEA_REPRODUCER_DIR=off FOVEA_NUM_THREADS=" +
                     std::to_string(foveaGetThreadCount()) + " exec";
  for (const std::string &word : words)
    text += " " + quoteForShell(word);
  return text + "\n";
}

void Reproducer::setCommand(llvm::ArrayRef<std::string> words) { addFile("command", writeScript(words)); }

namespace {

/// Keeps what MLIR writes when passes fail.
struct PipelineStream final : mlir::ReproducerStream {
  explicit PipelineStream(std::string &text) : stream(text) {}
  llvm::StringRef description() override { return "the reproducer's folder"; }
  llvm::raw_ostream &os() override { return stream; }
  llvm::raw_string_ostream stream;
};

} // namespace

void Reproducer::watch(mlir::PassManager &manager) {
  if (!isWanted())
    return;
  pipeline.clear();
  llvm::CrashRecoveryContext::Enable();
  manager.enableCrashReproducerGeneration([this](std::string &) { return std::make_unique<PipelineStream>(pipeline); });
}

static std::string describeEnvironment() {
  std::string text;
  llvm::raw_string_ostream os(text);
  int64_t version = foveaRuntimeVersion();
  os << "Fovea " << version / 10000 << "." << version / 100 % 100 << "." << version % 100 << ", LLVM "
     << LLVM_VERSION_STRING << "\n";
  os << "threads: " << foveaGetThreadCount() << "\n";
  os << "CPU features: " << CpuModel::host().features << "\n";
  int64_t count = 0;
  const FoveaEnvironmentVariable *variables = foveaEnvironmentVariables(&count);
  for (const FoveaEnvironmentVariable &variable : llvm::ArrayRef(variables, size_t(count)))
    if (std::optional<std::string> value = llvm::sys::Process::GetEnv(variable.name))
      os << variable.name << "=" << *value << "\n";
  return text;
}

//===----------------------------------------------------------------------===//
// The folder
//===----------------------------------------------------------------------===//

static llvm::Error cannotWrite(const llvm::Twine &what, std::error_code reason) {
  return llvm::createStringError("cannot write " + what + ": " + reason.message());
}

static llvm::Error writeFile(llvm::StringRef file, llvm::StringRef contents, bool executable) {
  std::error_code failure;
  llvm::raw_fd_ostream os(file, failure);
  if (failure)
    return cannotWrite(file, failure);
  os << contents;
  os.close();
  if (os.has_error()) {
    std::error_code reason = os.error();
    os.clear_error();
    return cannotWrite(file, reason);
  }
  if (executable)
    if (std::error_code reason = fs::setPermissions(file, fs::all_read | fs::all_exe | fs::owner_write))
      return cannotWrite(file, reason);
  return llvm::Error::success();
}

/// A folder with a name that nobody looks for.
llvm::Expected<std::string> Reproducer::writeIncomplete(llvm::StringRef message) {
  if (std::error_code reason = fs::create_directories(parent))
    return cannotWrite(parent, reason);
  llvm::SmallString<128> folder(parent);
  path::append(folder, ".incomplete");
  llvm::SmallString<128> made;
  if (std::error_code reason = fs::createUniqueDirectory(folder, made))
    return cannotWrite(folder, reason);
  auto write = [&](llvm::StringRef name, llvm::StringRef contents, bool executable = false) {
    llvm::SmallString<128> file(made);
    path::append(file, name);
    return writeFile(file, contents, executable);
  };
  llvm::Error failed = llvm::Error::success();
  for (const auto &[name, contents] : files)
    failed = llvm::joinErrors(std::move(failed), write(name, contents, /*executable=*/name == "command"));
  failed = llvm::joinErrors(std::move(failed), write("message.txt", (message + "\n").str()));
  failed = llvm::joinErrors(std::move(failed), write("environment.txt", describeEnvironment()));
  if (!pipeline.empty()) {
    failed = llvm::joinErrors(std::move(failed), write("pipeline.mlir", pipeline));
    failed = llvm::joinErrors(
        std::move(failed),
        write("command-pipeline", writeScript({"fovea-opt", "--run-reproducer", "pipeline.mlir", "-o", "pipeline.out"}),
              /*executable=*/true));
  }
  if (failed) {
    fs::remove_directories(made);
    return std::move(failed);
  }
  return made.str().str();
}

/// A new one: tool, time and process.
std::string Reproducer::findName() const {
  std::string base =
      llvm::formatv("{0}-{1:%Y%m%d-%H%M%S}-{2}", tool, llvm::sys::TimePoint<>(std::chrono::system_clock::now()),
                    llvm::sys::Process::getProcessId())
          .str();
  for (int number = 0;; ++number) {
    llvm::SmallString<128> name(parent);
    path::append(name, number == 0 ? base : base + "-" + std::to_string(number));
    if (!fs::exists(name))
      return name.str().str();
  }
}

llvm::Expected<std::string> Reproducer::write(llvm::StringRef message) {
  llvm::Expected<std::string> incomplete = writeIncomplete(message);
  if (!incomplete)
    return incomplete.takeError();
  std::string name = findName();
  if (std::error_code reason = fs::rename(*incomplete, name)) {
    fs::remove_directories(*incomplete);
    return cannotWrite(name, reason);
  }
  return name;
}

std::string Reproducer::keep(llvm::StringRef message) {
  if (!isWanted())
    return "";
  llvm::Expected<std::string> folder = write(message);
  if (!folder)
    return "no reproducer: " + llvm::toString(folder.takeError());
  return "reproducer: " + *folder + "/command";
}

llvm::Error Reproducer::keep(llvm::Error error) {
  if (!isWanted())
    return error;
  std::string message = llvm::toString(std::move(error));
  return llvm::createStringError(message + "\n" + keep(message));
}

//===----------------------------------------------------------------------===//
// Crashes
//===----------------------------------------------------------------------===//

/// What a signal handler renames, and to what.
static char crashFrom[4096], crashTo[4096];
static std::atomic<bool> crashIsPrepared = false;

void Reproducer::prepareForCrash() {
  if (!isWanted() || crashIsPrepared)
    return;
  // Where this fails, keep will say so, if there is something to keep.
  llvm::Expected<std::string> folder = writeIncomplete("the process crashed");
  if (!folder)
    return llvm::consumeError(folder.takeError());
  preparedForCrash = *folder;
  std::string name = findName();
  if (preparedForCrash.size() >= sizeof crashFrom || name.size() >= sizeof crashTo)
    return;
  std::copy(preparedForCrash.c_str(), preparedForCrash.c_str() + preparedForCrash.size() + 1, crashFrom);
  std::copy(name.c_str(), name.c_str() + name.size() + 1, crashTo);
  crashIsPrepared = true;
}

void Reproducer::keepAfterCrash(void *) {
  if (crashIsPrepared.exchange(false))
    (void)std::rename(crashFrom, crashTo);
}

Reproducer::~Reproducer() {
  if (preparedForCrash.empty())
    return;
  crashIsPrepared = false;
  fs::remove_directories(preparedForCrash);
}
