/*===- fovea-c/Registration.h - For hosts of MLIR's C API --------*- C -*-===*\
|*
|* Part of the Fovea project. A host that has contexts and pass managers of its
|* own, by mlir-c/ of the same libMLIR, takes Fovea's dialects and passes into
|* them. Neither call gives or takes ownership.
|*
\*===----------------------------------------------------------------------===*/

#ifndef FOVEA_C_REGISTRATION_H
#define FOVEA_C_REGISTRATION_H

#include "fovea-c/Fovea.h"
#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Adds the dialects, models and translations to LLVM IR of Fovea and of
 *  upstream MLIR. */
FOVEA_C_API void foveaRegisterAllDialects(MlirDialectRegistry registry);

/** Makes the passes and pipelines of Fovea and of upstream MLIR known by name
 * in this process. Any number of calls, by any thread. */
FOVEA_C_API void foveaRegisterAllPasses(void);

#ifdef __cplusplus
}
#endif

#endif /* FOVEA_C_REGISTRATION_H */
