/*===- mlir-c.c - Fovea in a host of MLIR's C API ---------------------------===
 *
 * Prints a module of attn after attn-to-llvm, with a context and a pass manager
 * that the host made.
 *
 *===------------------------------------------------------------------------===*/

#include "fovea-c/Registration.h"
#include "mlir-c/Pass.h"

#include <stdio.h>

static const char text[] = "func.func @f(%x: tensor<?x8xf32>, %out: tensor<?x8xf32>)\n"
                           "    -> tensor<?x8xf32> {\n"
                           "  %y = attn.softmax dimension(1) ins(%x : tensor<?x8xf32>)\n"
                           "      outs(%out : tensor<?x8xf32>)\n"
                           "  return %y : tensor<?x8xf32>\n"
                           "}\n";

static void print(MlirStringRef string, void *user) { fwrite(string.data, 1, string.length, user); }

int main(void) {
  MlirDialectRegistry registry = mlirDialectRegistryCreate();
  foveaRegisterAllDialects(registry);
  foveaRegisterAllPasses();
  MlirContext context = mlirContextCreateWithRegistry(registry, false);
  mlirDialectRegistryDestroy(registry);

  MlirModule module = mlirModuleCreateParse(context, mlirStringRefCreateFromCString(text));
  if (mlirModuleIsNull(module))
    return 1;
  MlirPassManager passes = mlirPassManagerCreate(context);
  MlirLogicalResult result =
      mlirParsePassPipeline(mlirPassManagerGetAsOpPassManager(passes),
                            mlirStringRefCreateFromCString("builtin.module(attn-to-llvm{threads=2})"), print, stderr);
  if (mlirLogicalResultIsSuccess(result))
    result = mlirPassManagerRunOnOp(passes, mlirModuleGetOperation(module));
  if (mlirLogicalResultIsSuccess(result))
    mlirOperationPrint(mlirModuleGetOperation(module), print, stdout);
  mlirPassManagerDestroy(passes);
  mlirModuleDestroy(module);
  mlirContextDestroy(context);
  return mlirLogicalResultIsFailure(result);
}
