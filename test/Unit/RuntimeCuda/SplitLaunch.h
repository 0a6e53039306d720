//===- SplitLaunch.h - A descriptor with a bit of everything ----*- C++ -*-===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_UNIT_RUNTIMECUDA_SPLITLAUNCH_H
#define FOVEA_TEST_UNIT_RUNTIMECUDA_SPLITLAUNCH_H

#include "FakeCuda.h"
#include "fovea/LaunchExpressions.h"

namespace fovea {

/// Decoding as two kernels: `split` writes partial results to a workspace, and
/// `merge` reads them. Arguments q: (heads, d) f16, k: (s, d) f16, scale: f32,
/// splits: i64. The variant `tma` wants s to be a multiple of 64 and d to be
/// 64; `plain` takes d up to 256.
inline launch::LaunchDescriptor splitLaunch() {
  using namespace launch;
  using Kind = KernelArgument::Kind;
  LaunchDescriptor descriptor;
  descriptor.name = "decode";
  descriptor.arguments = {{"q", true, ElementType::F16, 2},
                          {"k", true, ElementType::F16, 2},
                          {"scale", false, ElementType::F32, 0},
                          {"splits", false, ElementType::I64, 0}};
  ExpressionBuilder builder(descriptor);
  ExpressionIndex zero = builder.constant(0), one = builder.constant(1), threads = builder.constant(128);
  ExpressionIndex heads = builder.size(0, 0), d = builder.size(0, 1), s = builder.size(1, 0),
                  splits = builder.scalar(3);
  auto binary = [&](Operation operation, ExpressionIndex lhs, int64_t rhs) {
    return builder.binary(operation, lhs, builder.constant(rhs));
  };
  ExpressionIndex rowBytes = binary(Operation::Mul, builder.stride(1, 0), 2);
  ExpressionIndex partials =
      builder.binary(Operation::Mul, heads, builder.binary(Operation::Mul, splits, binary(Operation::Mul, d, 4)));

  Buffer q{Buffer::Kind::Argument, 0}, k{Buffer::Kind::Argument, 1}, counter{Buffer::Kind::Workspace, 0},
      partial{Buffer::Kind::Workspace, 1};
  Variant tma;
  tma.name = "tma";
  tma.guards = {{binary(Operation::Equal, d, 64), "the head dim is 64"},
                {binary(Operation::Equal, binary(Operation::FloorMod, s, 64), 0), "the length is a multiple of 64"}};
  tma.workspaces = {{builder.constant(4), /*zeroFill=*/true}, {partials, false}};
  TensorMap map;
  map.buffer = k;
  map.swizzle = TensorMap::Swizzle::Bytes128;
  map.sizes = {d, s};
  map.strides = {rowBytes};
  map.box = {64, 64};
  tma.tensorMaps = {map};
  KernelLaunch split;
  split.kernel = "split";
  split.grid = {splits, heads, one};
  split.block = {threads, one, one};
  split.cluster = {one, one, one};
  split.dynamicSharedBytes = binary(Operation::Mul, d, 1024);
  split.arguments = {{Kind::TensorMap, {}, 0, 0},    {Kind::Pointer, q, 0, 0},  {Kind::Pointer, partial, 0, 0},
                     {Kind::Pointer, counter, 0, 0}, {Kind::Integer, {}, s, 0}, {Kind::Scalar, {}, 2, 0},
                     {Kind::F32, {}, 0, 0x3f800000}};
  KernelLaunch merge = split;
  merge.kernel = "merge";
  merge.grid = {heads, one, one};
  merge.dynamicSharedBytes = zero;
  merge.arguments = {{Kind::Pointer, partial, 0, 0}, {Kind::Scalar, {}, 3, 0}, {Kind::F64, {}, 0, 0x4000000000000000}};
  tma.launches = {split, merge};

  Variant plain;
  plain.name = "plain";
  plain.guards = {{binary(Operation::LessEqual, d, 256), "the head dim is at most 256"}};
  plain.launches = {merge};
  plain.launches[0].arguments[0].buffer = q;
  descriptor.variants = {tma, plain};
  descriptor.results = {{0, {heads, d}}};
  return descriptor;
}

/// A driver with the kernels of `splitLaunch`.
struct SplitCuda : FakeCuda {
  SplitCuda() {
    std::map<CUfunction_attribute, int> attributes = {{CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
                                                      {CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 49152}};
    kernels["split"] = {{128, 8, 8, 8, 8, 4, 4}, attributes};
    kernels["merge"] = {{8, 8, 8}, attributes};
  }

  /// Null if it is refused.
  FoveaCudaProgram *prepare(const launch::LaunchDescriptor &descriptor) {
    std::vector<uint8_t> bytes = launch::write(descriptor);
    std::string cubin = fakeCubin("split");
    FoveaCudaImage image{cubin.data(), int64_t(cubin.size())};
    FoveaCudaProgram *program = nullptr;
    foveaCudaPrepare(bytes.data(), bytes.size(), &image, 1, &program);
    return program;
  }
};

} // namespace fovea

#endif // FOVEA_TEST_UNIT_RUNTIMECUDA_SPLITLAUNCH_H
