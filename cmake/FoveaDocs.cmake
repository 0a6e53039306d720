# The reference of ops and passes, generated from ODS: `fovea-doc` writes it to <build>/docs.
add_custom_target(fovea-doc)

# fovea_add_doc(NAME TD GENERATOR [OPTION...])
#   <build>/docs/NAME.md from include/fovea/TD by mlir-tblgen's GENERATOR.
function(fovea_add_doc name td generator)
  set(source ${Fovea_SOURCE_DIR}/include/fovea/${td})
  set(output ${Fovea_BINARY_DIR}/docs/${name}.md)
  set(includes ${Fovea_SOURCE_DIR}/include ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  list(TRANSFORM includes PREPEND -I)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${Fovea_BINARY_DIR}/docs
    COMMAND ${LLVM_TOOLS_BINARY_DIR}/mlir-tblgen ${generator} ${ARGN} ${includes} ${source} -d ${output}.d -o ${output}
    DEPENDS ${source}
    DEPFILE ${output}.d
    COMMENT "Generating docs/${name}.md"
    VERBATIM)
  add_custom_target(fovea-doc-${name} DEPENDS ${output})
  add_dependencies(fovea-doc fovea-doc-${name})
endfunction()

fovea_add_doc(AttnDialect Dialect/Attn/IR/AttnOps.td -gen-dialect-doc -dialect=attn)
fovea_add_doc(AttnInterfaces Dialect/Attn/IR/AttnInterfaces.td -gen-op-interface-docs)
fovea_add_doc(AttnPasses Dialect/Attn/Transforms/Passes.td -gen-pass-doc)
fovea_add_doc(ConversionPasses Conversion/Passes.td -gen-pass-doc)
