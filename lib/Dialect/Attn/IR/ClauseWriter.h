//===- ClauseWriter.h - printing the clauses of an op -----------*- C++ -*-===//
//
// The counterpart of ClauseReader.h: prints clauses in the order in which an op asks for them.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_DIALECT_ATTN_IR_CLAUSEWRITER_H
#define FOVEA_LIB_DIALECT_ATTN_IR_CLAUSEWRITER_H

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace mlir::attn::detail {

/// Prints clauses and remembers which attributes they show.
class ClauseWriter {
public:
  ClauseWriter(OpAsmPrinter &printer, Operation *op) : printer(printer), op(op) {
    shown.push_back("operandSegmentSizes");
  }

  void flag(StringRef attribute, StringRef keyword) {
    shown.push_back(attribute);
    if (op->hasAttr(attribute))
      printer << ' ' << keyword;
  }
  void operands(StringRef clause, ValueRange values) {
    if (values.empty())
      return;
    printer << ' ' << clause << '(' << values << " : " << values.getTypes() << ')';
  }
  void attribute(StringRef name) {
    shown.push_back(name);
    Attribute value = op->getAttr(name);
    if (!value)
      return;
    printer << ' ' << name << '(';
    if (auto integer = dyn_cast<IntegerAttr>(value))
      printer << integer.getInt();
    else
      printer.printAttributeWithoutType(value);
    printer << ')';
  }
  void scale(Value value) {
    if (value)
      printer << " scale(" << value << " : " << value.getType() << ')';
    attribute("scale");
  }
  void base(ExpBase base) {
    shown.push_back("base");
    if (base != ExpBase::E)
      printer << " base(" << stringifyExpBase(base) << ')';
  }
  void kind(SoftmaxKind kind) {
    shown.push_back("kind");
    if (kind == SoftmaxKind::LogProb)
      printer << " log_prob";
  }
  void offsets(ScoreOpInterface scoreOp, OperandRange dynamic) {
    shown.push_back("static_offsets");
    auto statics = op->getAttrOfType<DenseI64ArrayAttr>("static_offsets");
    if (!statics || statics.empty())
      return;
    printer << " at";
    printDynamicIndexList(printer, op, dynamic, statics);
  }
  void outputs(OperandRange values) {
    bool lse = op->hasAttr("return_lse"), max = op->hasAttr("return_max");
    shown.append({"return_lse", "return_max"});
    printer << " outs(";
    llvm::interleaveComma(llvm::enumerate(values), printer, [&](auto indexed) {
      size_t index = indexed.index();
      if (index == 1 && lse)
        printer << "lse ";
      else if ((index == 1 && max) || (index == 2 && lse && max))
        printer << "max ";
      printer << indexed.value();
    });
    printer << " : " << values.getTypes() << ')';
  }
  void maps() {
    shown.push_back("maps");
    if (Attribute maps = op->getAttr("maps"))
      printer << " maps " << maps;
  }
  void regions(ScoreOpInterface scoreOp) {
    for (auto [name, region] : {std::pair("score", &scoreOp.getScore()), std::pair("mask", &scoreOp.getMask())}) {
      if (region->empty())
        continue;
      printer << ' ' << name << ' ';
      printer.printRegion(*region);
    }
  }
  /// What every score op without clauses of its own ends in.
  template <typename OpTy> void scoreOpEnd(OpTy scoreOp) {
    operands("captures", scoreOp.getCaptures());
    offsets(scoreOp, scoreOp.getOffsets());
    outputs(scoreOp.getOutputs());
    maps();
    regions(scoreOp);
    rest();
  }
  void hide(StringRef attribute) { shown.push_back(attribute); }
  void rest() { printer.printOptionalAttrDictWithKeyword(op->getAttrs(), shown); }

private:
  OpAsmPrinter &printer;
  Operation *op;
  SmallVector<StringRef> shown;
};

} // namespace mlir::attn::detail

#endif // FOVEA_LIB_DIALECT_ATTN_IR_CLAUSEWRITER_H
