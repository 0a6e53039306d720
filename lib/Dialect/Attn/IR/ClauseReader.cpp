//===- ClauseReader.cpp - reading the clauses of an op --------------------===//

#include "ClauseReader.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn::detail;

using Operand = OpAsmParser::UnresolvedOperand;

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
  if (name == "safe" || name == "fixed_max")
    return clauses.attributes.append(name, builder.getUnitAttr()), success();
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
