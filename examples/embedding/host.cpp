//===- host.cpp - a C++ program that compiles attention and runs it -------===//
//
// One head of causal attention over 4 positions of head dim 2, on memory of the
// program's own. Prints the first and the last row: the first position sees
// itself alone, so its row is its value.
//
//===----------------------------------------------------------------------===//

#include "fovea/Compile/Lowering.h"
#include "fovea/Compile/SourceFile.h"
#include "fovea/Execute/Jit.h"
#include "fovea/runtime.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

static constexpr const char *text = R"mlir(
func.func @attention(%q: tensor<?x2xf32>, %k: tensor<?x2xf32>, %v: tensor<?x2xf32>, %out: tensor<?x2xf32>)
    -> tensor<?x2xf32> {
  %o = attn.attention causal(top_left) ins(%q, %k, %v : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>)
      outs(%out : tensor<?x2xf32>)
  return %o : tensor<?x2xf32>
}
)mlir";

static llvm::Error run() {
  fovea::SourceFile file;
  if (llvm::Error error = file.parse(text, "attention.mlir"))
    return error;
  auto function = fovea::findFunction(*file.module, "attention");
  if (!function)
    return function.takeError();
  // What the function takes, before it is lowered to code that no longer shows it.
  auto signature = fovea::Signature::of(*function);
  if (!signature)
    return signature.takeError();
  fovea::LoweringOptions lowering;
  lowering.threads = foveaGetThreadCount();
  if (llvm::Error error = fovea::lowerToLLVMDialect(*file.module, lowering))
    return file.diagnostic->take(std::move(error));
  auto code = fovea::CompiledFunction::compile(*file.module, *signature);
  if (!code)
    return code.takeError();

  constexpr int64_t length = 4, headDim = 2;
  float q[length][headDim] = {{1, 0}, {0, 1}, {1, 1}, {2, 0}}, k[length][headDim] = {{1, 2}, {0, 1}, {1, 0}, {1, 1}};
  float v[length][headDim] = {{1, 10}, {2, 20}, {3, 30}, {4, 40}}, out[length][headDim];
  auto view = [](float (&data)[length][headDim]) {
    fovea::TensorView tensor;
    tensor.elementType = fovea::ElementType::F32;
    tensor.data = data;
    tensor.shape = {length, headDim};
    tensor.strides = {headDim, 1};
    return tensor;
  };
  auto call = fovea::Invocation::create(**code, {view(q), view(k), view(v), view(out)});
  if (!call)
    return call.takeError();
  call->run(); // as often as you like
  for (int64_t row : {int64_t(0), length - 1})
    llvm::outs() << llvm::format("%.3f %.3f\n", out[row][0], out[row][1]);
  return llvm::Error::success();
}

int main() {
  if (llvm::Error error = run()) {
    llvm::errs() << toString(std::move(error)) << "\n";
    return 1;
  }
  return 0;
}
