//===- LaunchDescriptorText.cpp - A descriptor for readers ----------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/LaunchDescriptor.h"

using namespace fovea::launch;

namespace {

/// Prints a verified descriptor.
class Printer {
public:
  explicit Printer(const LaunchDescriptor &descriptor) : descriptor(descriptor) {}

  std::string run();

private:
  std::string nameOfArgument(uint32_t index) const { return "'" + descriptor.arguments[index].name + "'"; }
  std::string expression(ExpressionIndex index) const;
  template <typename Indices> std::string expressions(const Indices &indices, char open, char close) const;
  std::string buffer(const Buffer &buffer) const;
  void argument(const Argument &argument);
  void tensorMap(const TensorMap &map);
  void launch(const KernelLaunch &launch);
  std::string kernelArgument(const KernelArgument &argument) const;
  void variant(const Variant &variant);

  const LaunchDescriptor &descriptor;
  std::string text;
};

} // namespace

static const char *symbolOf(Operation operation) {
  switch (operation) {
  case Operation::Add:
    return " + ";
  case Operation::Sub:
    return " - ";
  case Operation::Mul:
    return " * ";
  case Operation::FloorDiv:
    return " floordiv ";
  case Operation::CeilDiv:
    return " ceildiv ";
  case Operation::FloorMod:
    return " mod ";
  case Operation::Equal:
    return " == ";
  case Operation::NotEqual:
    return " != ";
  case Operation::Less:
    return " < ";
  case Operation::LessEqual:
    return " <= ";
  default:
    return nullptr;
  }
}

std::string Printer::expression(ExpressionIndex index) const {
  const Expression &got = descriptor.expressions[index];
  const auto &operands = got.operands;
  auto call = [&](const char *function, unsigned count) {
    std::string arguments;
    for (unsigned i = 0; i < count; ++i)
      arguments += (i == 0 ? "" : ", ") + expression(operands[i]);
    return function + ("(" + arguments + ")");
  };
  switch (got.operation) {
  case Operation::Constant:
    return std::to_string(got.value);
  case Operation::Size:
    return "size(" + nameOfArgument(operands[0]) + ", " + std::to_string(operands[1]) + ")";
  case Operation::Stride:
    return "stride(" + nameOfArgument(operands[0]) + ", " + std::to_string(operands[1]) + ")";
  case Operation::Address:
    return "address(" + nameOfArgument(operands[0]) + ")";
  case Operation::Scalar:
    return nameOfArgument(operands[0]);
  case Operation::SmCount:
    return "sm_count";
  case Operation::Min:
    return call("min", 2);
  case Operation::Max:
    return call("max", 2);
  case Operation::Select:
    return call("select", 3);
  default:
    return "(" + expression(operands[0]) + symbolOf(got.operation) + expression(operands[1]) + ")";
  }
}

template <typename Indices> std::string Printer::expressions(const Indices &indices, char open, char close) const {
  std::string list(1, open);
  for (ExpressionIndex index : indices)
    list += (list.size() == 1 ? "" : ", ") + expression(index);
  return list + close;
}

std::string Printer::buffer(const Buffer &buffer) const {
  return buffer.kind == Buffer::Kind::Argument ? nameOfArgument(buffer.index)
                                               : "workspace " + std::to_string(buffer.index);
}

void Printer::argument(const Argument &argument) {
  text += "argument '" + argument.name + "': " + nameOf(argument.type);
  text += argument.isTensor ? " tensor of rank " + std::to_string(argument.rank) + "\n" : "\n";
}

void Printer::tensorMap(const TensorMap &map) {
  text += "of " + buffer(map.buffer) + ", " + nameOf(map.type) + ", sizes " + expressions(map.sizes, '[', ']') +
          ", strides " + expressions(map.strides, '[', ']') + " bytes, box [";
  for (size_t i = 0; i < map.box.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(map.box[i]);
  text += "], swizzle " + std::to_string(16 << int(map.swizzle) & ~16) + "\n";
}

std::string Printer::kernelArgument(const KernelArgument &argument) const {
  switch (argument.kind) {
  case KernelArgument::Kind::Pointer:
    return "pointer to " + buffer(argument.buffer);
  case KernelArgument::Kind::Integer:
    return expression(argument.index);
  case KernelArgument::Kind::Scalar:
    return nameOfArgument(argument.index);
  case KernelArgument::Kind::F32:
    return "f32 bits " + std::to_string(argument.bits);
  case KernelArgument::Kind::F64:
    return "f64 bits " + std::to_string(argument.bits);
  case KernelArgument::Kind::TensorMap:
    break;
  }
  return "map " + std::to_string(argument.index);
}

void Printer::launch(const KernelLaunch &launch) {
  text += "  kernel '" + launch.kernel + "' of image " + std::to_string(launch.image) + ": grid " +
          expressions(launch.grid, '(', ')') + ", block " + expressions(launch.block, '(', ')') + ", cluster " +
          expressions(launch.cluster, '(', ')') + ", shared " + expression(launch.dynamicSharedBytes) + "\n";
  for (size_t i = 0; i < launch.arguments.size(); ++i)
    text += "    parameter " + std::to_string(i) + ": " + kernelArgument(launch.arguments[i]) + "\n";
}

void Printer::variant(const Variant &variant) {
  text += "variant '" + variant.name + "'\n";
  for (const Guard &guard : variant.guards)
    text += "  if " + expression(guard.condition) + ": " + guard.text + "\n";
  for (size_t i = 0; i < variant.workspaces.size(); ++i)
    text += "  workspace " + std::to_string(i) + ": " + expression(variant.workspaces[i].bytes) + " bytes" +
            (variant.workspaces[i].zeroFill ? ", zero\n" : "\n");
  for (size_t i = 0; i < variant.tensorMaps.size(); ++i) {
    text += "  map " + std::to_string(i) + ": ";
    tensorMap(variant.tensorMaps[i]);
  }
  for (const KernelLaunch &each : variant.launches)
    launch(each);
}

std::string Printer::run() {
  text = "launch '" + descriptor.name + "' of " + std::to_string(descriptor.numImages) +
         (descriptor.numImages == 1 ? " image\n" : " images\n");
  for (const Argument &each : descriptor.arguments)
    argument(each);
  for (size_t i = 0; i < descriptor.results.size(); ++i)
    text += "result " + std::to_string(i) + ": " + nameOfArgument(descriptor.results[i].argument) + ", sizes " +
            expressions(descriptor.results[i].sizes, '[', ']') + "\n";
  for (const Variant &each : descriptor.variants)
    variant(each);
  return text;
}

std::string fovea::launch::toText(const LaunchDescriptor &descriptor) { return Printer(descriptor).run(); }
