/*===- c-api.c - Every promise of fovea-c/Fovea.h, from C ------------------===*/

#define _POSIX_C_SOURCE 200809L /* mkdtemp, setenv */

#include "fovea-c/Fovea.h"
#include "fovea/cuda.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: not true: %s (%s)\n", __FILE__, __LINE__, #condition, foveaGetErrorMessage());           \
      return 1;                                                                                                        \
    }                                                                                                                  \
  } while (0)

#define CHECK_MESSAGE(text) CHECK(strstr(foveaGetErrorMessage(), text))

static const char softmax[] = "func.func @softmax(%x: tensor<?x4xf32>, %out: tensor<?x4xf32>)\n"
                              "    -> tensor<?x4xf32> {\n"
                              "  %y = attn.softmax dimension(1) ins(%x : tensor<?x4xf32>)\n"
                              "      outs(%out : tensor<?x4xf32>)\n"
                              "  return %y : tensor<?x4xf32>\n"
                              "}\n";

/* A fresh tensor, a number, and operands that are numbers. */
static const char fresh[] = "func.func @fresh(%x: f32, %n: index) -> (tensor<?xf32>, f32) {\n"
                            "  %e = tensor.empty(%n) : tensor<?xf32>\n"
                            "  %t = linalg.fill ins(%x : f32) outs(%e : tensor<?xf32>)\n"
                            "      -> tensor<?xf32>\n"
                            "  %s = arith.addf %x, %x : f32\n"
                            "  return %t, %s : tensor<?xf32>, f32\n"
                            "}\n";

static FoveaModule *parse(FoveaContext *context, const char *text) {
  FoveaModule *module = NULL;
  return foveaModuleParse(context, text, strlen(text), "test", &module) ? NULL : module;
}

struct Text {
  char data[8192];
  size_t length;
};

static void append(const char *data, size_t length, void *user) {
  struct Text *text = user;
  if (text->length + length >= sizeof(text->data))
    length = sizeof(text->data) - 1 - text->length;
  memcpy(text->data + text->length, data, length);
  text->length += length;
  text->data[text->length] = 0;
}

static void copyDiagnostic(const FoveaDiagnostic *diagnostic, void *user) {
  char line[512];
  snprintf(line, sizeof(line), "%d %s:%lld:%lld %s\n", diagnostic->severity, diagnostic->file,
           (long long)diagnostic->line, (long long)diagnostic->column, diagnostic->message);
  append(line, strlen(line), user);
}

/* Parse errors reach the handler and the message, with their place. */
static int testDiagnostics(FoveaContext *context) {
  static struct Text text;
  FoveaModule *module = NULL;
  static const char bad[] = "func.func @f() {\n  nonsense.op\n}\n";
  foveaContextSetDiagnosticHandler(context, copyDiagnostic, &text);
  CHECK(foveaModuleParse(context, bad, sizeof(bad) - 1, "bad.mlir", &module) == FOVEA_INVALID_MODULE);
  CHECK(!module);
  CHECK(strstr(text.data, "2 bad.mlir:2:3 "));
  CHECK_MESSAGE("bad.mlir:2:3: ");
  foveaContextSetDiagnosticHandler(context, NULL, NULL);
  CHECK(foveaModuleParse(context, NULL, 0, NULL, &module) == FOVEA_INVALID_ARGUMENT);
  return 0;
}

/* Pipelines run by name, with options, and whole; a wrong name is an error. */
static int testPipelines(FoveaContext *context) {
  static struct Text text;
  FoveaModule *module = parse(context, softmax);
  CHECK(module);
  CHECK(foveaModuleRunPipeline(module, "no-such-pass", NULL) == FOVEA_INVALID_ARGUMENT);
  CHECK_MESSAGE("no-such-pass");
  CHECK(foveaModuleRunPipeline(module, "attn-to-llvm", "no-such-option=1") == FOVEA_INVALID_ARGUMENT);
  CHECK(foveaModuleRunPipeline(module, "func.func(canonicalize),cse", NULL) == FOVEA_OK);
  CHECK(foveaModuleRunPipeline(module, "builtin.module(canonicalize,cse)", NULL) == FOVEA_OK);
  CHECK(foveaModuleRunPipeline(module, "attn-to-llvm", "threads=2") == FOVEA_OK);
  foveaModulePrint(module, append, &text);
  CHECK(strstr(text.data, "llvm.func @softmax("));
  CHECK(!strstr(text.data, "attn.softmax"));
  foveaModuleDestroy(module);
  return 0;
}

/* A destination is written in place, with strides; wrong calls are refused. */
static int testStrides(FoveaContext *context) {
  FoveaModule *module = parse(context, softmax);
  FoveaFunction *function = NULL;
  FoveaResults *results = NULL;
  /* Rows run backwards, in steps of 5; 7 marks what nobody may touch. */
  float x[] = {4, 3, 2, 1, 7, 1, 2, 3, 4, 7};
  float out[] = {7, 7, 7, 7, 7, 7, 7, 7};
  int64_t sizes[] = {2, 4}, xStrides[] = {-5, 1}, outStrides[] = {1, 2};
  FoveaTensor arguments[] = {{x + 5, 2, sizes, xStrides, FOVEA_F32}, {out, 2, sizes, outStrides, FOVEA_F32}};
  const FoveaTensor *result;
  int64_t i;
  double sum = exp(1) + exp(2) + exp(3) + exp(4);

  CHECK(module);
  CHECK(foveaModuleCompile(module, "other", NULL, &function) == FOVEA_COMPILATION_FAILED);
  CHECK_MESSAGE("no public function @other; there is @softmax");
  CHECK(foveaModuleCompile(module, NULL, "nonsense", &function) == FOVEA_COMPILATION_FAILED);
  CHECK(foveaModuleCompile(module, "softmax", NULL, &function) == FOVEA_OK);
  foveaModuleDestroy(module);

  CHECK(!strcmp(foveaFunctionGetName(function), "softmax"));
  CHECK(foveaFunctionGetNumArguments(function) == 2);
  CHECK(foveaFunctionGetNumResults(function) == 1);
  CHECK(foveaFunctionGetArgumentType(function, 0)->rank == 2);
  CHECK(foveaFunctionGetArgumentType(function, 0)->sizes[0] == -1);
  CHECK(foveaFunctionGetArgumentType(function, 0)->sizes[1] == 4);
  CHECK(foveaFunctionGetResultType(function, 0)->elementType == FOVEA_F32);
  CHECK(!foveaFunctionGetResultType(function, 1));

  CHECK(foveaFunctionCall(function, arguments, 2, &results) == FOVEA_OK);
  result = foveaResultsGet(results, 0);
  CHECK(result && !foveaResultsGet(results, 1));
  CHECK(result->data == out && result->strides[1] == 2);
  for (i = 0; i < 4; ++i) {
    CHECK(fabs(out[2 * i] - exp(1.0 + (double)i) / sum) < 1e-6);
    CHECK(fabs(out[2 * i + 1] - exp(4.0 - (double)i) / sum) < 1e-6);
  }
  CHECK(x[4] == 7 && x[9] == 7);
  foveaResultsDestroy(results);

  CHECK(foveaFunctionCall(function, arguments, 1, NULL) == FOVEA_INVALID_ARGUMENT);
  CHECK_MESSAGE("@softmax takes 2 arguments, got 1");
  arguments[1].elementType = FOVEA_BF16;
  CHECK(foveaFunctionCall(function, arguments, 2, NULL) == FOVEA_INVALID_ARGUMENT);
  CHECK_MESSAGE("expected ?x4xf32, got 2x4xbf16");
  arguments[1].data = NULL;
  CHECK(foveaFunctionCall(function, arguments, 2, NULL) == FOVEA_INVALID_ARGUMENT);
  CHECK_MESSAGE("argument 1: data is NULL");
  foveaFunctionDestroy(function);
  return 0;
}

/* Results that are no argument come in memory of the results; numbers are
   tensors of rank 0; a function outlives its context. */
static int testFreshResults(void) {
  FoveaContext *context = foveaContextCreate();
  FoveaModule *module = parse(context, fresh);
  FoveaFunction *function = NULL;
  FoveaResults *results = NULL;
  float x = 1.5f;
  int64_t n = 3, i;
  FoveaTensor arguments[] = {{&x, 0, NULL, NULL, FOVEA_F32}, {&n, 0, NULL, NULL, FOVEA_INDEX}};
  const FoveaTensor *result;
  CHECK(module);
  CHECK(foveaModuleCompile(module, NULL, NULL, &function) == FOVEA_OK);
  foveaModuleDestroy(module);
  foveaContextDestroy(context);
  CHECK(foveaFunctionCall(function, arguments, 2, &results) == FOVEA_OK);
  result = foveaResultsGet(results, 0);
  CHECK(result->rank == 1 && result->sizes[0] == 3);
  for (i = 0; i < 3; ++i)
    CHECK(((float *)result->data)[i * result->strides[0]] == 1.5f);
  result = foveaResultsGet(results, 1);
  CHECK(result->rank == 0 && *(float *)result->data == 3.0f);
  foveaResultsDestroy(results);
  foveaFunctionDestroy(function);
  return 0;
}

/* A failure leaves a folder where the environment says so, and its message names it. */
static const char attention[] =
    "func.func @attention(%q: tensor<64x64xf16>, %k: tensor<?x64xf16>, %v: tensor<?x64xf16>,\n"
    "                     %out: tensor<64x64xf32>) -> tensor<64x64xf32> {\n"
    "  %o = attn.attention ins(%q, %k, %v : tensor<64x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>)\n"
    "      outs(%out : tensor<64x64xf32>)\n"
    "  return %o : tensor<64x64xf32>\n"
    "}\n";

struct Bytes {
  char *data;
  size_t size;
};

static void collect(const char *data, size_t length, void *user) {
  struct Bytes *bytes = user;
  bytes->data = realloc(bytes->data, bytes->size + length);
  memcpy(bytes->data + bytes->size, data, length);
  bytes->size += length;
}

/* Runs the program of @attention on device 0, `out` being its results. */
static int runOnDevice(FoveaCudaProgram *program, const uint16_t *q, const uint16_t *k, const uint16_t *v, float *out) {
  const int64_t rows[] = {64, 64}, keys[] = {100, 64}, strides[] = {64, 1};
  const void *host[] = {q, k, v, out};
  const int64_t bytes[] = {64 * 64 * 2, 100 * 64 * 2, 100 * 64 * 2, 64 * 64 * 4};
  FoveaCudaArgument arguments[4] = {{0}};
  int64_t workspaceBytes = 0;
  void *workspace = NULL;
  int i;
  for (i = 0; i < 4; ++i) {
    arguments[i].elementType = i < 3 ? FOVEA_F16 : FOVEA_F32;
    arguments[i].rank = 2;
    arguments[i].sizes = i == 1 || i == 2 ? keys : rows;
    arguments[i].strides = strides;
    CHECK(foveaCudaAllocate(bytes[i], &arguments[i].data) == 0);
    CHECK(foveaCudaCopyToDevice(arguments[i].data, host[i], bytes[i]) == 0);
  }
  CHECK(foveaCudaWorkspaceBytes(program, arguments, 4, &workspaceBytes) == 0);
  CHECK(foveaCudaAllocate(workspaceBytes + 1, &workspace) == 0);
  CHECK(foveaCudaLaunch(program, arguments, 4, workspace, workspaceBytes, NULL) == 0);
  CHECK(foveaCudaSynchronize(NULL) == 0);
  CHECK(foveaCudaCopyToHost(out, arguments[3].data, bytes[3]) == 0);
  for (i = 0; i < 4; ++i)
    CHECK(foveaCudaFree(arguments[i].data) == 0);
  CHECK(foveaCudaFree(workspace) == 0);
  return 0;
}

/* A program for a GPU needs none here. Where there is one, it computes what the
   function compiled for the CPU does. */
static int testCuda(FoveaContext *context) {
  static uint16_t q[64 * 64], k[100 * 64], v[100 * 64];
  static float onCpu[64 * 64], onDevice[64 * 64];
  int64_t rows[] = {64, 64}, keys[] = {100, 64};
  FoveaTensor arguments[] = {{q, 2, rows, NULL, FOVEA_F16},
                             {k, 2, keys, NULL, FOVEA_F16},
                             {v, 2, keys, NULL, FOVEA_F16},
                             {onCpu, 2, rows, NULL, FOVEA_F32}};
  FoveaModule *module = parse(context, attention);
  FoveaFunction *function = NULL;
  FoveaCudaProgram *prepared = NULL;
  struct Bytes program = {NULL, 0};
  int i;
  CHECK(module);
  CHECK(foveaModuleCompileForCuda(module, NULL, NULL, NULL, NULL) == FOVEA_INVALID_ARGUMENT);
  CHECK(foveaModuleCompileForCuda(module, "other", NULL, collect, &program) == FOVEA_COMPILATION_FAILED);
  CHECK_MESSAGE("no public function @other; there is @attention");
  CHECK(foveaModuleCompileForCuda(module, NULL, "nonsense=1", collect, &program) == FOVEA_COMPILATION_FAILED);
  CHECK_MESSAGE("pipeline options 'nonsense=1': not options of attn-to-nvvm");
  CHECK(program.size == 0);
  CHECK(foveaModuleCompileForCuda(module, "attention", NULL, collect, &program) == FOVEA_OK);
  CHECK(foveaModuleCompile(module, NULL, NULL, &function) == FOVEA_OK);
  foveaModuleDestroy(module);

  if (!foveaCudaAvailable()) {
    CHECK(foveaCudaPrepareProgram(program.data, (int64_t)program.size, &prepared) == -1);
    CHECK(strstr(foveaGetLastError(), "CUDA"));
  } else {
    for (i = 0; i < 100 * 64; ++i) {
      k[i] = (uint16_t)(0x3000 + i * 7 % 0x800); /* 0.125 .. 0.5 */
      v[i] = (uint16_t)(0x3400 + i * 5 % 0x800);
      if (i < 64 * 64)
        q[i] = (uint16_t)(0x3800 + i * 3 % 0x400);
    }
    CHECK(foveaFunctionCall(function, arguments, 4, NULL) == FOVEA_OK);
    CHECK(foveaCudaSetDevice(0) == 0);
    CHECK(foveaCudaPrepareProgram(program.data, (int64_t)program.size, &prepared) == 0);
    CHECK(!runOnDevice(prepared, q, k, v, onDevice));
    for (i = 0; i < 64 * 64; ++i)
      CHECK(onCpu[i] > 0.25f && fabs(onDevice[i] - onCpu[i]) < 1e-3);
    CHECK(foveaCudaReleaseProgram(prepared) == 0);
    puts("a GPU agrees with the CPU");
  }
  foveaFunctionDestroy(function);
  free(program.data);
  return 0;
}

static int testReproducer(FoveaContext *context) {
  FoveaModule *module = parse(context, softmax);
  FoveaFunction *function = NULL;
  char folder[] = "/tmp/fovea-c-XXXXXX", command[600];
  const char *line;
  CHECK(module);
  CHECK(mkdtemp(folder));
  CHECK(setenv("FOVEA_REPRODUCER_DIR", folder, 1) == 0);
  CHECK(foveaModuleCompile(module, NULL, "tile-m=-1", &function) == FOVEA_COMPILATION_FAILED);
  CHECK_MESSAGE("needs a tile of at least 1 row, got -1");
  CHECK_MESSAGE("reproducer: ");
  line = strstr(foveaGetErrorMessage(), "reproducer: ") + strlen("reproducer: ");
  CHECK(!strncmp(line, folder, strlen(folder)) && strstr(line, "/foveaModuleCompile-"));
  CHECK(access(line, X_OK) == 0);
  CHECK(foveaModuleRunPipeline(module, "attn-to-llvm", "tile-m=-1") == FOVEA_COMPILATION_FAILED);
  CHECK_MESSAGE("/foveaModuleRunPipeline-");
  CHECK(unsetenv("FOVEA_REPRODUCER_DIR") == 0);
  snprintf(command, sizeof(command), "rm -r '%s'", folder);
  CHECK(system(command) == 0);
  foveaModuleDestroy(module);
  return 0;
}

int main(void) {
  FoveaContext *context = foveaContextCreate();
  int failed;
  CHECK(foveaCompilerVersion() > 0);
  failed = testDiagnostics(context) | testPipelines(context) | testStrides(context) | testCuda(context) |
           testReproducer(context);
  foveaContextDestroy(context);
  failed |= testFreshResults();
  if (!failed)
    puts("all passed");
  return failed;
}
