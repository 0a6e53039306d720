//===- CtaTypes.cpp - tiles, results in flight, channels ------------------===//

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Support/KernelBudget.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::cta;

#define GET_TYPEDEF_CLASSES
#include "fovea/Dialect/Cta/IR/CtaTypes.cpp.inc"

void CtaDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "fovea/Dialect/Cta/IR/CtaTypes.cpp.inc"
      >();
}

/// Bytes of an element that shared tiles can hold; 0 for others.
static int64_t tileElementBytes(Type type) {
  if (!type.isIntOrFloat())
    return 0;
  unsigned bits = type.getIntOrFloatBitWidth();
  return bits == 8 || bits == 16 || bits == 32 ? bits / 8 : 0;
}

Type TileType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type elementType;
  int64_t swizzle = 0;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/false) || parser.parseType(elementType))
    return {};
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("swizzle") || parser.parseEqual() || parser.parseInteger(swizzle)))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<TileType>(loc, parser.getContext(), shape, elementType, swizzle);
}

void TileType::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printDimensionList(getShape());
  printer << 'x' << getElementType();
  if (getSwizzle() != 0)
    printer << ", swizzle = " << getSwizzle();
  printer << '>';
}

LogicalResult TileType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> shape, Type elementType,
                               int64_t swizzle) {
  if (shape.size() != 2)
    return emitError() << "a shared tile has rank 2, got " << shape.size();
  for (int64_t extent : shape)
    if (extent < 1)
      return emitError() << "a shared tile has static, positive extents, got " << extent;
  // Far beyond any shared memory, so that passes reason about what exists.
  constexpr int64_t maxElements = 1 << 24;
  if (shape[0] > maxElements || shape[1] > maxElements || shape[0] * shape[1] > maxElements)
    return emitError() << "a shared tile has at most " << maxElements << " elements, got " << shape[0] << "x"
                       << shape[1];
  int64_t bytes = tileElementBytes(elementType);
  if (bytes == 0)
    return emitError() << "elements of a shared tile have 8, 16 or 32 bits, got " << elementType;
  if (swizzle == 0)
    return success();
  if (swizzle != 16 && swizzle != 32 && swizzle != 64 && swizzle != 128)
    return emitError() << "swizzle must span 16, 32, 64 or 128 bytes, got " << swizzle;
  std::string whyNot;
  if (!fovea::SharedTile::create(shape[0], shape[1], bytes, static_cast<fovea::Swizzle>(swizzle), &whyNot))
    return emitError() << whyNot;
  return success();
}

RankedTensorType TileType::getTensorType() const { return RankedTensorType::get(getShape(), getElementType()); }

fovea::SharedTile TileType::getSharedTile() const {
  return *fovea::SharedTile::create(getRows(), getCols(), tileElementBytes(getElementType()),
                                    static_cast<fovea::Swizzle>(getSwizzle()));
}

LogicalResult ChannelType::verify(function_ref<InFlightDiagnostic()> emitError, Type element, int64_t depth) {
  if (!isa<TileType>(element) && !element.isInteger(32))
    return emitError() << "a channel carries shared tiles or i32, got " << element;
  // Each slot has two barriers.
  const int64_t mostSlots = fovea::sharedBytesLimit(/*blocksPerSm=*/1) / (2 * barrierBytes);
  if (depth < 1 || depth > mostSlots)
    return emitError() << "a channel has 1 to " << mostSlots << " slots, got " << depth;
  return success();
}
