//===- LaunchDescriptor.h - How compiled kernels are launched ---*- C++ -*-===//
//
// Part of the Fovea project. A launch descriptor is plain data that travels
// with compiled kernels and says, for arguments of any shape, which kernels to
// launch in which order, on which grid, with which arguments, tensor maps,
// shared memory and workspace. A compiler fills the struct, verifies and writes
// it; the runtime reads and interprets it (foveaCudaPrepare in cuda.h), so that
// a program without a compiler can launch.
//
// Everything that depends on shapes is an expression: an i64 computed from
// constants, the arguments' sizes, strides (in elements), addresses and integer
// values, and the device's number of SMs. Expressions form one table in which
// operands precede their users; evaluation is one pass over it. An overflow or
// a division by zero is an error of whoever uses the value, so the branch that
// a `select` does not take does no harm.
//
// A descriptor has variants, tried in order: the first whose guards all hold
// (are not 0) is launched.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LAUNCHDESCRIPTOR_H
#define FOVEA_LAUNCHDESCRIPTOR_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fovea::launch {

/// Index into LaunchDescriptor::expressions.
using ExpressionIndex = uint32_t;

/// The element types of FoveaElementType in element_type.h, with the same values.
enum class ElementType : uint8_t { I8 = 1, I16, I32, I64, F16, BF16, F32, F64, F8E4M3, F8E5M2 };
constexpr uint8_t lastElementType = uint8_t(ElementType::F8E5M2);
/// The bytes of an element, as text for errors its name.
int64_t byteSize(ElementType type);
const char *nameOf(ElementType type);

/// An argument of the whole launch, as the caller passes it.
struct Argument {
  std::string name;
  bool isTensor = true; ///< Otherwise a scalar: i64, f32 or f64; rank 0.
  ElementType type = ElementType::F32;
  uint32_t rank = 0;
};

enum class Operation : uint8_t {
  Constant, ///< value
  Size,     ///< of tensor argument [0], dimension [1]
  Stride,   ///< in elements, of tensor argument [0], dimension [1]
  Address,  ///< of tensor argument [0]: guards test alignment with it
  Scalar,   ///< value of i64 argument [0]
  SmCount,  ///< streaming multiprocessors of the device
  Add,
  Sub,
  Mul,
  FloorDiv,
  CeilDiv,
  FloorMod, ///< rounded towards -inf, +inf; sign of divisor
  Min,
  Max,
  Equal,
  NotEqual,
  Less,
  LessEqual, ///< 1 or 0
  Select     ///< [0] != 0 ? [1] : [2]
};
constexpr uint8_t lastOperation = uint8_t(Operation::Select);

struct Expression {
  Operation operation = Operation::Constant;
  /// Expressions before this one; for Size to Scalar argument and dimension.
  /// Those that the operation does not have are 0.
  std::array<uint32_t, 3> operands = {0, 0, 0};
  int64_t value = 0; ///< Of a Constant, otherwise 0.
};
/// How many of an operation's operands are expressions.
unsigned numExpressionOperands(Operation operation);

/// Device memory that a kernel or a tensor map refers to.
struct Buffer {
  enum class Kind : uint8_t { Argument, Workspace };
  Kind kind = Kind::Argument;
  uint32_t index = 0; ///< Tensor argument, or workspace of the variant.
};

/// Temporary device memory, carved out of what the caller provides; starts at a
/// multiple of 256 bytes.
struct Workspace {
  ExpressionIndex bytes = 0;
  bool zeroFill = false; ///< Set to zero on the stream before the first kernel.
};

/// A tiled tensor map (cuTensorMapEncodeTiled). Dimension 0 is the innermost,
/// whose stride is one element. What a box reads out of bounds is zero.
struct TensorMap {
  enum class Swizzle : uint8_t { None, Bytes32, Bytes64, Bytes128 };
  enum class L2Promotion : uint8_t { None, Bytes64, Bytes128, Bytes256 };

  Buffer buffer;
  ElementType type = ElementType::F16;
  Swizzle swizzle = Swizzle::None;
  L2Promotion l2Promotion = L2Promotion::Bytes256;
  std::vector<ExpressionIndex> sizes;   ///< In elements; 1 to 5 of them.
  std::vector<ExpressionIndex> strides; ///< In bytes, of dimensions 1, 2, ...
  std::vector<uint32_t> box;            ///< In elements, 1 to 256 each.
};

/// What a kernel is passed for one parameter.
struct KernelArgument {
  enum class Kind : uint8_t {
    Pointer, ///< 64-bit address of `buffer`
    Integer, ///< i64, expression `index`
    Scalar,  ///< value of scalar argument `index`, in its type
    F32,
    F64,      ///< constant with these `bits`
    TensorMap ///< 128 bytes by value, tensor map `index` of the variant
  };
  Kind kind = Kind::Pointer;
  Buffer buffer;
  uint32_t index = 0;
  uint64_t bits = 0;
};

/// One launch. If an extent of the grid is 0 it is left out.
struct KernelLaunch {
  uint32_t image = 0; ///< Which of the images given to foveaCudaPrepare.
  std::string kernel;
  std::array<ExpressionIndex, 3> grid, block;
  std::array<ExpressionIndex, 3> cluster; ///< 1 x 1 x 1 is none.
  ExpressionIndex dynamicSharedBytes = 0;
  std::vector<KernelArgument> arguments;
};

/// A condition of a variant: an expression that must not be 0.
struct Guard {
  ExpressionIndex condition = 0;
  std::string text; ///< What it asks for, "the head dim is 128".
};

struct Variant {
  std::string name;
  std::vector<Guard> guards;
  std::vector<Workspace> workspaces;
  std::vector<TensorMap> tensorMaps;
  std::vector<KernelLaunch> launches; ///< In stream order.
};

/// A result of the launch: the argument that it is written to, and what that
/// argument's sizes must be. Those of an argument that the caller makes for the
/// result follow from the other arguments.
struct Result {
  uint32_t argument = 0;
  std::vector<ExpressionIndex> sizes;
};

/// Limits, which let a launch work on the stack alone.
constexpr size_t maxArguments = 64, maxRank = 8, maxExpressions = 2048;
constexpr size_t maxVariants = 64, maxGuards = 64, maxWorkspaces = 32;
constexpr size_t maxTensorMaps = 32, maxLaunches = 16, maxKernelArguments = 128;
constexpr size_t maxNameLength = 255;

struct LaunchDescriptor {
  std::string name;
  uint32_t numImages = 1;
  std::vector<Argument> arguments;
  std::vector<Expression> expressions;
  std::vector<Variant> variants;
  std::vector<Result> results;
};

/// Whether every index, count and enumerator is in range. Otherwise false, and
/// `error` says which is not.
bool verify(const LaunchDescriptor &descriptor, std::string &error);

/// The binary form: little endian, without padding. It starts with the u32
/// `formatMagic`, the u32 `formatVersion` and the u32 length of the whole;
/// the fields of LaunchDescriptor follow in the order of their declaration.
/// Enumerators and bools are u8; an array with a fixed number of elements has
/// these only; vectors and strings have a u32 count before them.
constexpr uint32_t formatMagic = 0x444c5646; // "FVLD"
constexpr uint32_t formatVersion = 2;
std::vector<uint8_t> write(const LaunchDescriptor &descriptor);

/// Reads and verifies. Any bytes are safe to read; what is no descriptor gives
/// none, and `error` says why.
std::optional<LaunchDescriptor> read(const void *bytes, size_t size, std::string &error);

/// A valid descriptor in lines for a reader, its expressions written out.
std::string toText(const LaunchDescriptor &descriptor);

/// Kernels with how to launch them: all that a program without a compiler
/// needs. Images are PTX or cubins.
struct Program {
  LaunchDescriptor descriptor;
  std::vector<std::string> images;
};

/// The binary form of a program, by the same rules: the u32 `programMagic`, the
/// u32 `programVersion`, the u32 length of the whole; then the binary form of
/// the descriptor and the images, each with a u32 count of bytes before it, and
/// a u32 count before the images.
constexpr uint32_t programMagic = 0x4d475646; // "FVGM"
constexpr uint32_t programVersion = 1;
std::vector<uint8_t> write(const Program &program);

/// Reads and verifies, like `read`.
std::optional<Program> readProgram(const void *bytes, size_t size, std::string &error);

} // namespace fovea::launch

#endif // FOVEA_LAUNCHDESCRIPTOR_H
