//===- Isolation.cpp - seeds in a process that may crash ------------------===//

#include "Isolation.h"

#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>
#include <dlfcn.h>
#include <execinfo.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace fovea::fuzz;

void Progress::setStep(llvm::StringRef text) {
  size_t length = std::min(text.size(), step.size() - 1);
  std::memcpy(step.data(), text.data(), length);
  step[length] = 0;
}

/// `signal 11 (Segmentation fault)`, or "" for an end as it should be.
static std::string explainEnd(int status, unsigned seconds) {
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM))
    return "no end within " + std::to_string(seconds) + " s";
  if (WIFSIGNALED(status))
    return "signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")";
  if (WEXITSTATUS(status) != 0)
    return "exit with status " + std::to_string(WEXITSTATUS(status));
  return "";
}

/// Fovea is linked statically, so a frame of this program between those of libMLIR is one of ours. The outermost ones
/// are the fuzzer's; the innermost is this.
void fovea::fuzz::noteOwnCode(void *progress) {
  std::array<void *, 512> frames;
  int count = backtrace(frames.data(), frames.size());
  Dl_info self, other;
  if (!dladdr(reinterpret_cast<void *>(&noteOwnCode), &self))
    return;
  int changes = 0;
  bool wasOwn = true;
  for (int i = 0; i != count; ++i) {
    bool isOwn = dladdr(frames[i], &other) && other.dli_fbase == self.dli_fbase;
    changes += isOwn && !wasOwn;
    wasOwn = isOwn;
  }
  // Back to the fuzzer, and from the C library to where the program starts.
  static_cast<Progress *>(progress)->inOwnCode = changes > 2;
}

/// Ends the process after so many seconds of its own time, or when it only waits.
static void limitTime(unsigned seconds) {
  itimerval limit = {};
  limit.it_value.tv_sec = seconds;
  setitimer(ITIMER_PROF, &limit, nullptr);
  alarm(20 * seconds);
}

uint64_t fovea::fuzz::runIsolated(const IsolationOptions &options, llvm::function_ref<bool(uint64_t, Progress &)> run,
                                  llvm::function_ref<bool(llvm::StringRef, const Progress &)> report, Progress &total) {
  void *memory = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return report("no memory to share with a child process", total);
  }
  auto *shared = new (memory) Progress;
  uint64_t end = options.firstSeed + options.count;
  for (uint64_t next = options.firstSeed; next != end; next = shared->seed + 1) {
    // What is buffered would be printed by both.
    llvm::outs().flush();
    shared->seed = next;
    shared->inOwnCode = true; // unless a crash shows otherwise
    pid_t child = fork();
    if (child < 0) {
      shared->failures += report("no child process", *shared);
      break;
    }
    if (child == 0) {
      llvm::sys::AddSignalHandler(noteOwnCode, shared);
      for (; shared->seed != end; ++shared->seed) {
        limitTime(options.secondsPerSeed);
        shared->setStep("");
        shared->failures += !run(shared->seed, *shared);
      }
      --shared->seed; // the last one that was run
      llvm::outs().flush();
      // Without what a normal end does: that of a compiler takes longer than a seed, and is not what is tested.
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    std::string end = explainEnd(status, options.secondsPerSeed);
    if (end.empty())
      break;
    shared->failures += report(end, *shared);
  }
  total = *shared;
  uint64_t failures = shared->failures;
  munmap(memory, sizeof(Progress));
  return failures;
}
