//===- CtaAssembly.cpp - parsing and printing -----------------------------===//

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::cta;

//===----------------------------------------------------------------------===//
// dot_wait
//===----------------------------------------------------------------------===//

ParseResult DotWaitOp::parse(OpAsmParser &parser, OperationState &result) {
  OpAsmParser::UnresolvedOperand inflight;
  SmallVector<OpAsmParser::UnresolvedOperand> tied;
  SmallVector<Type> tiedTypes;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOperand(inflight))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("tied")) && (parser.parseLParen() || parser.parseOperandList(tied) ||
                                                         parser.parseColonTypeList(tiedTypes) || parser.parseRParen()))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("pending"))) {
    IntegerAttr pending;
    if (parser.parseLParen() || parser.parseAttribute(pending, parser.getBuilder().getI64Type()) ||
        parser.parseRParen())
      return failure();
    result.addAttribute(getPendingAttrName(result.name), pending);
  }
  InflightType type;
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseColonType(type) ||
      parser.resolveOperand(inflight, type, result.operands) ||
      parser.resolveOperands(tied, tiedTypes, loc, result.operands))
    return failure();
  result.addTypes(type.getTensorType());
  result.addTypes(tiedTypes);
  return success();
}

void DotWaitOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getInflight();
  if (!getTied().empty())
    printer << " tied(" << getTied() << " : " << getTied().getTypes() << ')';
  if (std::optional<int64_t> pending = getPending())
    printer << " pending(" << *pending << ')';
  printer.printOptionalAttrDict((*this)->getAttrs(), {getPendingAttrName()});
  printer << " : " << getInflight().getType();
}

//===----------------------------------------------------------------------===//
// warp_specialize
//===----------------------------------------------------------------------===//

ParseResult WarpSpecializeOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<Attribute> roles;
  SmallVector<int64_t> warps, registers;
  while (succeeded(parser.parseOptionalKeyword("role"))) {
    StringRef keyword;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseLParen() || parser.parseKeyword(&keyword) || parser.parseRParen())
      return failure();
    std::optional<Role> role = symbolizeRole(keyword);
    if (!role)
      return parser.emitError(loc) << "expected a role (producer, consumer), got '" << keyword << "'";
    roles.push_back(RoleAttr::get(parser.getContext(), *role));
    if (parser.parseKeyword("warps") || parser.parseLParen() || parser.parseInteger(warps.emplace_back()) ||
        parser.parseRParen() || parser.parseKeyword("registers") || parser.parseLParen() ||
        parser.parseInteger(registers.emplace_back()) || parser.parseRParen())
      return failure();
    Region *program = result.addRegion();
    if (parser.parseRegion(*program, /*arguments=*/{}))
      return failure();
    ensureTerminator(*program, parser.getBuilder(), result.location);
  }
  result.addAttribute(getRolesAttrName(result.name), parser.getBuilder().getArrayAttr(roles));
  result.addAttribute(getWarpsAttrName(result.name), parser.getBuilder().getDenseI64ArrayAttr(warps));
  result.addAttribute(getRegistersAttrName(result.name), parser.getBuilder().getDenseI64ArrayAttr(registers));
  return parser.parseOptionalAttrDictWithKeyword(result.attributes);
}

void WarpSpecializeOp::print(OpAsmPrinter &printer) {
  for (auto [i, program] : llvm::enumerate(getPrograms())) {
    printer << " role(" << stringifyRole(getRole(i)) << ") warps(" << getWarps()[i] << ") registers("
            << getRegisters()[i] << ") ";
    printer.printRegion(program, /*printEntryBlockArgs=*/false, /*printBlockTerminators=*/false);
  }
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {getRolesAttrName(), getWarpsAttrName(), getRegistersAttrName()});
}

Role WarpSpecializeOp::getRole(unsigned i) { return cast<RoleAttr>(getRoles()[i]).getValue(); }

Region *WarpSpecializeOp::getProgram(Role role) {
  for (auto [i, program] : llvm::enumerate(getPrograms()))
    if (getRole(i) == role)
      return &program;
  return nullptr;
}

int64_t WarpSpecializeOp::getWarps(Role role) {
  for (auto [i, warps] : llvm::enumerate(getWarps()))
    if (getRole(i) == role)
      return warps;
  return 0;
}
