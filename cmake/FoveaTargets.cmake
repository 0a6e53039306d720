# How the project's targets are made. Every library links the two dylibs, MLIR and LLVM, and nothing else of LLVM.

# fovea_add_library(NAME SOURCES... [DEPENDS target...] [LINK target...])
function(fovea_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${Fovea_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${Fovea_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:include>)
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  fovea_compile_options(${name})
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

function(fovea_compile_options name)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wno-unused-parameter -fno-exceptions)
endfunction()
