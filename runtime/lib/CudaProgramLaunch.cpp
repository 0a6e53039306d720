//===- CudaProgramLaunch.cpp - From arguments to kernels on a stream ------===//
//
// Part of the Fovea project. A launch is planned as a whole, on the stack,
// before its first kernel goes to the stream.
//
//===----------------------------------------------------------------------===//

#include "CudaProgram.h"

#include "Error.h"
#include "LaunchEvaluation.h"
#include "TensorMapEncoder.h"

#include <algorithm>
#include <cstring>

using namespace fovea;
using namespace fovea::launch;

struct CudaProgram::Plan {
  const LaunchEvaluation &evaluation;
  const FoveaCudaArgument *const arguments;
  const Variant &variant;
  const Kernels &kernels;

  uint64_t workspace = 0; ///< Where the workspaces start.
  int64_t workspaceOffsets[maxWorkspaces];
  int64_t workspaceBytes[maxWorkspaces];
  FoveaCudaLaunchShape shapes[maxLaunches];
  CUtensorMap tensorMaps[maxTensorMaps];
  bool isEncoded[maxTensorMaps] = {};

  Plan(const LaunchEvaluation &evaluation, const FoveaCudaArgument *arguments, const Variant &variant,
       const Kernels &kernels)
      : evaluation(evaluation), arguments(arguments), variant(variant), kernels(kernels) {}

  uint64_t addressOf(const Buffer &buffer) const {
    if (buffer.kind == Buffer::Kind::Workspace)
      return workspace + workspaceOffsets[buffer.index];
    return reinterpret_cast<uintptr_t>(arguments[buffer.index].data);
  }
};

static constexpr int64_t workspaceAlignment = 256;
static constexpr int64_t tensorMapAlignment = 16; ///< Of its address and its strides.

bool CudaProgram::checkArguments(const FoveaCudaArgument *arguments, int64_t count, bool withResults) const {
  auto isSkipped = [&](int64_t index) {
    return !withResults && std::any_of(descriptor.results.begin(), descriptor.results.end(),
                                       [&](const Result &result) { return int64_t(result.argument) == index; });
  };
  if (count != int64_t(descriptor.arguments.size()))
    return fail("got %lld arguments, expected %zu", (long long)count, descriptor.arguments.size());
  for (int64_t i = 0; i < count; ++i) {
    const Argument &expected = descriptor.arguments[i];
    const FoveaCudaArgument &got = arguments[i];
    const char *name = expected.name.c_str();
    if (got.elementType != static_cast<int>(expected.type))
      return fail("argument '%s': got element type %s, expected %s", name,
                  got.elementType >= FOVEA_I8 && got.elementType <= FOVEA_F8E5M2
                      ? nameOf(static_cast<ElementType>(got.elementType))
                      : std::to_string(got.elementType).c_str(),
                  nameOf(expected.type));
    if (got.rank != expected.rank)
      return fail("argument '%s': got rank %lld, expected %u", name, (long long)got.rank, expected.rank);
    if (isSkipped(i))
      continue;
    bool isEmpty = false;
    for (int64_t dim = 0; dim < got.rank; ++dim) {
      if (got.sizes[dim] < 0)
        return fail("argument '%s': size %lld is %lld", name, (long long)dim, (long long)got.sizes[dim]);
      isEmpty |= got.sizes[dim] == 0;
    }
    if (expected.isTensor && !isEmpty && !got.data)
      return fail("argument '%s': got null, and it is not empty", name);
  }
  return true;
}

bool CudaProgram::checkResults(const LaunchEvaluation &evaluation, const FoveaCudaArgument *arguments) const {
  for (const Result &result : descriptor.results)
    for (size_t dim = 0; dim < result.sizes.size(); ++dim) {
      int64_t expected, got = arguments[result.argument].sizes[dim];
      if (!evaluation.get(result.sizes[dim], "a size of a result", expected))
        return false;
      if (got != expected)
        return fail("argument '%s': size %zu is %lld, expected %lld",
                    descriptor.arguments[result.argument].name.c_str(), dim, (long long)got, (long long)expected);
    }
  return true;
}

const Variant *CudaProgram::select(const LaunchEvaluation &evaluation) const {
  auto holds = [&](const Guard &guard) {
    int64_t value;
    return evaluation.get(guard.condition, value) && value != 0;
  };
  for (const Variant &variant : descriptor.variants)
    if (std::all_of(variant.guards.begin(), variant.guards.end(), holds))
      return &variant;
  fail("no variant takes these arguments");
  for (const Variant &variant : descriptor.variants) {
    const char *separator = " requires: ";
    appendLastError("; '%s'", variant.name.c_str());
    for (const Guard &guard : variant.guards)
      if (!holds(guard)) {
        appendLastError("%s%s", separator, guard.text.c_str());
        separator = ", ";
      }
  }
  return nullptr;
}

bool CudaProgram::placeWorkspaces(Plan &plan, int64_t &bytes) const {
  bytes = 0;
  for (size_t i = 0; i < plan.variant.workspaces.size(); ++i) {
    int64_t size, padded;
    if (!plan.evaluation.get(plan.variant.workspaces[i].bytes, "the size of a workspace", size))
      return false;
    if (size < 0)
      return fail("workspace %zu has %lld bytes", i, (long long)size);
    plan.workspaceOffsets[i] = bytes;
    plan.workspaceBytes[i] = size;
    if (__builtin_add_overflow(size, workspaceAlignment - 1, &padded) ||
        __builtin_add_overflow(bytes, padded & -workspaceAlignment, &bytes))
      return fail("the workspaces have more than 2^63 bytes");
  }
  return true;
}

/// The driver makes no map of an empty tensor, but kernels may copy by it: zeros, from coordinates beyond it. The map
/// that does so has one element in every empty dimension, which nothing reads.
static void standForEmpty(FoveaTensorMapShape &shape) {
  for (int dim = 0; dim < shape.rank; ++dim) {
    shape.sizes[dim] = std::max<int64_t>(shape.sizes[dim], 1);
    if (dim > 0)
      shape.strides[dim - 1] = tensorMapAlignment;
  }
}

/// An address for a tensor map of an empty tensor: the device translates it although it copies nothing from there. What
/// is launched has an argument that is not empty.
static uint64_t anyAddress(const FoveaCudaArgument *arguments, size_t count) {
  for (const FoveaCudaArgument *argument = arguments; argument != arguments + count; ++argument) {
    bool isEmpty =
        std::any_of(argument->sizes, argument->sizes + argument->rank, [](int64_t size) { return size == 0; });
    if (argument->data && !isEmpty)
      return reinterpret_cast<uintptr_t>(argument->data) & -tensorMapAlignment;
  }
  return tensorMapAlignment;
}

bool CudaProgram::encodeTensorMaps(Plan &plan, const KernelLaunch &launch) const {
  for (const KernelArgument &argument : launch.arguments) {
    if (argument.kind != KernelArgument::Kind::TensorMap || plan.isEncoded[argument.index])
      continue;
    const TensorMap &map = plan.variant.tensorMaps[argument.index];
    FoveaTensorMapShape shape{};
    bool isEmpty = false;
    shape.elementType = static_cast<int>(map.type);
    shape.rank = int(map.sizes.size());
    shape.swizzleBytes = 16 << int(map.swizzle) & ~16;
    shape.l2PromotionBytes = 32 << int(map.l2Promotion) & ~32;
    for (int dim = 0; dim < shape.rank; ++dim) {
      shape.box[dim] = map.box[dim];
      if (!plan.evaluation.get(map.sizes[dim], "a size of a tensor map", shape.sizes[dim]) ||
          (dim > 0 && !plan.evaluation.get(map.strides[dim - 1], "a stride of a tensor map", shape.strides[dim - 1])))
        return false;
      isEmpty |= shape.sizes[dim] == 0;
    }
    uint64_t address = plan.addressOf(map.buffer);
    if (isEmpty) {
      standForEmpty(shape);
      address = anyAddress(plan.arguments, descriptor.arguments.size());
    }
    if (!encodeTensorMap(context.driver, address, shape, plan.tensorMaps[argument.index])) {
      appendLastError("; tensor map %u of kernel '%s'", argument.index, launch.kernel.c_str());
      return false;
    }
    plan.isEncoded[argument.index] = true;
  }
  return true;
}

bool CudaProgram::planLaunches(Plan &plan) const {
  for (size_t i = 0; i < plan.variant.launches.size(); ++i) {
    const KernelLaunch &launch = plan.variant.launches[i];
    FoveaCudaLaunchShape &shape = plan.shapes[i];
    auto get = [&](ExpressionIndex index, const char *what, int64_t &value) {
      if (plan.evaluation.get(index, what, value))
        return true;
      appendLastError("; kernel '%s'", launch.kernel.c_str());
      return false;
    };
    for (unsigned dim = 0; dim < 3; ++dim)
      if (!get(launch.grid[dim], "the grid", shape.grid[dim]) ||
          !get(launch.block[dim], "the block", shape.block[dim]) ||
          !get(launch.cluster[dim], "the cluster", shape.cluster[dim]))
        return false;
    if (!get(launch.dynamicSharedBytes, "the dynamic shared memory", shape.dynamicSharedBytes) ||
        !plan.kernels[i]->checkShape(shape))
      return false;
    for (const KernelArgument &argument : launch.arguments) {
      int64_t value;
      if (argument.kind == KernelArgument::Kind::Integer && !get(argument.index, "an argument", value))
        return false;
    }
  }
  return true;
}

/// Tensor maps need not exist where nothing runs.
bool CudaProgram::encodeTensorMaps(Plan &plan) const {
  for (size_t i = 0; i < plan.variant.launches.size(); ++i) {
    const int64_t (&grid)[3] = plan.shapes[i].grid;
    if (std::min({grid[0], grid[1], grid[2]}) > 0 && !encodeTensorMaps(plan, plan.variant.launches[i]))
      return false;
  }
  return true;
}

/// Passes a kernel its arguments, whose values `planLaunches` has seen to
/// exist.
bool CudaProgram::issue(Plan &plan, size_t index, CUstream stream) const {
  const KernelLaunch &launch = plan.variant.launches[index];
  uint64_t values[maxKernelArguments];
  void *pointers[maxKernelArguments];
  for (size_t i = 0; i < launch.arguments.size(); ++i) {
    const KernelArgument &argument = launch.arguments[i];
    auto put = [&](auto value) { std::memcpy(&values[i], &value, sizeof value); };
    pointers[i] = &values[i];
    switch (argument.kind) {
    case KernelArgument::Kind::Pointer:
      put(plan.addressOf(argument.buffer));
      break;
    case KernelArgument::Kind::Integer: {
      int64_t value = 0;
      plan.evaluation.get(argument.index, value);
      put(value);
      break;
    }
    case KernelArgument::Kind::Scalar: {
      const FoveaCudaArgument &scalar = plan.arguments[argument.index];
      if (scalar.elementType == FOVEA_I64)
        put(scalar.integer);
      else if (scalar.elementType == FOVEA_F64)
        put(scalar.number);
      else
        put(static_cast<float>(scalar.number));
      break;
    }
    case KernelArgument::Kind::F32:
      put(static_cast<uint32_t>(argument.bits));
      break;
    case KernelArgument::Kind::F64:
      put(argument.bits);
      break;
    case KernelArgument::Kind::TensorMap:
      pointers[i] = &plan.tensorMaps[argument.index];
      break;
    }
  }
  return plan.kernels[index]->launch(plan.shapes[index], pointers, stream);
}

bool CudaProgram::describe(const FoveaCudaArgument *arguments) const {
  appendLastError("; launch '%s'", descriptor.name.c_str());
  for (size_t i = 0; i < descriptor.arguments.size(); ++i) {
    const Argument &declared = descriptor.arguments[i];
    const FoveaCudaArgument &argument = arguments[i];
    appendLastError(", %s: ", declared.name.c_str());
    for (int64_t dim = 0; dim < argument.rank; ++dim)
      appendLastError("%lldx", (long long)argument.sizes[dim]);
    appendLastError("%s", nameOf(declared.type));
    if (argument.rank > 0)
      for (int64_t dim = 0; dim < argument.rank; ++dim)
        appendLastError("%s%lld", dim == 0 ? " strides " : ",", (long long)argument.strides[dim]);
    else if (declared.type == ElementType::I64)
      appendLastError(" %lld", (long long)argument.integer);
    else if (!declared.isTensor)
      appendLastError(" %g", argument.number);
  }
  return false;
}

bool CudaProgram::getResult(const FoveaCudaArgument *arguments, int64_t count, int64_t index, int64_t &argument,
                            int64_t *sizes) const {
  if (index < 0 || index >= int64_t(descriptor.results.size()))
    return fail("launch '%s': got result %lld, expected 0 to %lld", descriptor.name.c_str(), (long long)index,
                (long long)descriptor.results.size() - 1);
  if (!checkArguments(arguments, count, /*withResults=*/false)) {
    appendLastError("; launch '%s'", descriptor.name.c_str());
    return false;
  }
  LaunchEvaluation evaluation(descriptor, arguments, smCount);
  const Result &result = descriptor.results[index];
  argument = result.argument;
  for (size_t dim = 0; dim < result.sizes.size(); ++dim)
    if (!evaluation.get(result.sizes[dim], "a size of a result", sizes[dim]))
      return describe(arguments);
  return true;
}

bool CudaProgram::plan(const FoveaCudaArgument *arguments, int64_t count, FoveaCudaPlannedKernel *planned,
                       int64_t capacity, int64_t &kernelCount) const {
  if (!checkArguments(arguments, count)) {
    appendLastError("; launch '%s'", descriptor.name.c_str());
    return false;
  }
  LaunchEvaluation evaluation(descriptor, arguments, smCount);
  const Variant *variant = select(evaluation);
  if (!variant)
    return describe(arguments);
  Plan plan(evaluation, arguments, *variant, kernels[variant - descriptor.variants.data()]);
  int64_t bytes;
  if (!placeWorkspaces(plan, bytes) || !planLaunches(plan))
    return describe(arguments);
  kernelCount = int64_t(variant->launches.size());
  for (int64_t i = 0; i < std::min(capacity, kernelCount); ++i)
    planned[i] = {variant->name.c_str(), variant->launches[i].kernel.c_str(), plan.shapes[i],
                  plan.kernels[i]->getAttributes()};
  return true;
}

bool CudaProgram::getWorkspaceBytes(const FoveaCudaArgument *arguments, int64_t count, int64_t &bytes) const {
  if (!checkArguments(arguments, count)) {
    appendLastError("; launch '%s'", descriptor.name.c_str());
    return false;
  }
  LaunchEvaluation evaluation(descriptor, arguments, smCount);
  const Variant *variant = select(evaluation);
  if (!variant)
    return describe(arguments);
  Plan plan(evaluation, arguments, *variant, kernels[variant - descriptor.variants.data()]);
  return placeWorkspaces(plan, bytes) || describe(arguments);
}

bool CudaProgram::launch(const FoveaCudaArgument *arguments, int64_t count, uint64_t workspace, int64_t workspaceBytes,
                         bool isFresh, CUstream stream) const {
  std::optional<CudaContext> current = CudaContext::current();
  if (!current)
    return false;
  if (current->id != context.id)
    return fail("launch '%s' was prepared in another context (%llu) than the "
                "current one (%llu)",
                descriptor.name.c_str(), context.id, current->id);
  if (!checkArguments(arguments, count)) {
    appendLastError("; launch '%s'", descriptor.name.c_str());
    return false;
  }
  LaunchEvaluation evaluation(descriptor, arguments, smCount);
  if (!checkResults(evaluation, arguments))
    return describe(arguments);
  const Variant *variant = select(evaluation);
  if (!variant)
    return describe(arguments);
  Plan plan(evaluation, arguments, *variant, kernels[variant - descriptor.variants.data()]);
  plan.workspace = workspace;
  int64_t needed = 0;
  if (!placeWorkspaces(plan, needed))
    return describe(arguments);
  if (needed > 0 && (workspaceBytes < needed || workspace == 0 || workspace % workspaceAlignment != 0)) {
    fail("got a workspace of %lld bytes at 0x%llx, expected %lld bytes aligned "
         "to %lld",
         (long long)workspaceBytes, (unsigned long long)workspace, (long long)needed, (long long)workspaceAlignment);
    return describe(arguments);
  }
  if (!planLaunches(plan) || !encodeTensorMaps(plan))
    return describe(arguments);

  for (size_t i = 0; i < variant->workspaces.size(); ++i)
    if (isFresh && variant->workspaces[i].zeroFill && plan.workspaceBytes[i] > 0 &&
        !context.driver.cuMemsetD8Async(workspace + plan.workspaceOffsets[i], 0, plan.workspaceBytes[i], stream))
      return describe(arguments);
  for (size_t i = 0; i < variant->launches.size(); ++i)
    if (!issue(plan, i, stream))
      return describe(arguments);
  return true;
}
