//===- NpyHeader.cpp - The dictionary that opens a .npy file --------------===//
//
// The dictionary is a Python literal. The parser takes what NumPy writes and
// the variations that its own reader documents: any order of the keys, either
// quote, any blanks, a trailing comma or none.
//
//===----------------------------------------------------------------------===//

#include "NpyHeader.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"

using namespace fovea;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

static Error fail(const llvm::Twine &reason) { return llvm::createStringError(reason); }

/// The element type of a `descr` string such as `<f4`.
static Expected<ElementType> parseDescr(StringRef descr) {
  StringRef code = descr;
  char order = code.empty() ? '\0' : code.front();
  if (llvm::is_contained({'<', '>', '|', '='}, order))
    code = code.drop_front();
  if (code.starts_with("O"))
    return fail("object arrays are not supported");
  auto type = llvm::StringSwitch<std::optional<ElementType>>(code)
                  .Case("f2", ElementType::F16)
                  .Case("f4", ElementType::F32)
                  .Case("f8", ElementType::F64)
                  .Case("V2", ElementType::BF16)
                  .Case("b1", ElementType::I1)
                  .Case("i1", ElementType::I8)
                  .Case("i2", ElementType::I16)
                  .Case("i4", ElementType::I32)
                  .Case("i8", ElementType::I64)
                  .Case("u1", ElementType::UI8)
                  .Case("u2", ElementType::UI16)
                  .Case("u4", ElementType::UI32)
                  .Case("u8", ElementType::UI64)
                  .Default(std::nullopt);
  if (!type)
    return fail("unsupported dtype '" + descr + "'; f2, f4, f8, b1, i1 to i8 and u1 to u8 are supported");
  if (order == '>' && getByteSize(*type) > 1)
    return fail("dtype '" + descr + "' is big-endian; save it little-endian");
  return *type;
}

namespace {

/// Recursive descent over the dictionary.
class HeaderParser {
public:
  explicit HeaderParser(StringRef text) : text(text) {}

  Expected<NpyHeader> parse() {
    if (!consume('{'))
      return fail("the header is not a dictionary");
    while (!consume('}')) {
      StringRef key;
      if (!parseString(key) || !consume(':'))
        return fail("the header has no key where one is expected");
      if (Error error = parseValue(key))
        return std::move(error);
      if (!consume(',') && !text.ltrim().starts_with("}"))
        return fail("the header has no ',' behind the value of '" + key + "'");
    }
    if (!text.trim().empty())
      return fail("the header goes on behind its dictionary");
    if (!hasDescr || !hasOrder || !hasShape)
      return fail("the header lacks '" +
                  llvm::Twine(!hasDescr   ? "descr"
                              : !hasOrder ? "fortran_order"
                                          : "shape") +
                  "'");
    return header;
  }

private:
  bool consume(StringRef token) {
    text = text.ltrim();
    return text.consume_front(token);
  }
  bool consume(char token) { return consume(StringRef(&token, 1)); }

  bool parseString(StringRef &value) {
    text = text.ltrim();
    if (text.empty() || (text.front() != '\'' && text.front() != '"'))
      return false;
    size_t end = text.find(text.front(), 1);
    if (end == StringRef::npos)
      return false;
    value = text.slice(1, end);
    text = text.drop_front(end + 1);
    return true;
  }

  Error parseValue(StringRef key) {
    if (key == "descr") {
      hasDescr = true;
      return parseDescrValue();
    }
    if (key == "fortran_order") {
      hasOrder = true;
      header.fortranOrder = consume("True");
      if (!header.fortranOrder && !consume("False"))
        return fail("'fortran_order' is neither True nor False");
      return Error::success();
    }
    if (key == "shape") {
      hasShape = true;
      return parseShape();
    }
    return fail("the header has an unknown key '" + key + "'");
  }

  Error parseDescrValue() {
    StringRef descr;
    if (!parseString(descr))
      return text.starts_with("[") ? fail("structured dtypes are not supported") : fail("'descr' is not a string");
    Expected<ElementType> type = parseDescr(descr);
    if (!type)
      return type.takeError();
    header.elementType = *type;
    return Error::success();
  }

  Error parseShape() {
    header.shape.clear();
    if (!consume('('))
      return fail("'shape' is not a tuple");
    while (!consume(')')) {
      int64_t size;
      text = text.ltrim();
      if (text.consumeInteger(10, size) || size < 0)
        return fail("'shape' has a size that is not a number");
      text.consume_front("L"); // Python 2 wrote long integers so.
      header.shape.push_back(size);
      if (!consume(',') && !text.starts_with(")"))
        return fail("'shape' is not a tuple");
    }
    return Error::success();
  }

  StringRef text;
  NpyHeader header;
  bool hasDescr = false, hasOrder = false, hasShape = false;
};

} // namespace

static constexpr StringRef magic("\x93NUMPY", 6);

Expected<NpyHeader> fovea::parseNpyHeader(StringRef contents, StringRef &data) {
  if (!contents.starts_with(magic.take_front(contents.size())))
    return fail("not a .npy file: bad magic");
  if (contents.size() < magic.size() + 2)
    return fail("truncated: the file ends within its magic and version");
  unsigned version = static_cast<uint8_t>(contents[magic.size()]);
  if (version < 1 || version > 3)
    return fail("unsupported .npy version " + llvm::Twine(version) + "; 1 to 3 are supported");

  StringRef rest = contents.drop_front(magic.size() + 2);
  size_t lengthBytes = version == 1 ? 2 : 4;
  if (rest.size() < lengthBytes)
    return fail("truncated: the file ends within its header length");
  size_t length =
      version == 1 ? llvm::support::endian::read16le(rest.data()) : llvm::support::endian::read32le(rest.data());
  rest = rest.drop_front(lengthBytes);
  if (rest.size() < length)
    return fail("truncated: the header has " + llvm::Twine(length) + " bytes, the file " + llvm::Twine(rest.size()) +
                " more");
  data = rest.drop_front(length);
  return HeaderParser(rest.take_front(length)).parse();
}

static StringRef getDescr(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return "<f2";
  case ElementType::F32:
    return "<f4";
  case ElementType::F64:
    return "<f8";
  case ElementType::I1:
    return "|b1";
  case ElementType::I8:
    return "|i1";
  case ElementType::I16:
    return "<i2";
  case ElementType::I32:
    return "<i4";
  case ElementType::I64:
  case ElementType::Index:
    return "<i8";
  case ElementType::UI8:
    return "|u1";
  case ElementType::BF16: // Its bits.
  case ElementType::UI16:
    return "<u2";
  case ElementType::UI32:
    return "<u4";
  case ElementType::UI64:
    return "<u8";
  }
  llvm_unreachable("all element types are handled");
}

std::string fovea::formatNpyHeader(ElementType type, llvm::ArrayRef<int64_t> shape) {
  std::string text = ("{'descr': '" + getDescr(type) + "', 'fortran_order': False, 'shape': (").str();
  for (int64_t size : shape)
    text += std::to_string(size) + ", ";
  if (shape.size() > 1)
    text.resize(text.size() - 2);
  else if (shape.size() == 1)
    text.pop_back(); // A tuple of one keeps its comma.
  text += "), }";

  size_t before = magic.size() + 2 + 2;
  size_t unpadded = before + text.size() + 1;
  text.append((64 - unpadded % 64) % 64, ' ');
  text += '\n';
  std::string header = magic.str();
  header += {1, 0}; // Version 1.0: 64 KiB is room for any rank we meet.
  header += {static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return header + text;
}
