//===- LaunchDescriptor.cpp - What makes a descriptor valid ---------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/LaunchDescriptor.h"

using namespace fovea::launch;

int64_t fovea::launch::byteSize(ElementType type) {
  switch (type) {
  case ElementType::I8:
  case ElementType::F8E4M3:
  case ElementType::F8E5M2:
    return 1;
  case ElementType::I16:
  case ElementType::F16:
  case ElementType::BF16:
    return 2;
  case ElementType::I32:
  case ElementType::F32:
    return 4;
  case ElementType::I64:
  case ElementType::F64:
    return 8;
  }
  return 0;
}

const char *fovea::launch::nameOf(ElementType type) {
  static constexpr const char *names[] = {"i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64", "f8E4M3FN", "f8E5M2"};
  auto index = static_cast<uint8_t>(type);
  return index >= 1 && index <= lastElementType ? names[index - 1] : "unknown";
}

unsigned fovea::launch::numExpressionOperands(Operation operation) {
  switch (operation) {
  case Operation::Constant:
  case Operation::Size:
  case Operation::Stride:
  case Operation::Address:
  case Operation::Scalar:
  case Operation::SmCount:
    return 0;
  case Operation::Select:
    return 3;
  default:
    return 2;
  }
}

namespace {

/// Visits a descriptor; each function is false once `error` says why.
class Verifier {
public:
  Verifier(const LaunchDescriptor &descriptor, std::string &error) : descriptor(descriptor), error(error) {}

  bool run();

private:
  bool refuse(const std::string &reason) {
    error = "the launch descriptor is invalid: " + place + reason;
    return false;
  }
  bool below(const char *what, uint64_t got, uint64_t limit) {
    return got < limit ||
           refuse(std::string(what) + " is " + std::to_string(got) + ", expected less than " + std::to_string(limit));
  }
  bool within(const char *what, uint64_t got, uint64_t least, uint64_t most) {
    return (got >= least && got <= most) || refuse(std::string(what) + " is " + std::to_string(got) + ", expected " +
                                                   std::to_string(least) + " to " + std::to_string(most));
  }
  template <typename Enumerator> bool atMost(const char *what, Enumerator got, uint8_t last) {
    return within(what, static_cast<uint8_t>(got), 0, last);
  }
  bool name(const char *what, const std::string &text) {
    return within(what, text.size(), 1, maxNameLength) &&
           (text.find('\0') == std::string::npos || refuse(std::string(what) + " contains a NUL"));
  }
  bool type(ElementType got) { return within("an element type", uint8_t(got), 1, lastElementType); }
  bool expression(const char *what, ExpressionIndex index) { return below(what, index, descriptor.expressions.size()); }
  bool tensor(uint32_t index) {
    return below("a tensor argument", index, descriptor.arguments.size()) &&
           (descriptor.arguments[index].isTensor || refuse("argument " + std::to_string(index) + " is no tensor"));
  }
  bool scalar(uint32_t index) {
    return below("a scalar argument", index, descriptor.arguments.size()) &&
           (!descriptor.arguments[index].isTensor || refuse("argument " + std::to_string(index) + " is no scalar"));
  }
  bool buffer(const Buffer &got, const Variant &variant) {
    return atMost("a buffer's kind", got.kind, 1) &&
           (got.kind == Buffer::Kind::Argument ? tensor(got.index)
                                               : below("a workspace", got.index, variant.workspaces.size()));
  }
  bool argument(const Argument &got);
  bool expression(const Expression &got, uint32_t index);
  bool variant(const Variant &got);
  bool tensorMap(const TensorMap &got, const Variant &variant);
  bool launch(const KernelLaunch &got, const Variant &variant);
  bool kernelArgument(const KernelArgument &got, const Variant &variant);
  bool result(const Result &got);

  const LaunchDescriptor &descriptor;
  std::string &error;
  std::string place; ///< Before the reason.
};

} // namespace

bool Verifier::argument(const Argument &got) {
  if (!name("an argument's name", got.name) || !type(got.type) ||
      !within("the rank", got.rank, 0, got.isTensor ? maxRank : 0))
    return false;
  return got.isTensor || got.type == ElementType::I64 || got.type == ElementType::F32 || got.type == ElementType::F64 ||
         refuse("a scalar has type " + std::string(nameOf(got.type)) + ", expected i64, f32 or f64");
}

bool Verifier::expression(const Expression &got, uint32_t index) {
  if (!atMost("the operation", got.operation, lastOperation))
    return false;
  unsigned used = numExpressionOperands(got.operation);
  for (unsigned i = 0; i < used; ++i)
    if (!below("an operand", got.operands[i], index))
      return false;
  switch (got.operation) {
  case Operation::Size:
  case Operation::Stride:
    if (!tensor(got.operands[0]) ||
        !below("the dimension", got.operands[1], descriptor.arguments[got.operands[0]].rank))
      return false;
    used = 2;
    break;
  case Operation::Address:
    if (!tensor(got.operands[0]))
      return false;
    used = 1;
    break;
  case Operation::Scalar:
    if (!scalar(got.operands[0]))
      return false;
    if (descriptor.arguments[got.operands[0]].type != ElementType::I64)
      return refuse("the scalar is no i64");
    used = 1;
    break;
  default:
    break;
  }
  for (unsigned i = used; i < 3; ++i)
    if (got.operands[i] != 0)
      return refuse("an operand that the operation does not have is not 0");
  return got.operation == Operation::Constant || got.value == 0 || refuse("the value of what is no constant is not 0");
}

bool Verifier::tensorMap(const TensorMap &got, const Variant &variant) {
  if (!buffer(got.buffer, variant) || !type(got.type) || !atMost("the swizzle", got.swizzle, 3) ||
      !atMost("the L2 promotion", got.l2Promotion, 3) || !within("a tensor map's rank", got.sizes.size(), 1, 5) ||
      !within("the number of strides", got.strides.size(), got.sizes.size() - 1, got.sizes.size() - 1) ||
      !within("the box's rank", got.box.size(), got.sizes.size(), got.sizes.size()))
    return false;
  for (ExpressionIndex size : got.sizes)
    if (!expression("a size", size))
      return false;
  for (ExpressionIndex stride : got.strides)
    if (!expression("a stride", stride))
      return false;
  for (uint32_t extent : got.box)
    if (!within("a box's extent", extent, 1, 256))
      return false;
  return true;
}

bool Verifier::kernelArgument(const KernelArgument &got, const Variant &variant) {
  using Kind = KernelArgument::Kind;
  switch (got.kind) {
  case Kind::Pointer:
    return buffer(got.buffer, variant);
  case Kind::Integer:
    return expression("an integer", got.index);
  case Kind::Scalar:
    return scalar(got.index);
  case Kind::TensorMap:
    return below("a tensor map", got.index, variant.tensorMaps.size());
  case Kind::F32:
  case Kind::F64:
    return true;
  }
  return refuse("a kernel argument has kind " + std::to_string(unsigned(got.kind)));
}

bool Verifier::launch(const KernelLaunch &got, const Variant &variant) {
  if (!below("the image", got.image, descriptor.numImages) || !name("the kernel's name", got.kernel) ||
      !expression("the dynamic shared memory", got.dynamicSharedBytes) ||
      !within("the number of kernel arguments", got.arguments.size(), 0, maxKernelArguments))
    return false;
  for (unsigned i = 0; i < 3; ++i)
    if (!expression("an extent of the grid", got.grid[i]) || !expression("an extent of the block", got.block[i]) ||
        !expression("an extent of the cluster", got.cluster[i]))
      return false;
  for (const KernelArgument &argument : got.arguments)
    if (!kernelArgument(argument, variant))
      return false;
  return true;
}

bool Verifier::variant(const Variant &got) {
  if (!name("its name", got.name) || !within("the number of guards", got.guards.size(), 0, maxGuards) ||
      !within("the number of workspaces", got.workspaces.size(), 0, maxWorkspaces) ||
      !within("the number of tensor maps", got.tensorMaps.size(), 0, maxTensorMaps) ||
      !within("the number of launches", got.launches.size(), 0, maxLaunches))
    return false;
  for (const Guard &guard : got.guards)
    if (!expression("a guard", guard.condition) || !name("a guard's text", guard.text))
      return false;
  for (const Workspace &workspace : got.workspaces)
    if (!expression("the bytes of a workspace", workspace.bytes))
      return false;
  for (const TensorMap &map : got.tensorMaps)
    if (!tensorMap(map, got))
      return false;
  for (const KernelLaunch &each : got.launches)
    if (!launch(each, got))
      return false;
  return true;
}

bool Verifier::result(const Result &got) {
  if (!tensor(got.argument))
    return false;
  uint32_t rank = descriptor.arguments[got.argument].rank;
  if (!within("the number of sizes", got.sizes.size(), rank, rank))
    return false;
  for (ExpressionIndex size : got.sizes)
    if (!expression("a size", size))
      return false;
  return true;
}

bool Verifier::run() {
  if (!name("the name", descriptor.name) || !within("the number of images", descriptor.numImages, 0, 64) ||
      !within("the number of arguments", descriptor.arguments.size(), 0, maxArguments) ||
      !within("the number of expressions", descriptor.expressions.size(), 0, maxExpressions) ||
      !within("the number of variants", descriptor.variants.size(), 1, maxVariants) ||
      !within("the number of results", descriptor.results.size(), 0, maxArguments))
    return false;
  for (size_t i = 0; i < descriptor.arguments.size(); ++i) {
    place = "argument " + std::to_string(i) + ": ";
    if (!argument(descriptor.arguments[i]))
      return false;
  }
  for (size_t i = 0; i < descriptor.expressions.size(); ++i) {
    place = "expression " + std::to_string(i) + ": ";
    if (!expression(descriptor.expressions[i], i))
      return false;
  }
  for (size_t i = 0; i < descriptor.variants.size(); ++i) {
    place = "variant " + std::to_string(i) + ": ";
    if (!variant(descriptor.variants[i]))
      return false;
  }
  for (size_t i = 0; i < descriptor.results.size(); ++i) {
    place = "result " + std::to_string(i) + ": ";
    if (!result(descriptor.results[i]))
      return false;
  }
  return true;
}

bool fovea::launch::verify(const LaunchDescriptor &descriptor, std::string &error) {
  return Verifier(descriptor, error).run();
}
