//===- SharedLibrary.h - Linking an object ----------------------*- C++ -*-===//

#ifndef FOVEA_LIB_COMPILE_SHAREDLIBRARY_H
#define FOVEA_LIB_COMPILE_SHAREDLIBRARY_H

#include "llvm/Support/Error.h"

namespace fovea {

/// Links `object`, the contents of an object file, with the fovea_runtime that
/// this process uses to the shared library `output`, by the C compiler `linker`
/// or, if that is empty, by the first that is found.
llvm::Error linkSharedLibrary(llvm::StringRef object, llvm::StringRef output, llvm::StringRef linker);

} // namespace fovea

#endif // FOVEA_LIB_COMPILE_SHAREDLIBRARY_H
