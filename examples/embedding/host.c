/*===- host.c - a C program that compiles attention and runs it -------------===
 *
 * The same as host.cpp through fovea-c/Fovea.h, and a look at the IR: one head
 * of causal attention over 4 positions of head dim 2.
 *
 *===------------------------------------------------------------------------===*/

#include "fovea-c/Fovea.h"

#include <stdio.h>
#include <string.h>

static const char text[] =
    "func.func @attention(%q: tensor<?x2xf32>, %k: tensor<?x2xf32>, %v: tensor<?x2xf32>, %out: tensor<?x2xf32>)\n"
    "    -> tensor<?x2xf32> {\n"
    "  %o = attn.attention causal(top_left) ins(%q, %k, %v : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>)\n"
    "      outs(%out : tensor<?x2xf32>)\n"
    "  return %o : tensor<?x2xf32>\n"
    "}\n";

static void print(const char *data, size_t length, void *file) { fwrite(data, 1, length, (FILE *)file); }

/* Clauses become regions: a pipeline on a module of its own, since it changes it. */
static FoveaStatus showRegions(FoveaContext *context) {
  FoveaModule *module = NULL;
  FoveaStatus status = foveaModuleParse(context, text, strlen(text), "attention.mlir", &module);
  if (!status)
    status = foveaModuleRunPipeline(module, "attn-canonicalize", NULL);
  if (!status)
    foveaModulePrint(module, print, stdout);
  foveaModuleDestroy(module);
  return status;
}

int main(void) {
  FoveaContext *context = foveaContextCreate(); /* with all dialects */
  FoveaModule *module = NULL;
  FoveaFunction *function = NULL;
  float q[4][2] = {{1, 0}, {0, 1}, {1, 1}, {2, 0}}, k[4][2] = {{1, 2}, {0, 1}, {1, 0}, {1, 1}};
  float v[4][2] = {{1, 10}, {2, 20}, {3, 30}, {4, 40}}, out[4][2];
  int64_t sizes[] = {4, 2};
  FoveaTensor arguments[] = {{q, 2, sizes, NULL, FOVEA_F32},
                             {k, 2, sizes, NULL, FOVEA_F32},
                             {v, 2, sizes, NULL, FOVEA_F32},
                             {out, 2, sizes, NULL, FOVEA_F32}};
  FoveaStatus status = showRegions(context);
  if (!status)
    status = foveaModuleParse(context, text, strlen(text), "attention.mlir", &module);
  if (!status)
    status = foveaModuleCompile(module, "attention", NULL, &function);
  if (!status)
    status = foveaFunctionCall(function, arguments, 4, NULL);
  if (status)
    fprintf(stderr, "%s\n", foveaGetErrorMessage());
  else
    printf("%.3f %.3f\n%.3f %.3f\n", out[0][0], out[0][1], out[3][0], out[3][1]);
  foveaFunctionDestroy(function);
  foveaModuleDestroy(module);
  foveaContextDestroy(context);
  return status;
}
