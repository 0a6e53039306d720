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
template <typename Archive> static void transfer(Archive &io, Result &x) { io(x.argument, x.sizes); }
template <typename Archive> static void transfer(Archive &io, LaunchDescriptor &x) {
  io(x.name, x.numImages, x.arguments, x.expressions, x.variants, x.results);
}

namespace {
/// Program with its descriptor in binary form.
struct ProgramParts {
  std::string descriptor;
  std::vector<std::string> images;
};
} // namespace
template <typename Archive> static void transfer(Archive &io, ProgramParts &x) { io(x.descriptor, x.images); }

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
  /// `what` is read, for errors.
  Reader(const char *what, const void *bytes, size_t size)
      : what(what), bytes(static_cast<const uint8_t *>(bytes)), size(size) {}

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
      error = std::string("the ") + what + " " + reason + " at byte " + std::to_string(position);
    position = size;
  }

  const char *const what;
  const uint8_t *const bytes;
  const size_t size;
  size_t position = 0;
  std::string error;
};

} // namespace

/// Magic, version and length, then the fields.
template <typename Fields> static std::vector<uint8_t> writeWhole(uint32_t magic, uint32_t version, Fields &fields) {
  uint32_t length = 0;
  Writer writer;
  writer(magic, version, length);
  transfer(writer, fields);
  length = writer.bytes.size();
  for (unsigned i = 0; i < 4; ++i)
    writer.bytes[8 + i] = length >> 8 * i;
  return writer.bytes;
}

/// Whether `fields` were read; if not, `error` says why.
template <typename Fields>
static bool readWhole(Reader reader, uint32_t expectedMagic, uint32_t expectedVersion, Fields &fields,
                      std::string &error) {
  uint32_t magic = 0, version = 0, length = 0;
  reader(magic, version, length);
  std::string what = std::string("the ") + reader.what;
  if (reader.error.empty() && magic != expectedMagic)
    reader.error = std::string("these bytes are no ") + reader.what;
  else if (reader.error.empty() && version != expectedVersion)
    reader.error = what + " has version " + std::to_string(version) + ", expected " + std::to_string(expectedVersion);
  else if (reader.error.empty() && length != reader.size)
    reader.error = what + " has " + std::to_string(reader.size) + " bytes, expected " + std::to_string(length);
  if (reader.error.empty()) {
    transfer(reader, fields);
    if (reader.error.empty() && reader.position != reader.size)
      reader.refuse("goes on");
  }
  error = reader.error;
  return error.empty();
}

std::vector<uint8_t> fovea::launch::write(const LaunchDescriptor &descriptor) {
  LaunchDescriptor copy = descriptor; // a reader may write to what it lists
  return writeWhole(formatMagic, formatVersion, copy);
}

std::optional<LaunchDescriptor> fovea::launch::read(const void *bytes, size_t size, std::string &error) {
  LaunchDescriptor descriptor;
  if (!readWhole(Reader("launch descriptor", bytes, size), formatMagic, formatVersion, descriptor, error) ||
      !verify(descriptor, error))
    return std::nullopt;
  return descriptor;
}

std::vector<uint8_t> fovea::launch::write(const Program &program) {
  std::vector<uint8_t> descriptor = write(program.descriptor);
  ProgramParts parts = {{descriptor.begin(), descriptor.end()}, program.images};
  return writeWhole(programMagic, programVersion, parts);
}

std::optional<Program> fovea::launch::readProgram(const void *bytes, size_t size, std::string &error) {
  ProgramParts parts;
  if (!readWhole(Reader("program", bytes, size), programMagic, programVersion, parts, error))
    return std::nullopt;
  std::optional<LaunchDescriptor> descriptor = read(parts.descriptor.data(), parts.descriptor.size(), error);
  if (!descriptor)
    return std::nullopt;
  if (parts.images.size() != descriptor->numImages) {
    error = "the program has " + std::to_string(parts.images.size()) + " images, expected " +
            std::to_string(descriptor->numImages);
    return std::nullopt;
  }
  return Program{std::move(*descriptor), std::move(parts.images)};
}
