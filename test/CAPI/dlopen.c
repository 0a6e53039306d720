/*===- dlopen.c - The compiler beside another LLVM --------------------------===
 *
 * Loads the libraries in its arguments in order, all but the last one globally,
 * and compiles and runs a function with the last, which is FoveaC.
 *
 *===------------------------------------------------------------------------===*/

#include "fovea-c/Fovea.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const char text[] = "func.func @f(%x: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> {\n"
                           "  %y = attn.softmax dimension(0) ins(%x : tensor<4xf32>)\n"
                           "      outs(%out : tensor<4xf32>)\n"
                           "  return %y : tensor<4xf32>\n"
                           "}\n";

int main(int argc, char **argv) {
  void *library = NULL;
  for (int i = 1; i < argc; ++i) {
    library = dlopen(argv[i], RTLD_NOW | (i + 1 < argc ? RTLD_GLOBAL : 0));
    if (!library) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
  }
#define LOAD(name) __typeof__(&name) p_##name = (__typeof__(&name))dlsym(library, #name)
  LOAD(foveaContextCreate);
  LOAD(foveaContextDestroy);
  LOAD(foveaModuleParse);
  LOAD(foveaModuleDestroy);
  LOAD(foveaModuleCompile);
  LOAD(foveaFunctionCall);
  LOAD(foveaFunctionDestroy);
  LOAD(foveaGetErrorMessage);

  FoveaContext *context = p_foveaContextCreate();
  FoveaModule *module = NULL;
  FoveaFunction *function = NULL;
  float x[4] = {0, 0, 0, 0}, out[4];
  int64_t size = 4;
  FoveaTensor arguments[] = {{x, 1, &size, NULL, FOVEA_F32}, {out, 1, &size, NULL, FOVEA_F32}};
  if (p_foveaModuleParse(context, text, strlen(text), "f.mlir", &module) ||
      p_foveaModuleCompile(module, NULL, NULL, &function) || p_foveaFunctionCall(function, arguments, 2, NULL)) {
    fprintf(stderr, "%s\n", p_foveaGetErrorMessage());
    return 1;
  }
  p_foveaFunctionDestroy(function);
  p_foveaModuleDestroy(module);
  p_foveaContextDestroy(context);
  printf("%g %g %g %g\n", out[0], out[1], out[2], out[3]);
  return 0;
}
