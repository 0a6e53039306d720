# One precompiled header that all libraries reuse: parsing MLIR's headers is most of the time of a build.

set(source ${Fovea_BINARY_DIR}/cmake/FoveaPrecompiledHeaders.cpp)
file(CONFIGURE OUTPUT ${source} CONTENT "// Carries the precompiled header.\n")
add_library(FoveaPrecompiledHeaders OBJECT ${source})
target_link_libraries(FoveaPrecompiledHeaders PRIVATE MLIR LLVM)
fovea_compile_options(FoveaPrecompiledHeaders)
target_precompile_headers(FoveaPrecompiledHeaders PRIVATE ${Fovea_SOURCE_DIR}/cmake/FoveaPrecompiledHeaders.h)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # Without time stamps the result depends on the contents alone, which ccache needs.
  target_compile_options(FoveaPrecompiledHeaders PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endif()
