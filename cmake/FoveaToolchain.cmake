# Finds LLVM and MLIR, and sets what every target of the project is compiled and linked with.

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
  set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
  if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
  endif()
endif()

include(cmake/FoveaFindMLIR.cmake)
if(NOT FOVEA_FOUND_MLIR)
  # The leading space keeps CMake from wrapping the message: it stays one line.
  message(FATAL_ERROR " Fovea needs LLVM and MLIR ${FOVEA_MLIR_VERSION}, ${FOVEA_MLIR_SEEN}: "
    "run `./dev setup` or `apt-get install clang-22 lld-22 llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools`, "
    "or point CMAKE_PREFIX_PATH at such an installation.")
endif()
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

if(FOVEA_SANITIZERS)
  # vptr and function would need type information of the uninstrumented dylibs.
  add_compile_options(-fsanitize=${FOVEA_SANITIZERS} -fno-sanitize=vptr,function
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${FOVEA_SANITIZERS})
endif()

find_program(FOVEA_LLD ld.lld HINTS ${LLVM_TOOLS_BINARY_DIR})
if(FOVEA_LLD AND PROJECT_IS_TOP_LEVEL)
  add_link_options(-fuse-ld=lld)
endif()

find_program(FOVEA_CCACHE ccache)
if(FOVEA_CCACHE AND FOVEA_USE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks for precompiled headers; the base directory lets two checkouts share.
  set(launcher env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${Fovea_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${FOVEA_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
