//===- AttnAssembly.cpp - the textual form of the ops ---------------------===//
//
// Every op is its name followed by clauses, in any order when read and in one order when printed:
//
//   attn.attention causal(bottom_right) scale(0.125) ins(%q, %k, %v : ...) bias(%b : ...) outs(%o, lse %l : ...)
//     score { ^bb0(%s: f32): ... } mask { ... }
//
// One reader collects clauses; each op says which it takes and in which order their operands are stored.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::attn;

using Operand = OpAsmParser::UnresolvedOperand;

namespace {

/// Operands of one clause with their types.
struct OperandList {
  SmallVector<Operand> operands;
  SmallVector<Type> types;
  SMLoc loc;
};

/// What was read, by clause.
struct Clauses {
  llvm::StringMap<OperandList> operands;
  NamedAttrList attributes;
  std::unique_ptr<Region> score = std::make_unique<Region>(), mask = std::make_unique<Region>();
  bool returnLse = false, returnMax = false;
};

class ClauseReader {
public:
  ClauseReader(OpAsmParser &parser, ArrayRef<StringRef> allowed)
      : parser(parser), builder(parser.getBuilder()), allowed(allowed) {}

  ParseResult read(Clauses &clauses);

private:
  ParseResult readClause(StringRef name, SMLoc loc, Clauses &clauses);
  ParseResult readOperands(OperandList &list, bool named, Clauses &clauses);
  ParseResult readSingle(StringRef name, Type type, Clauses &clauses);
  ParseResult readAlignment(bool required, Clauses &clauses);
  ParseResult readWindow(Clauses &clauses);
  ParseResult readFloat(StringRef name, Clauses &clauses);
  ParseResult readInteger(StringRef name, Clauses &clauses);
  ParseResult readOffsets(Clauses &clauses);
  template <typename Enum>
  ParseResult readEnum(StringRef name, std::optional<Enum> (*symbolize)(StringRef), Clauses &clauses);

  OpAsmParser &parser;
  Builder &builder;
  ArrayRef<StringRef> allowed;
};

} // namespace

ParseResult ClauseReader::read(Clauses &clauses) {
  SmallVector<StringRef> seen;
  while (true) {
    SMLoc loc = parser.getCurrentLocation();
    StringRef name;
    if (failed(parser.parseOptionalKeyword(&name, allowed)))
      break;
    if (llvm::is_contained(seen, name))
      return parser.emitError(loc) << "clause '" << name << "' is given twice";
    seen.push_back(name);
    if (readClause(name, loc, clauses))
      return failure();
  }
  return parser.parseOptionalAttrDictWithKeyword(clauses.attributes);
}

ParseResult ClauseReader::readClause(StringRef name, SMLoc loc, Clauses &clauses) {
  if (name == "ins" || name == "captures" || name == "outs" || name == "bias" || name == "keep" || name == "alibi" ||
      name == "sink")
    return readOperands(clauses.operands[name], /*named=*/name == "outs", clauses);
  if (name == "score")
    return parser.parseRegion(*clauses.score);
  if (name == "mask")
    return parser.parseRegion(*clauses.mask);
  if (name == "causal") {
    clauses.attributes.append("causal", builder.getUnitAttr());
    return readAlignment(/*required=*/false, clauses);
  }
  if (name == "align")
    return readAlignment(/*required=*/true, clauses);
  if (name == "window")
    return readWindow(clauses);
  if (name == "scale" || name == "softcap" || name == "label_smoothing" || name == "z_loss")
    return readFloat(name, clauses);
  if (name == "dimension" || name == "ignore_index")
    return readInteger(name, clauses);
  if (name == "partial")
    return readSingle(name, builder.getI1Type(), clauses);
  if (name == "at")
    return readOffsets(clauses);
  if (name == "base")
    return readEnum<ExpBase>(name, symbolizeExpBase, clauses);
  if (name == "reduction")
    return readEnum<LossReduction>(name, symbolizeLossReduction, clauses);
  if (name == "safe")
    return clauses.attributes.append("safe", builder.getUnitAttr()), success();
  if (name == "log_prob")
    return clauses.attributes.append("kind", SoftmaxKindAttr::get(builder.getContext(), SoftmaxKind::LogProb)),
           success();
  if (name == "maps") {
    ArrayAttr maps;
    return parser.parseAttribute(maps, "maps", clauses.attributes);
  }
  return parser.emitError(loc) << "clause '" << name << "' is not handled";
}

ParseResult ClauseReader::readOperands(OperandList &list, bool named, Clauses &clauses) {
  list.loc = parser.getCurrentLocation();
  auto readOne = [&]() -> ParseResult {
    if (named) {
      SMLoc loc = parser.getCurrentLocation();
      bool isLse = succeeded(parser.parseOptionalKeyword("lse"));
      bool isMax = !isLse && succeeded(parser.parseOptionalKeyword("max"));
      if ((isLse && (clauses.returnLse || clauses.returnMax || list.operands.size() != 1)) ||
          (isMax && (clauses.returnMax || list.operands.empty())))
        return parser.emitError(loc) << "outs are the result, then 'lse', then 'max'";
      clauses.returnLse |= isLse;
      clauses.returnMax |= isMax;
    }
    return parser.parseOperand(list.operands.emplace_back());
  };
  if (parser.parseLParen() || parser.parseCommaSeparatedList(readOne) || parser.parseColonTypeList(list.types) ||
      parser.parseRParen())
    return failure();
  if (list.operands.size() != list.types.size())
    return parser.emitError(list.loc) << list.operands.size() << " operands but " << list.types.size() << " types";
  return success();
}

ParseResult ClauseReader::readSingle(StringRef name, Type type, Clauses &clauses) {
  OperandList &list = clauses.operands[name];
  list.loc = parser.getCurrentLocation();
  list.types.push_back(type);
  return failure(parser.parseLParen() || parser.parseOperand(list.operands.emplace_back()) || parser.parseRParen());
}

ParseResult ClauseReader::readAlignment(bool required, Clauses &clauses) {
  if (required ? parser.parseLParen() : parser.parseOptionalLParen())
    return failure(required);
  SMLoc loc = parser.getCurrentLocation();
  if (clauses.attributes.get("alignment"))
    return parser.emitError(loc) << "the alignment is given twice (S1)";
  Alignment alignment = Alignment::Offset;
  Operand offset;
  OptionalParseResult isValue = parser.parseOptionalOperand(offset);
  if (isValue.has_value()) {
    if (failed(*isValue))
      return failure();
    OperandList &list = clauses.operands["alignment_offset"];
    list.loc = loc;
    list.operands.push_back(offset);
    list.types.push_back(builder.getIndexType());
  } else {
    StringRef keyword;
    if (failed(parser.parseOptionalKeyword(&keyword, {"top_left", "bottom_right"})))
      return parser.emitError(loc) << "expected 'top_left', 'bottom_right' or an index value (S1)";
    alignment = *symbolizeAlignment(keyword);
  }
  clauses.attributes.append("alignment", AlignmentAttr::get(builder.getContext(), alignment));
  return parser.parseRParen();
}

ParseResult ClauseReader::readWindow(Clauses &clauses) {
  auto readBound = [&](StringRef name) -> ParseResult {
    if (succeeded(parser.parseOptionalStar()))
      return success();
    int64_t value;
    if (parser.parseInteger(value))
      return failure();
    clauses.attributes.append(name, builder.getI64IntegerAttr(value));
    return success();
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLParen() || readBound("window_left") || parser.parseComma() || readBound("window_right") ||
      parser.parseRParen())
    return failure();
  if (!clauses.attributes.get("window_left") && !clauses.attributes.get("window_right"))
    return parser.emitError(loc) << "a window without any bound is no window; leave the clause out (S11)";
  return success();
}

ParseResult ClauseReader::readFloat(StringRef name, Clauses &clauses) {
  if (parser.parseLParen())
    return failure();
  Operand value;
  SMLoc loc = parser.getCurrentLocation();
  OptionalParseResult isValue = parser.parseOptionalOperand(value);
  if (isValue.has_value()) {
    if (failed(*isValue))
      return failure();
    if (name != "scale")
      return parser.emitError(loc) << "'" << name << "' takes a number, not a value";
    OperandList &list = clauses.operands[name];
    list.loc = loc;
    list.operands.push_back(value);
    if (parser.parseColonType(list.types.emplace_back()))
      return failure();
  } else {
    FloatAttr attribute;
    if (parser.parseAttribute(attribute, builder.getF32Type(), name, clauses.attributes))
      return failure();
  }
  return parser.parseRParen();
}

ParseResult ClauseReader::readInteger(StringRef name, Clauses &clauses) {
  int64_t value;
  if (parser.parseLParen() || parser.parseInteger(value) || parser.parseRParen())
    return failure();
  clauses.attributes.append(name, builder.getI64IntegerAttr(value));
  return success();
}

ParseResult ClauseReader::readOffsets(Clauses &clauses) {
  OperandList &list = clauses.operands["offsets"];
  list.loc = parser.getCurrentLocation();
  DenseI64ArrayAttr statics;
  if (parseDynamicIndexList(parser, list.operands, statics))
    return failure();
  list.types.assign(list.operands.size(), builder.getIndexType());
  if (!statics.empty())
    clauses.attributes.append("static_offsets", statics);
  return success();
}

template <typename Enum>
ParseResult ClauseReader::readEnum(StringRef name, std::optional<Enum> (*symbolize)(StringRef), Clauses &clauses) {
  StringRef keyword;
  SMLoc loc;
  if (parser.parseLParen() || parser.getCurrentLocation(&loc) || parser.parseKeyword(&keyword))
    return failure();
  std::optional<Enum> value = symbolize(keyword);
  if (!value)
    return parser.emitError(loc) << "'" << keyword << "' is no value of '" << name << "'";
  if constexpr (std::is_same_v<Enum, ExpBase>)
    clauses.attributes.append(name, ExpBaseAttr::get(builder.getContext(), *value));
  else
    clauses.attributes.append(name, LossReductionAttr::get(builder.getContext(), *value));
  return parser.parseRParen();
}

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

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

namespace {
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
    for (auto [name, region] :
         {std::pair("score", &scoreOp.getScore()), std::pair("mask", &scoreOp.getMask())}) {
      if (region->empty())
        continue;
      printer << ' ' << name << ' ';
      printer.printRegion(*region);
    }
  }
  void hide(StringRef attribute) { shown.push_back(attribute); }
  void rest() { printer.printOptionalAttrDictWithKeyword(op->getAttrs(), shown); }

private:
  OpAsmPrinter &printer;
  Operation *op;
  SmallVector<StringRef> shown;
};
} // namespace

static SmallVector<Value> some(Value value) { return value ? SmallVector<Value>{value} : SmallVector<Value>{}; }

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

ParseResult AttentionOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<AttentionOp>(parser, result,
                              {"causal", "align", "window", "softcap", "scale", "ins", "captures", "bias", "keep",
                               "alibi", "sink", "at", "outs", "maps", "score", "mask"},
                              {{"ins", 1}, {"ins", 1}, {"ins", 1}, {"captures", -1}, {"sink", 1}, {"scale", 1},
                               {"alignment_offset", 1}, {"bias", 1}, {"keep", 1}, {"alibi", 1}, {"offsets", -1},
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
      parser, result, {"base", "partial", "scale", "ins", "captures", "at", "outs", "maps", "score", "mask"},
      {{"ins", 1}, {"ins", 1}, {"ins", 1}, {"captures", -1}, {"scale", 1}, {"partial", 1}, {"offsets", -1}, {"outs", -1}});
}

void OnlineAttentionOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  writer.base(getBase());
  if (getPartial())
    printer << " partial(" << getPartial() << ')';
  writer.scale(getScaleValue());
  writer.operands("ins", {getQuery(), getKey(), getValue()});
  writer.operands("captures", getCaptures());
  writer.offsets(*this, getOffsets());
  writer.outputs(getOutputs());
  writer.maps();
  writer.regions(*this);
  writer.rest();
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
  return parseOp<SoftmaxOp>(
      parser, result, {"log_prob", "safe", "dimension", "ins", "captures", "at", "outs", "maps", "score", "mask"},
      {{"ins", 1}, {"captures", -1}, {"offsets", -1}, {"outs", -1}});
}

void SoftmaxOp::print(OpAsmPrinter &printer) {
  ClauseWriter writer(printer, *this);
  writer.kind(getKind());
  writer.flag("safe", "safe");
  writer.attribute("dimension");
  writer.operands("ins", getInput());
  writer.operands("captures", getCaptures());
  writer.offsets(*this, getOffsets());
  writer.outputs(getOutputs());
  writer.maps();
  writer.regions(*this);
  writer.rest();
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
  writer.operands("captures", getCaptures());
  writer.offsets(*this, getOffsets());
  writer.outputs(getOutputs());
  writer.maps();
  writer.regions(*this);
  writer.rest();
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
  writer.operands("captures", getCaptures());
  writer.offsets(*this, getOffsets());
  writer.outputs(getOutputs());
  writer.maps();
  writer.regions(*this);
  writer.rest();
}

ParseResult CrossEntropyOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseOp<CrossEntropyOp>(
      parser, result, {"ignore_index", "label_smoothing", "z_loss", "reduction", "ins", "outs", "maps"},
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
