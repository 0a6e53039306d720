# Finds LLVM and MLIR for the build and for the installed package alike, and completes their imported targets.
# Sets FOVEA_FOUND_MLIR, and FOVEA_MLIR_SEEN to what was found instead.

set(FOVEA_MLIR_VERSION 22.1)
find_package(MLIR ${FOVEA_MLIR_VERSION} CONFIG QUIET PATHS ${FOVEA_LLVM_PREFIX})
set(FOVEA_FOUND_MLIR ${MLIR_FOUND})
if(MLIR_CONSIDERED_VERSIONS)
  string(REPLACE ";" ", " FOVEA_MLIR_SEEN "found only ${MLIR_CONSIDERED_VERSIONS}")
else()
  set(FOVEA_MLIR_SEEN "found none")
endif()

# Debian ships MLIR as one dylib but exports it without its include directories. Includes of an imported target are
# system includes, so LLVM's headers raise no warnings in the code that uses them.
if(FOVEA_FOUND_MLIR)
  if(TARGET MLIR AND TARGET LLVM)
    target_include_directories(MLIR INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  else()
    set(FOVEA_FOUND_MLIR FALSE)
    set(FOVEA_MLIR_SEEN "found ${MLIR_VERSION} without the shared libraries libMLIR and libLLVM")
  endif()
endif()
