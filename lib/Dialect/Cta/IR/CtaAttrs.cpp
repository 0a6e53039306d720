//===- CtaAttrs.cpp - layouts and schedules -------------------------------===//

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::cta;

#include "fovea/Dialect/Cta/IR/CtaEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "fovea/Dialect/Cta/IR/CtaAttrs.cpp.inc"

void CtaDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "fovea/Dialect/Cta/IR/CtaAttrs.cpp.inc"
      >();
}

Attribute ParamAttr::parse(AsmParser &parser, Type) {
  FailureOr<ParamKind> kind = failure();
  int64_t arg = 0, dim = 0, swizzle = 0;
  SmallVector<int64_t> dims, box;
  auto parseList = [&](SmallVector<int64_t> &list) {
    return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                          [&] { return parser.parseInteger(list.emplace_back()); });
  };
  if (parser.parseLess() || failed(kind = FieldParser<ParamKind>::parse(parser)) || parser.parseComma() ||
      parser.parseKeyword("arg") || parser.parseEqual() || parser.parseInteger(arg))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    StringRef keyword;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword) || parser.parseEqual())
      return {};
    ParseResult parsed = keyword == "dim"       ? parser.parseInteger(dim)
                         : keyword == "swizzle" ? parser.parseInteger(swizzle)
                         : keyword == "dims"    ? parseList(dims)
                         : keyword == "box"     ? parseList(box)
                                                : ParseResult(parser.emitError(loc)
                                                              << "expected dim, dims, box or swizzle, got " << keyword);
    if (parsed)
      return {};
  }
  if (parser.parseGreater())
    return {};
  return ParamAttr::get(parser.getContext(), *kind, arg, dim, dims, box, swizzle);
}

void ParamAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyParamKind(getKind()) << ", arg = " << getArg();
  if (getDim() != 0)
    printer << ", dim = " << getDim();
  if (!getDims().empty())
    printer << ", dims = [" << getDims() << "]";
  if (!getBox().empty())
    printer << ", box = [" << getBox() << "]";
  if (getSwizzle() != 0)
    printer << ", swizzle = " << getSwizzle();
  printer << ">";
}

LogicalResult MmaAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> warps) {
  if (warps.size() != 2)
    return emitError() << "warps has " << warps.size() << " extents, expected 2 (rows, columns)";
  for (int64_t count : warps)
    if (count < 1)
      return emitError() << "warps must be at least 1, got " << count;
  return success();
}

LogicalResult SliceAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t dim, Attribute parent) {
  if (dim != 0 && dim != 1)
    return emitError() << "a slice is along dimension 0 or 1, got " << dim;
  if (!isa<MmaAttr, OperandAAttr>(parent))
    return emitError() << "a slice has the layout of a tile of rank 2 as parent, got " << parent;
  return success();
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t warpgroups, int64_t stages,
                                   bool, bool, bool, bool, int64_t queryStages, bool, Scheduler, TileOrder,
                                   int64_t sectionTiles, int64_t blocksPerSm, int64_t producerRegisters,
                                   int64_t consumerRegisters) {
  auto within = [&](StringRef name, int64_t value, int64_t low, int64_t high) -> LogicalResult {
    if (value >= low && value <= high)
      return success();
    return emitError() << name << " must be " << low << " to " << high << ", got " << value;
  };
  if (failed(within("warpgroups", warpgroups, 1, 4)) || failed(within("stages", stages, 1, 8)) ||
      failed(within("query_stages", queryStages, 1, 2)) || failed(within("section_tiles", sectionTiles, 0, 1 << 30)) ||
      failed(within("blocks_per_sm", blocksPerSm, 1, 8)))
    return failure();
  for (auto [name, registers] : {std::pair<StringRef, int64_t>("producer_registers", producerRegisters),
                                 std::pair<StringRef, int64_t>("consumer_registers", consumerRegisters)})
    if (registers != 0 && (registers % 8 != 0 || registers < 24 || registers > 256))
      return emitError() << name << " must be a multiple of 8 from 24 to 256, or 0, got " << registers;
  return success();
}

LogicalResult AtAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t stage, int64_t order,
                             std::optional<Role>) {
  if (stage < 0)
    return emitError() << "stage must not be negative, got " << stage;
  if (order < 0)
    return emitError() << "order must not be negative, got " << order;
  return success();
}

LogicalResult WorkspaceAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t bytes, bool) {
  if (bytes < 1)
    return emitError() << "a workspace has at least 1 byte, got " << bytes;
  return success();
}
