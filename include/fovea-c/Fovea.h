/*===- fovea-c/Fovea.h - The compiler, from C --------------------*- C -*-===*\
|*
|* Part of the Fovea project. Read a module of MLIR, run pipelines on it,
|* compile a function of it for this machine's CPU and call it, or for a GPU.
|*
|* Ownership. A pointer that a function stores to its last parameter, or returns
|* from ...Create, belongs to the caller, who ends it with the ...Destroy of its
|* type (NULL is allowed): modules before their context; results before their
|* function. A compiled function needs neither module nor context. Strings and
|* descriptors that are returned belong to the object they were asked of. The
|* compiler keeps nothing it is given beyond the call, but the diagnostic
|* handler. The elements of tensors are never copied: arguments are read and
|* written where they are.
|*
|* Errors. A function that can fail returns FOVEA_OK or what kind of error it
|* was; foveaGetErrorMessage says more, on the thread that made the call, until
|* that thread's next call that fails. Nothing is stored to the last parameter
|* then. Nothing is printed, but for a line of MLIR's own on an option of a
|* pipeline that it does not know. Where FOVEA_REPRODUCER_DIR is set, a
|* compilation that fails leaves a folder that repeats it, which the message
|* names; a crash of a pass is such a failure then.
|*
|* Threads. A context with its modules serves one thread at a time. A compiled
|* function may be called by many at once. The work of a call is shared among
|* the threads of fovea_runtime (fovea/runtime.h).
|*
\*===----------------------------------------------------------------------===*/

#ifndef FOVEA_C_FOVEA_H
#define FOVEA_C_FOVEA_H

#include "fovea/element_type.h"

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FOVEA_C_API __attribute__((visibility("default")))
#else
#define FOVEA_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*===-- Errors ------------------------------------------------------------===*/

typedef enum FoveaStatus {
  FOVEA_OK = 0,
  FOVEA_INVALID_ARGUMENT = 1, /**< A call that makes no sense as made. */
  FOVEA_INVALID_MODULE = 2,   /**< Text that is no valid module of MLIR. */
  FOVEA_COMPILATION_FAILED = 3
} FoveaStatus;

/** Why the last call of this thread that failed did; "" if none has. */
FOVEA_C_API const char *foveaGetErrorMessage(void);

/** 10000 * major + 100 * minor + patch. */
FOVEA_C_API int64_t foveaCompilerVersion(void);

/*===-- Contexts ----------------------------------------------------------===*/

typedef struct FoveaContext FoveaContext;

/** With the dialects of Fovea and of upstream MLIR. */
FOVEA_C_API FoveaContext *foveaContextCreate(void);
FOVEA_C_API void foveaContextDestroy(FoveaContext *context);

typedef enum FoveaSeverity { FOVEA_NOTE = 0, FOVEA_WARNING = 1, FOVEA_ERROR = 2, FOVEA_REMARK = 3 } FoveaSeverity;

/** Its pointers are valid during the call. `file` is "" and line and column are
 *  0 where the place is not known. */
typedef struct FoveaDiagnostic {
  FoveaSeverity severity;
  const char *file;
  int64_t line;   /**< From 1. */
  int64_t column; /**< From 1. */
  const char *message;
} FoveaDiagnostic;

typedef void (*FoveaDiagnosticHandler)(const FoveaDiagnostic *diagnostic, void *user);

/** Sends diagnostics to `handler`, NULL for nowhere (as at first). The first
 *  error of a call is its error message in any case. */
FOVEA_C_API void foveaContextSetDiagnosticHandler(FoveaContext *context, FoveaDiagnosticHandler handler, void *user);

/*===-- Modules -----------------------------------------------------------===*/

typedef struct FoveaModule FoveaModule;

/** Parses and verifies `length` bytes of text or bytecode; `name` is what
 *  diagnostics call it. */
FOVEA_C_API FoveaStatus foveaModuleParse(FoveaContext *context, const char *text, size_t length, const char *name,
                                         FoveaModule **module);
FOVEA_C_API void foveaModuleDestroy(FoveaModule *module);

typedef void (*FoveaStringCallback)(const char *data, size_t length, void *user);

/** Prints the module, in one or more pieces. */
FOVEA_C_API void foveaModulePrint(const FoveaModule *module, FoveaStringCallback callback, void *user);

/** Runs a pass or pipeline by its name, with its options as on a command line
 *  ("tile-m=64 threads=4", NULL for none), or passes as --pass-pipeline writes
 *  them, without options ("func.func(canonicalize),attn-to-llvm{threads=4}").
 *  After an error of a pass the module is good for destruction only. */
FOVEA_C_API FoveaStatus foveaModuleRunPipeline(FoveaModule *module, const char *pipeline, const char *options);

/*===-- Compiled functions ------------------------------------------------===*/

typedef struct FoveaFunction FoveaFunction;

/** Compiles the public function `name` of a module on tensors, NULL if there is
 *  only one, for this machine's CPU and the runtime's number of threads;
 *  `options` are those of the pipeline attn-to-llvm, NULL for none. The module
 *  stays as it is. */
FOVEA_C_API FoveaStatus foveaModuleCompile(const FoveaModule *module, const char *name, const char *options,
                                           FoveaFunction **function);
FOVEA_C_API void foveaFunctionDestroy(FoveaFunction *function);

/** Element (i, j, ...) is the i * strides[0] + j * strides[1] + ...-th from
 *  `data`, of any type but f8. A number is a tensor of rank 0. */
typedef struct FoveaTensor {
  void *data;
  int64_t rank;
  const int64_t *sizes;
  const int64_t *strides; /**< In elements, any; NULL for row-major. */
  FoveaElementType elementType;
} FoveaTensor;

typedef struct FoveaTensorType {
  int64_t rank;
  const int64_t *sizes; /**< -1 where a call decides. */
  FoveaElementType elementType;
} FoveaTensorType;

FOVEA_C_API const char *foveaFunctionGetName(const FoveaFunction *function);
FOVEA_C_API int64_t foveaFunctionGetNumArguments(const FoveaFunction *function);
FOVEA_C_API int64_t foveaFunctionGetNumResults(const FoveaFunction *function);
/** NULL if there is no argument or result of this number. */
FOVEA_C_API const FoveaTensorType *foveaFunctionGetArgumentType(const FoveaFunction *function, int64_t number);
FOVEA_C_API const FoveaTensorType *foveaFunctionGetResultType(const FoveaFunction *function, int64_t number);

/** What a call returned. */
typedef struct FoveaResults FoveaResults;

/** Calls the function. Number, types and sizes of the arguments are checked
 *  against its type, dynamic sizes that must agree are not. An argument that is
 *  a destination is written to. `results` may be NULL. */
FOVEA_C_API FoveaStatus foveaFunctionCall(const FoveaFunction *function, const FoveaTensor *arguments,
                                          int64_t numArguments, FoveaResults **results);

/** A result, NULL if there is none of this number. Its elements are the
 *  argument's that it was written to, or else belong to `results`. */
FOVEA_C_API const FoveaTensor *foveaResultsGet(const FoveaResults *results, int64_t number);
FOVEA_C_API void foveaResultsDestroy(FoveaResults *results);

/*===-- Programs for CUDA devices -----------------------------------------===*/

/** Compiles the public function `name`, NULL if there is only one, to a program
 *  for a GPU, which need not be in this machine; `options` are those of the
 *  pipeline attn-to-nvvm, NULL for none. `callback` gets its bytes, in one or
 *  more pieces, once all has gone well: they are what foveaCudaPrepareProgram
 *  of fovea_runtime (fovea/cuda.h) takes, and may be kept and sent elsewhere.
 *  Kernels are assembled where there is a ptxas, and else by the GPU's driver.
 *  The module stays as it is. */
FOVEA_C_API FoveaStatus foveaModuleCompileForCuda(const FoveaModule *module, const char *name, const char *options,
                                                  FoveaStringCallback callback, void *user);

#ifdef __cplusplus
}
#endif

#endif /* FOVEA_C_FOVEA_H */
