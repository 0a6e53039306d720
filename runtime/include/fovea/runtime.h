/*===- fovea/runtime.h - What compiled code calls ----------------*- C -*-===*\
|*
|* Part of the Fovea project. The runtime never links LLVM or MLIR: a program
|* that only runs compiled kernels needs this library and nothing else of ours.
|*
|* Ownership. The runtime keeps no pointer that it is given beyond the call. The
|* strings and tables it returns belong to it; a string of foveaGetLastError is
|* valid until the next call into the runtime on its thread, all others for ever.
|* Worker threads belong to the runtime, block all signals and may live until
|* the process ends, so the library stays loaded after dlclose.
|*
|* Errors. A function that can fail returns 0 on success and -1 on failure, and
|* foveaGetLastError says why, on the thread that made the call; success does
|* not clear it. What the runtime could work around (an environment variable it
|* cannot read, threads it cannot start) is found there too. Nothing is ever
|* printed, and no exception leaves the runtime: one that leaves a callback ends
|* the process (std::terminate).
|*
|* Threads. Every function may be called from any thread at any time, callbacks
|* included.
|*
|* fork. The child starts without workers and makes its own at its first
|* parallel loop. A child forked inside a callback must not return from it.
|*
\*===----------------------------------------------------------------------===*/

#ifndef FOVEA_RUNTIME_H
#define FOVEA_RUNTIME_H

#include <stdint.h>

#if defined(__GNUC__)
#define FOVEA_RUNTIME_API __attribute__((visibility("default")))
#else
#define FOVEA_RUNTIME_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Version of this header: 10000 * major + 100 * minor + patch. */
#define FOVEA_RUNTIME_VERSION 100

/** Version of the library that is loaded, counted in the same way. */
FOVEA_RUNTIME_API int64_t foveaRuntimeVersion(void);

/** The last error of this thread; "" if there has been none, or none since
 *  foveaClearLastError. */
FOVEA_RUNTIME_API const char *foveaGetLastError(void);
FOVEA_RUNTIME_API void foveaClearLastError(void);

/** Calls body(context, index) exactly once for each index in [0, count), from
 *  the calling thread and the workers, and returns when all have returned. What
 *  the caller wrote before is visible to them, and what they wrote to the
 *  caller after. A count below 1 does nothing.
 *
 *  Indices are handed out one at a time in ascending order to whichever thread
 *  is free, so the caller balances the load by putting the longest work first.
 *  Bodies run in the caller's floating-point environment (rounding mode, flush
 *  to zero): results do not depend on which thread computed them.
 *
 *  A call from within the body of a loop runs its indices in order on the
 *  thread that makes it; a loop of one index is no loop in this sense. Loops of
 *  several host threads run at the same time and share the workers. A call
 *  allocates nothing, except that the first one starts the workers. */
FOVEA_RUNTIME_API void foveaParallelFor(int64_t count, void (*body)(void *context, int64_t index), void *context);

/** Sets how many threads share a loop, the caller's included: 1 to 4096, or 0
 *  for the default, which is FOVEA_NUM_THREADS or else one per processor that
 *  this process may use. Holds for loops that start afterwards; surplus workers
 *  end when they run out of work. */
FOVEA_RUNTIME_API int foveaSetThreadCount(int count);

/** How many threads share a loop. Less than was asked for if the system refused
 *  to start them, which the loop that found out reports as its last error. */
FOVEA_RUNTIME_API int foveaGetThreadCount(void);

/** Makes the CPU's matrix unit (AMX) usable in this process: Linux wants to be
 *  asked. 0 if it is, and then for good and for all threads; a further call
 *  costs a load. Compiled code with AMX calls this before it uses a tile, and
 *  takes its other version where the answer is not 0. */
FOVEA_RUNTIME_API int foveaRequestMatrixUnit(void);

/** An environment variable that the runtime reads. A value that it cannot read
 *  is ignored, and reported as the last error of the call that needed it. */
typedef struct FoveaEnvironmentVariable {
  const char *name;
  const char *values; /**< What may be written, in words. */
  const char *defaultValue;
  const char *description; /**< One sentence. */
} FoveaEnvironmentVariable;

/** The folder of FOVEA_REPRODUCER_DIR, "" for none; valid until this thread's
 *  next call. It need not exist. */
FOVEA_RUNTIME_API const char *foveaGetReproducerFolder(void);

/** All of them; their number is stored to `count`. */
FOVEA_RUNTIME_API const FoveaEnvironmentVariable *foveaEnvironmentVariables(int64_t *count);

#ifdef __cplusplus
}
#endif

#endif /* FOVEA_RUNTIME_H */
