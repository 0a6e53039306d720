//===- ClauseReader.h - reading the clauses of an op ------------*- C++ -*-===//
//
// The textual form of every op is its name followed by clauses, in any order. The reader collects them;
// AttnAssembly.cpp turns them into operations.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_DIALECT_ATTN_IR_CLAUSEREADER_H
#define FOVEA_LIB_DIALECT_ATTN_IR_CLAUSEREADER_H

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::attn::detail {

/// Operands of one clause with their types.
struct OperandList {
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
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

} // namespace mlir::attn::detail

#endif // FOVEA_LIB_DIALECT_ATTN_IR_CLAUSEREADER_H
