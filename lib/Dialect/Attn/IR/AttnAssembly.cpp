//===- AttnAssembly.cpp - the textual form of the ops ---------------------===//
//
// Every op is its name followed by clauses, in any order when read and in one order when printed:
//
//   attn.attention causal(bottom_right) scale(0.125) ins(%q, %k, %v : ...) bias(%b : ...) outs(%o, lse %l : ...)
//     score { ^bb0(%s: f32): ... } mask { ... }
//
// Each op says which clauses it takes and in which order their operands are stored.
//
//===----------------------------------------------------------------------===//

#include "ClauseReader.h"
#include "ClauseWriter.h"
#include "fovea/Dialect/Attn/IR/Attn.h"

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn::detail;

//===----------------------------------------------------------------------===//
// From clauses to an operation
//===----------------------------------------------------------------------===//

namespace {
/// One operand segment of an op: its clause and how many operands it holds, -1 for any number. The `ins` clause spreads
/// over several segments.
struct Segment {
  StringRef clause;
  int count;
};
} // namespace

/// Reads the clauses `allowed` and fills `result`, storing operands by `segments`.
template <typename OpTy>
static ParseResult parseOp(OpAsmParser &parser, OperationState &result, ArrayRef<StringRef> allowed,
                           ArrayRef<Segment> segments) {
  Clauses clauses;
  SMLoc loc = parser.getCurrentLocation();
  if (ClauseReader(parser, allowed).read(clauses))
    return failure();

  SmallVector<int32_t> sizes;
  OperandList &ins = clauses.operands["ins"];
  if (ins.operands.empty()) {
    // What stopped the reader is most often a clause that this op does not have.
    InFlightDiagnostic diagnostic = parser.emitError(parser.getCurrentLocation());
    diagnostic << "expected 'ins' or another clause: ";
    llvm::interleaveComma(allowed, diagnostic);
    return diagnostic;
  }
  size_t nextIn = 0;
  for (Segment segment : segments) {
    bool isIn = segment.clause == "ins";
    OperandList &list = clauses.operands[segment.clause];
    size_t begin = isIn ? nextIn : 0;
    size_t count = isIn && segment.count > 0 ? segment.count : list.operands.size() - begin;
    if (begin + count > list.operands.size())
      return parser.emitError(loc) << "too few operands in 'ins': got " << list.operands.size();
    if (!isIn && segment.count >= 0 && count > size_t(segment.count))
      return parser.emitError(list.loc) << "'" << segment.clause << "' takes one operand, got " << count;
    for (size_t i = begin; i != begin + count; ++i)
      if (parser.resolveOperand(list.operands[i], list.types[i], result.operands))
        return failure();
    if (isIn)
      nextIn += count;
    sizes.push_back(count);
  }
  if (nextIn != ins.operands.size())
    return parser.emitError(ins.loc) << "too many operands in 'ins': got " << ins.operands.size() << ", expected "
                                     << nextIn;

  for (Type type : clauses.operands["outs"].types)
    if (isa<TensorType>(type))
      result.addTypes(type);
  if constexpr (OpTy::template hasTrait<OpTrait::NRegions<2>::Impl>()) {
    result.addRegion(std::move(clauses.score));
    result.addRegion(std::move(clauses.mask));
  }
  if (clauses.returnLse)
    clauses.attributes.append("return_lse", parser.getBuilder().getUnitAttr());
  if (clauses.returnMax)
    clauses.attributes.append("return_max", parser.getBuilder().getUnitAttr());
  result.attributes.append(clauses.attributes.begin(), clauses.attributes.end());
  if constexpr (OpTy::template hasTrait<OpTrait::AttrSizedOperandSegments>())
    result.addAttribute("operandSegmentSizes", parser.getBuilder().getDenseI32ArrayAttr(sizes));
  // An attribute of the wrong type would be dropped in silence when it becomes a property.
  return OpTy::verifyInherentAttrs(result.name, result.attributes, [&] { return parser.emitError(loc); });
}

static SmallVector<Value> some(Value value) { return value ? SmallVector<Value>{value} : SmallVector<Value>{}; }

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

ParseResult AttentionOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<AttentionOp>(parser, result,
                              {"causal", "align", "window", "softcap", "scale", "ins", "captures", "bias", "keep",
                               "alibi", "sink", "at", "outs", "maps", "score", "mask"},
                              {{"ins", 1},
                               {"ins", 1},
                               {"ins", 1},
                               {"captures", -1},
                               {"sink", 1},
                               {"scale", 1},
                               {"alignment_offset", 1},
                               {"bias", 1},
                               {"keep", 1},
                               {"alibi", 1},
                               {"offsets", -1},
                               {"outs", -1}});
}

void AttentionOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  for (StringRef hidden : {"causal", "alignment", "window_left", "window_right"})
    writer.hide(hidden);
  if (getCausal())
    printer << " causal";
  if (std::optional<Alignment> alignment = getAlignment()) {
    printer << (getCausal() ? "(" : " align(");
    if (Value offset = getAlignmentOffset())
      printer << offset;
    else
      printer << stringifyAlignment(*alignment);
    printer << ')';
  }
  if (getWindowLeft() || getWindowRight()) {
    auto bound = [&](std::optional<uint64_t> value) {
      if (value)
        printer << int64_t(*value);
      else
        printer << '*';
    };
    printer << " window(";
    bound(getWindowLeft());
    printer << ", ";
    bound(getWindowRight());
    printer << ')';
  }
  writer.attribute("softcap");
  writer.scale(getScaleValue());
  writer.operands("ins", {getQuery(), getKey(), getValue()});
  writer.operands("captures", getCaptures());
  writer.operands("bias", some(getBias()));
  writer.operands("keep", some(getKeep()));
  writer.operands("alibi", some(getAlibi()));
  writer.operands("sink", some(getSink()));
  writer.offsets(*this, getOffsets());
  writer.outputs(getOutputs());
  writer.maps();
  writer.regions(*this);
  writer.rest();
}

ParseResult OnlineAttentionOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<OnlineAttentionOp>(
      parser, result,
      {"base", "fixed_max", "partial", "scale", "ins", "captures", "at", "outs", "maps", "score", "mask"},
      {{"ins", 1},
       {"ins", 1},
       {"ins", 1},
       {"captures", -1},
       {"scale", 1},
       {"partial", 1},
       {"offsets", -1},
       {"outs", -1}});
}

void OnlineAttentionOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  writer.base(getBase());
  writer.flag("fixed_max", "fixed_max");
  if (getPartial())
    printer << " partial(" << getPartial() << ')';
  writer.scale(getScaleValue());
  writer.operands("ins", {getQuery(), getKey(), getValue()});
  writer.scoreOpEnd(*this);
}

ParseResult FinalizeOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<FinalizeOp>(parser, result, {"base", "ins", "sink", "outs", "maps"},
                             {{"ins", 1}, {"ins", 1}, {"ins", 1}, {"sink", 1}, {"outs", -1}});
}

void FinalizeOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  writer.base(getBase());
  writer.operands("ins", {getAcc(), getMax(), getSum()});
  writer.operands("sink", some(getSink()));
  writer.outputs(getOutputs());
  writer.maps();
  writer.rest();
}

ParseResult MergeOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<MergeOp>(parser, result, {"base", "ins", "outs", "maps"}, {{"ins", -1}, {"outs", -1}});
}

void MergeOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  writer.base(getBase());
  writer.operands("ins", getStates());
  writer.outputs(getOutputs());
  writer.maps();
  writer.rest();
}

ParseResult PackOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<PackOp>(parser, result, {"scale", "ins", "outs", "maps"}, {{"ins", 1}, {"scale", 1}, {"outs", -1}});
}

void PackOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  writer.scale(getScaleValue());
  writer.operands("ins", getSource());
  writer.outputs(getOutputs());
  writer.maps();
  writer.rest();
}

ParseResult SoftmaxOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<SoftmaxOp>(parser, result,
                            {"log_prob", "safe", "dimension", "ins", "captures", "at", "outs", "maps", "score", "mask"},
                            {{"ins", 1}, {"captures", -1}, {"offsets", -1}, {"outs", -1}});
}

void SoftmaxOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  writer.kind(getKind());
  writer.flag("safe", "safe");
  writer.attribute("dimension");
  writer.operands("ins", getInput());
  writer.scoreOpEnd(*this);
}

ParseResult OnlineSoftmaxOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<OnlineSoftmaxOp>(parser, result,
                                  {"base", "dimension", "ins", "captures", "at", "outs", "maps", "score", "mask"},
                                  {{"ins", 1}, {"captures", -1}, {"offsets", -1}, {"outs", -1}});
}

void OnlineSoftmaxOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  writer.base(getBase());
  writer.attribute("dimension");
  writer.operands("ins", getInput());
  writer.scoreOpEnd(*this);
}

ParseResult NormalizeOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<NormalizeOp>(
      parser, result,
      {"base", "log_prob", "safe", "dimension", "ins", "captures", "at", "outs", "maps", "score", "mask"},
      {{"ins", 1}, {"ins", 1}, {"ins", 1}, {"captures", -1}, {"offsets", -1}, {"outs", -1}});
}

void NormalizeOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  writer.base(getBase());
  writer.kind(getKind());
  writer.flag("safe", "safe");
  writer.attribute("dimension");
  writer.operands("ins", {getInput(), getMax(), getSum()});
  writer.scoreOpEnd(*this);
}

ParseResult CrossEntropyOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<CrossEntropyOp>(parser, result,
                                 {"ignore_index", "label_smoothing", "z_loss", "reduction", "ins", "outs", "maps"},
                                 {{"ins", 1}, {"ins", 1}, {"outs", -1}});
}

void CrossEntropyOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  writer.attribute("ignore_index");
  writer.attribute("label_smoothing");
  writer.attribute("z_loss");
  writer.hide("reduction");
  if (getReduction() != LossReduction::None)
    printer << " reduction(" << stringifyLossReduction(getReduction()) << ')';
  writer.operands("ins", {getLogits(), getTarget()});
  writer.outputs(getOutputs());
  writer.maps();
  writer.rest();
}
