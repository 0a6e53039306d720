# How the project's targets are made. Every library links the two dylibs, MLIR and LLVM, and nothing else of LLVM.

# fovea_add_library(NAME SOURCES... [DEPENDS target...] [LINK target...])
#   A static library, FoveaXxx; DEPENDS names the tablegen targets that write its headers.
function(fovea_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_library(Fovea::${name} ALIAS ${name})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${Fovea_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${Fovea_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:include>)
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  target_compile_features(${name} PUBLIC cxx_std_17)
  fovea_compile_options(${name})
  if(FOVEA_PRECOMPILED_HEADERS)
    target_precompile_headers(${name} REUSE_FROM FoveaPrecompiledHeaders)
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  set_property(GLOBAL APPEND PROPERTY FOVEA_LIBRARIES ${name})
endfunction()

# fovea_add_tool(NAME SOURCES... LINK target...)
function(fovea_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  fovea_compile_options(${name})
  set_property(GLOBAL APPEND PROPERTY FOVEA_TOOLS ${name})
endfunction()

# fovea_add_shared_library(NAME SOURCES... EXPORTS pattern... LINK target...)
#   A shared library that shows the symbols that match the patterns and hides all others, those of the static libraries
#   inside it included: it can live in one process with another copy of them.
function(fovea_add_shared_library name)
  cmake_parse_arguments(ARG "" "" "EXPORTS;LINK" ${ARGN})
  add_library(${name} SHARED ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${Fovea_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:include>)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  fovea_compile_options(${name})
  list(JOIN ARG_EXPORTS "; " exports)
  set(script ${CMAKE_CURRENT_BINARY_DIR}/${name}.exports)
  file(CONFIGURE OUTPUT ${script} CONTENT "{ global: @exports@; local: *; };\n" @ONLY)
  target_link_options(${name} PRIVATE LINKER:--version-script=${script})
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${script})
  set_property(GLOBAL APPEND PROPERTY FOVEA_SHARED_LIBRARIES ${name})
endfunction()

# fovea_add_unittest(NAME SOURCES... LINK target...)
#   A GoogleTest executable that the lit suite runs; lit finds it because NAME ends in Tests.
function(fovea_add_unittest name)
  if(NOT name MATCHES "Tests$")
    message(FATAL_ERROR "fovea_add_unittest: the name must end in Tests, got ${name}")
  endif()
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest_main)
  fovea_compile_options(${name})
  set_property(GLOBAL APPEND PROPERTY FOVEA_UNITTESTS ${name})
endfunction()

function(fovea_compile_options name)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wno-unused-parameter -fno-exceptions)
endfunction()
