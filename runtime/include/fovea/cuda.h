/*===- fovea/cuda.h - Compiled kernels on CUDA devices -----------*- C -*-===*\
|*
|* Part of the Fovea project. The driver is opened when first needed, so this
|* header works, and says what is missing, on machines without a GPU.
|*
|* Ownership and errors are those of runtime.h: the runtime keeps no pointer
|* that it is given beyond the call, a function that can fail returns 0 or -1,
|* and foveaGetLastError says why. The handles below belong to the caller, who
|* releases what it loaded or prepared; kernels belong to their module. Nothing
|* may still run on the device that uses what is released.
|*
|* Contexts. Everything happens in the CUDA context that is current on the
|* calling thread (a framework's own, or that of foveaCudaSetDevice), and a
|* handle is for the context that it was made in.
|*
|* Streams belong to the caller: a CUstream or cudaStream_t, null for the
|* default stream. A launch neither allocates, synchronises nor compiles, so it
|* may be captured in a graph.
|*
\*===----------------------------------------------------------------------===*/

#ifndef FOVEA_CUDA_H
#define FOVEA_CUDA_H

#include "fovea/element_type.h"
#include "fovea/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A CUstream. */
typedef void *FoveaCudaStream;

/** A CUevent. */
typedef void *FoveaCudaEvent;

/*===--- Devices and memory ----------------------------------------------===*/

/** 1 if there is a driver (CUDA 12.0 or later) and a device, otherwise 0, and
 *  foveaGetLastError says what is missing. */
FOVEA_RUNTIME_API int foveaCudaAvailable(void);

/** Makes the primary context of a device current on this thread. The context is
 *  kept until the process ends. */
FOVEA_RUNTIME_API int foveaCudaSetDevice(int device);

typedef struct FoveaCudaDevice {
  char name[128];
  int computeCapability; /**< 10 * major + minor. */
  int smCount;
  int64_t maxSharedBytes; /**< Of a block, static and dynamic. */
} FoveaCudaDevice;

/** The device of the current context. */
FOVEA_RUNTIME_API int foveaCudaGetDevice(FoveaCudaDevice *device);

/** Device memory and blocking copies, for programs that bring no framework. */
FOVEA_RUNTIME_API int foveaCudaAllocate(int64_t bytes, void **address);
FOVEA_RUNTIME_API int foveaCudaFree(void *address);
FOVEA_RUNTIME_API int foveaCudaCopyToDevice(void *device, const void *host, int64_t bytes);
FOVEA_RUNTIME_API int foveaCudaCopyToHost(void *host, const void *device, int64_t bytes);
FOVEA_RUNTIME_API int foveaCudaSynchronize(FoveaCudaStream stream);

/** Points in a stream, to measure between. */
FOVEA_RUNTIME_API int foveaCudaCreateEvent(FoveaCudaEvent *event);
FOVEA_RUNTIME_API int foveaCudaDestroyEvent(FoveaCudaEvent event);
FOVEA_RUNTIME_API int foveaCudaRecordEvent(FoveaCudaEvent event, FoveaCudaStream stream);

/** Waits for `end`, and stores the seconds between the two on the device. */
FOVEA_RUNTIME_API int foveaCudaElapsedSeconds(FoveaCudaEvent start, FoveaCudaEvent end, double *seconds);

/*===--- Modules and kernels ---------------------------------------------===*/

typedef struct FoveaCudaModule FoveaCudaModule;
typedef struct FoveaCudaKernel FoveaCudaKernel;

/** Loads PTX text or a cubin. The same bytes in the same context are loaded
 *  once; each call is matched by a release. The driver assembles PTX, whose log
 *  is part of the error; the cubin goes to the kernel cache. */
FOVEA_RUNTIME_API int foveaCudaLoadModule(const void *bytes, int64_t size, FoveaCudaModule **module);
FOVEA_RUNTIME_API int foveaCudaReleaseModule(FoveaCudaModule *module);

FOVEA_RUNTIME_API int foveaCudaGetKernel(FoveaCudaModule *module, const char *name, FoveaCudaKernel **kernel);

/** Allows launches with this much dynamic shared memory, and, if it exceeds 8,
 *  with clusters of so many blocks. Never takes back what was allowed. */
FOVEA_RUNTIME_API int foveaCudaAllow(FoveaCudaKernel *kernel, int64_t dynamicSharedBytes, int clusterBlocks);

typedef struct FoveaCudaKernelAttributes {
  int registers;      /**< Of a thread. */
  int64_t localBytes; /**< Of a thread: spills and stack. */
  int64_t staticSharedBytes;
  int64_t dynamicSharedBytes; /**< The most that a launch may ask for. */
  int maxThreadsPerBlock;
} FoveaCudaKernelAttributes;

FOVEA_RUNTIME_API int foveaCudaGetKernelAttributes(const FoveaCudaKernel *kernel,
                                                   FoveaCudaKernelAttributes *attributes);

typedef struct FoveaCudaLaunchShape {
  int64_t grid[3];    /**< At most 2^31 - 1, 65535, 65535; none is launched if one
                           is 0. */
  int64_t block[3];   /**< At most 1024, 1024, 64. */
  int64_t cluster[3]; /**< 1 x 1 x 1 is none; divides the grid. */
  int64_t dynamicSharedBytes;
} FoveaCudaLaunchShape;

/** Launches one kernel. `arguments` points to the value of each parameter, a
 *  tensor map being passed by value. */
FOVEA_RUNTIME_API int foveaCudaLaunchKernel(const FoveaCudaKernel *kernel, const FoveaCudaLaunchShape *shape,
                                            void **arguments, FoveaCudaStream stream);

/*===--- Tensor maps -----------------------------------------------------===*/

/** Tiles of a tensor in device memory, which must start at a multiple of 16
 *  bytes. Dimension 0 is the innermost. What a tile reads out of bounds is 0.
 */
typedef struct FoveaTensorMapShape {
  int elementType;      /**< A FoveaElementType. */
  int rank;             /**< 1 to 5. */
  int64_t sizes[5];     /**< In elements, 1 to 2^32. */
  int64_t strides[4];   /**< In bytes, of dimensions 1, 2, ...; multiples of 16
                             below 2^40. */
  int64_t box[5];       /**< In elements, 1 to 256; box[0] is a multiple of 16
                             bytes, and no more than the swizzle. */
  int swizzleBytes;     /**< 0, 32, 64 or 128. */
  int l2PromotionBytes; /**< 0, 64, 128 or 256. */
} FoveaTensorMapShape;

/** A CUtensorMap. */
typedef struct FoveaTensorMap {
#if defined(__GNUC__)
  __attribute__((aligned(64)))
#endif
  uint64_t opaque[16];
} FoveaTensorMap;

FOVEA_RUNTIME_API int foveaCudaEncodeTensorMap(void *address, const FoveaTensorMapShape *shape, FoveaTensorMap *map);

/*===--- Whole launches --------------------------------------------------===*/

/** Kernels and the launch descriptor (LaunchDescriptor.h) that says how to
 *  launch them. */
typedef struct FoveaCudaProgram FoveaCudaProgram;

/** PTX or a cubin. */
typedef struct FoveaCudaImage {
  const void *bytes;
  int64_t size;
} FoveaCudaImage;

/** Verifies the descriptor, loads the images and finds all kernels. Everything
 *  that can be checked before the arguments are known is checked here. */
FOVEA_RUNTIME_API int foveaCudaPrepare(const void *descriptor, int64_t size, const FoveaCudaImage *images,
                                       int64_t imageCount, FoveaCudaProgram **program);
FOVEA_RUNTIME_API int foveaCudaReleaseProgram(FoveaCudaProgram *program);

/** Like foveaCudaPrepare, from one piece of bytes that holds it all: what
 *  `fovea-compile --emit cuda-program` writes. */
FOVEA_RUNTIME_API int foveaCudaPrepareProgram(const void *bytes, int64_t size, FoveaCudaProgram **program);

/** An argument as the descriptor declares it: a tensor in device memory, or a
 *  scalar (i64, f32 or f64; rank 0, data null). */
typedef struct FoveaCudaArgument {
  int elementType; /**< A FoveaElementType. */
  int64_t rank;
  void *data;             /**< May be null if the tensor is empty. */
  const int64_t *sizes;   /**< `rank` many, at least 0. */
  const int64_t *strides; /**< In elements. */
  int64_t integer;        /**< An i64's value. */
  double number;          /**< An f32's or f64's value. */
} FoveaCudaArgument;

/** The argument that result `result` is written to, and its sizes, as many as
 *  its rank: a caller who makes the memory of results asks here how much. Of
 *  arguments that are results themselves neither data nor sizes are looked at,
 *  but for those that are there already. */
FOVEA_RUNTIME_API int foveaCudaGetResult(const FoveaCudaProgram *program, const FoveaCudaArgument *arguments,
                                         int64_t count, int64_t result, int64_t *argument, int64_t *sizes);

/** A kernel that a launch runs. */
typedef struct FoveaCudaPlannedKernel {
  const char *variant; /**< These two belong to the program. */
  const char *name;
  FoveaCudaLaunchShape shape;
  FoveaCudaKernelAttributes attributes;
} FoveaCudaPlannedKernel;

/** The kernels that a launch with these arguments runs, in order, at most
 *  `capacity` of them; how many they are is stored to `kernelCount`. */
FOVEA_RUNTIME_API int foveaCudaPlan(const FoveaCudaProgram *program, const FoveaCudaArgument *arguments, int64_t count,
                                    FoveaCudaPlannedKernel *kernels, int64_t capacity, int64_t *kernelCount);

/** How much workspace a launch with these arguments needs. */
FOVEA_RUNTIME_API int foveaCudaWorkspaceBytes(const FoveaCudaProgram *program, const FoveaCudaArgument *arguments,
                                              int64_t count, int64_t *bytes);

/** Launches the kernels of the first variant whose guards hold. `workspace` is
 *  device memory, aligned to 256 bytes, that belongs to this launch until it
 *  has run. Everything is checked before the first kernel is launched. */
FOVEA_RUNTIME_API int foveaCudaLaunch(const FoveaCudaProgram *program, const FoveaCudaArgument *arguments,
                                      int64_t count, void *workspace, int64_t workspaceBytes, FoveaCudaStream stream);

/** Like foveaCudaLaunch, in the workspace of an earlier launch of the program
 *  with arguments of the same sizes, which has run or is before this one on the
 *  stream, and after which nothing else wrote to it. Kernels leave what must be
 *  zero at their start as they found it, so nothing is filled with zeros: some
 *  microseconds less. */
FOVEA_RUNTIME_API int foveaCudaRelaunch(const FoveaCudaProgram *program, const FoveaCudaArgument *arguments,
                                        int64_t count, void *workspace, int64_t workspaceBytes, FoveaCudaStream stream);

/*===--- The kernel cache ------------------------------------------------===*/

/** Compiled code, found again by all that it was made from: in memory, and in
 *  the folder FOVEA_CACHE_DIR across processes. `key` is of any length and is
 *  compared as a whole.
 *
 *  Returns 1 if there is an entry, whose bytes stay valid for ever, else 0. A
 *  folder that cannot be used, and a damaged file in it, count as no entry, and
 *  are found as the last error. */
FOVEA_RUNTIME_API int foveaCacheFind(const void *key, int64_t keySize, const void **data, int64_t *size);

/** Keeps a copy. If only the folder cannot be written to, which the last error
 *  tells, this still succeeds. */
FOVEA_RUNTIME_API int foveaCacheStore(const void *key, int64_t keySize, const void *data, int64_t size);

#ifdef __cplusplus
}
#endif

#endif /* FOVEA_CUDA_H */
