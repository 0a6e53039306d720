//===- TileValues.cpp - The values of a kernel ----------------------------===//

#include "TileValues.h"
#include "ScalarOps.h"

#include <cstring>

using namespace fovea;
using namespace fovea::tiles;

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

RegisterTile::RegisterTile(ElementType type, llvm::ArrayRef<int64_t> shape) : type(type), shape(shape) {
  if (isFloat())
    floats.resize(size());
  else
    integers.resize(size());
}

void RegisterTile::set(int64_t i, Number value) {
  if (isFloat())
    floats[i] = evaluator::roundTo(value.floating, evaluator::getRounding(type, Precision::Unfused));
  else
    integers[i] = evaluator::wrap(value.integer, type);
}

void RegisterTile::fill(Number value) {
  if (size() == 0)
    return;
  set(0, value);
  if (isFloat())
    std::fill(floats.begin(), floats.end(), floats[0]);
  else
    std::fill(integers.begin(), integers.end(), integers[0]);
}

RegisterTileRef tiles::takeRows(const RegisterTile &tile, llvm::ArrayRef<int64_t> rows) {
  llvm::SmallVector<int64_t, 2> shape = tile.shape;
  shape[0] = rows.size();
  auto taken = std::make_shared<RegisterTile>(tile.type, shape);
  taken->isConstant = tile.isConstant;
  int64_t cols = tile.cols();
  for (auto [to, from] : llvm::enumerate(rows)) {
    if (tile.isFloat())
      std::copy_n(&tile.floats[from * cols], cols, &taken->floats[to * cols]);
    else
      std::copy_n(&tile.integers[from * cols], cols, &taken->integers[to * cols]);
  }
  return taken;
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

void SharedBuffer::addRegion(std::string label, int64_t begin, int64_t bytes, int64_t depth) {
  regions.push_back({std::move(label), begin, bytes, depth});
}

const SharedBuffer::Region *SharedBuffer::findRegion(int64_t offset) const {
  const Region *narrowest = nullptr;
  for (const Region &region : regions)
    if (offset >= region.begin && offset < region.begin + region.bytes &&
        (!narrowest || region.bytes <= narrowest->bytes))
      narrowest = &region;
  return narrowest;
}

const SharedBuffer::Region *SharedBuffer::findRegion(llvm::StringRef label) const {
  auto found = llvm::find_if(regions, [&](const Region &region) { return region.label == label; });
  return found == regions.end() ? nullptr : &*found;
}

const SharedBuffer::Region *SharedBuffer::findOverlap(int64_t begin, int64_t bytes) const {
  for (const Region &region : llvm::drop_begin(regions))
    if (begin < region.begin + region.bytes && region.begin < begin + bytes)
      return &region;
  return nullptr;
}

void SharedBuffer::setDepth(llvm::StringRef label, int64_t depth) {
  for (Region &region : regions)
    if (region.label == label)
      region.depth = depth;
}

std::string SharedBuffer::describe(int64_t offset) const {
  const Region *region = findRegion(offset);
  if (!region)
    return "shared memory at " + std::to_string(offset);
  std::string text = '"' + region->label + '"';
  if (region->depth > 1)
    text += " (slot " + std::to_string((offset - region->begin) * region->depth / region->bytes) + ")";
  return text;
}

void SharedBuffer::poison(int64_t begin, int64_t bytes) { std::memset(at(begin), 0xff, bytes); }

int64_t SharedTileRef::getCopiedBytes() const { return type.getSwizzle() ? type.getSharedTile().bytes() : getBytes(); }

/// Values of all f16, by their bits.
static const float *getF16Values() {
  static const std::vector<float> values = [] {
    std::vector<float> table(1 << 16);
    for (size_t bits = 0; bits != table.size(); ++bits)
      table[bits] = decodeF16(bits);
    return table;
  }();
  return values.data();
}

static float decodeBF16Fast(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

std::vector<uint8_t> tiles::copyRows(const SharedTileRef &tile, llvm::ArrayRef<int64_t> rows) {
  int64_t rowBytes = tile.type.getCols() * tile.getElementBytes();
  std::vector<uint8_t> bytes;
  bytes.reserve(rows.size() * rowBytes);
  for (int64_t row : rows)
    bytes.insert(bytes.end(), tile.row(row), tile.row(row) + rowBytes);
  return bytes;
}

std::vector<float> tiles::decodeRows(const SharedTileRef &tile, llvm::ArrayRef<int64_t> rows, bool &holdsNothing) {
  int64_t cols = tile.type.getCols();
  std::vector<float> values(rows.size() * cols);
  ElementType type = tile.getElementType();
  const float *f16 = getF16Values();
  std::vector<uint16_t> bits(cols);
  float *value = values.data();
  for (int64_t row : rows) {
    const uint8_t *bytes = tile.row(row);
    if (tile.getElementBytes() == 2) {
      std::memcpy(bits.data(), bytes, 2 * cols);
      for (uint16_t element : bits) {
        holdsNothing |= element == 0xffff;
        *value++ = type == ElementType::F16 ? f16[element] : decodeBF16Fast(element);
      }
      continue;
    }
    for (int64_t j = 0; j != cols; ++j)
      *value++ = Scalar::load(type, bytes + j * tile.getElementBytes()).toDouble();
  }
  return values;
}
