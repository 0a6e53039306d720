//===- LaunchDescriptorFormat.cpp - The descriptor's binary form ----------===//
//
// Part of the Fovea project. One function per struct lists its fields, for the
// writer and the reader alike.
//
//===----------------------------------------------------------------------===//

#include "fovea/LaunchDescriptor.h"

#include <type_traits>

using namespace fovea::launch;

/// Lists the fields of each struct in the order of the format.
template <typename Archive> static void transfer(Archive &io, Argument &x) { io(x.name, x.isTensor, x.type, x.rank); }
template <typename Archive> static void transfer(Archive &io, Expression &x) { io(x.operation, x.operands, x.value); }
template <typename Archive> static void transfer(Archive &io, Buffer &x) { io(x.kind, x.index); }
template <typename Archive> static void transfer(Archive &io, Workspace &x) { io(x.bytes, x.zeroFill); }
template <typename Archive> static void transfer(Archive &io, TensorMap &x) {
  io(x.buffer, x.type, x.swizzle, x.l2Promotion, x.sizes, x.strides, x.box);
}
template <typename Archive> static void transfer(Archive &io, KernelArgument &x) {
  io(x.kind, x.buffer, x.index, x.bits);
}
template <typename Archive> static void transfer(Archive &io, KernelLaunch &x) {
  io(x.image, x.kernel, x.grid, x.block, x.cluster, x.dynamicSharedBytes, x.arguments);
}
template <typename Archive> static void transfer(Archive &io, Guard &x) { io(x.condition, x.text); }
template <typename Archive> static void transfer(Archive &io, Variant &x) {
  io(x.name, x.guards, x.workspaces, x.tensorMaps, x.launches);
}
template <typename Archive> static void transfer(Archive &io, LaunchDescriptor &x) {
  io(x.name, x.numImages, x.arguments, x.expressions, x.variants);
}

namespace {

/// Turns fields into bytes and sequences; Derived moves those.
template <typename Derived> class Archive {
public:
  template <typename... Fields> void operator()(Fields &...fields) { (field(fields), ...); }

private:
  Derived &self() { return static_cast<Derived &>(*this); }

  template <typename Value> void field(Value &value) {
    if constexpr (std::is_same_v<Value, bool>)
      self().boolean(value);
    else if constexpr (std::is_enum_v<Value>)
      integer(reinterpret_cast<std::underlying_type_t<Value> &>(value));
    else if constexpr (std::is_integral_v<Value>)
      integer(value);
    else
      transfer(self(), value);
  }
  template <typename Element, size_t count> void field(std::array<Element, count> &elements) {
    for (Element &element : elements)
      field(element);
  }
  template <typename Element> void field(std::vector<Element> &elements) {
    self().sequence(elements, [&](Element &element) { field(element); });
  }
  void field(std::string &text) {
    self().sequence(text, [&](char &character) { integer(reinterpret_cast<uint8_t &>(character)); });
  }
  template <typename Integer> void integer(Integer &value) {
    auto bits = static_cast<uint64_t>(value);
    for (size_t i = 0; i < sizeof(Integer); ++i)
      self().byte(bits, 8 * i);
    value = static_cast<Integer>(bits);
  }

  friend Derived;
};

class Writer : public Archive<Writer> {
public:
  std::vector<uint8_t> bytes;

  void byte(uint64_t bits, unsigned shift) { bytes.push_back(bits >> shift); }
  void boolean(bool &value) {
    uint8_t bits = value;
    integer(bits);
  }
  template <typename Container, typename Field> void sequence(Container &elements, Field field) {
    auto count = static_cast<uint32_t>(elements.size());
    integer(count);
    for (auto &element : elements)
      field(element);
  }
};

/// Reads zeros once the bytes have ended, and says so in `error`.
class Reader : public Archive<Reader> {
public:
  Reader(const uint8_t *bytes, size_t size) : bytes(bytes), size(size) {}

  void byte(uint64_t &bits, unsigned shift) {
    uint64_t read = position < size ? bytes[position] : 0;
    if (position == size)
      refuse("is cut short");
    else
      ++position;
    bits = (bits & ~(uint64_t(0xff) << shift)) | read << shift;
  }
  void boolean(bool &value) {
    uint8_t bits = 0;
    integer(bits);
    if (bits > 1)
      refuse("has a bool of " + std::to_string(bits));
    value = bits == 1;
  }
  /// Grows one by one, so that a count which the bytes do not hold asks for no
  /// memory.
  template <typename Container, typename Field> void sequence(Container &elements, Field field) {
    uint32_t count = 0;
    integer(count);
    for (; count > 0 && error.empty(); --count) {
      elements.push_back({});
      field(elements.back());
    }
  }
  /// Keeps the first reason, and reads on as if the bytes had ended.
  void refuse(const std::string &reason) {
    if (error.empty())
      error = "the launch descriptor " + reason + " at byte " + std::to_string(position);
    position = size;
  }

  const uint8_t *bytes;
  size_t size;
  size_t position = 0;
  std::string error;
};

} // namespace

std::vector<uint8_t> fovea::launch::write(const LaunchDescriptor &descriptor) {
  LaunchDescriptor copy = descriptor; // a reader may write to what it lists
  uint32_t magic = formatMagic, version = formatVersion, length = 0;
  Writer writer;
  writer(magic, version, length);
  transfer(writer, copy);
  length = writer.bytes.size();
  for (unsigned i = 0; i < 4; ++i)
    writer.bytes[8 + i] = length >> 8 * i;
  return writer.bytes;
}

std::optional<LaunchDescriptor> fovea::launch::read(const void *bytes, size_t size, std::string &error) {
  Reader reader(static_cast<const uint8_t *>(bytes), size);
  uint32_t magic = 0, version = 0, length = 0;
  reader(magic, version, length);
  if (reader.error.empty() && magic != formatMagic)
    reader.error = "these bytes are no launch descriptor";
  else if (reader.error.empty() && version != formatVersion)
    reader.error =
        "the launch descriptor has version " + std::to_string(version) + ", expected " + std::to_string(formatVersion);
  else if (reader.error.empty() && length != size)
    reader.error = "the launch descriptor has " + std::to_string(size) + " bytes, expected " + std::to_string(length);
  LaunchDescriptor descriptor;
  if (reader.error.empty()) {
    transfer(reader, descriptor);
    if (reader.error.empty() && reader.position != size)
      reader.refuse("goes on");
  }
  error = reader.error;
  if (!error.empty() || !verify(descriptor, error))
    return std::nullopt;
  return descriptor;
}
