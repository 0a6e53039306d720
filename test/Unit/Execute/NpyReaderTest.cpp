//===- NpyReaderTest.cpp - Reads NumPy's .npy files -----------------------===//
//
// The files are byte for byte what `numpy.save` of NumPy 2.4 writes, headers
// but for the number of blanks at their end.
//
//===----------------------------------------------------------------------===//

#include "Expect.h"
#include "TemporaryFolder.h"
#include "fovea/Execute/Npy.h"

#include <cmath>
#include <limits>

using namespace fovea;
using llvm::cantFail;
using llvm::StringRef;

namespace {

/// Bytes of a literal that may contain zeros.
template <size_t n> StringRef bytes(const char (&literal)[n]) { return StringRef(literal, n - 1); }

/// A file of `version` with this dictionary and data.
std::string makeFile(StringRef dictionary, StringRef data, char version = 1) {
  std::string header = (dictionary + "   \n").str();
  std::string file("\x93NUMPY");
  file += {version, '\0', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  if (version > 1)
    file += {'\0', '\0'};
  return file + header + data.str();
}

std::string makeDictionary(StringRef descr, StringRef shape, StringRef fortranOrder = "False") {
  return ("{'descr': '" + descr + "', 'fortran_order': " + fortranOrder + ", 'shape': " + shape + ", }").str();
}

class NpyReader : public testing::Test {
protected:
  HostTensor read(StringRef contents) { return cantFail(readNpy(folder.write("a.npy", contents))); }
  HostTensor read(StringRef contents, ElementType wanted) {
    return cantFail(readNpy(folder.write("a.npy", contents), wanted));
  }
  /// The reason; checks that the error names the file.
  std::string readError(StringRef contents, std::optional<ElementType> wanted = std::nullopt) {
    std::string path = folder.write("a.npy", contents);
    std::string error = errorOf(wanted ? readNpy(path, *wanted) : readNpy(path));
    StringRef reason = error;
    EXPECT_TRUE(reason.consume_front("cannot read '" + path + "': ")) << error;
    return reason.str();
  }

  TemporaryFolder folder;
};

TEST_F(NpyReader, ReadsWhatNumPyWrites) {
  HostTensor tensor = read(bytes("\x93NUMPY\x01\x00v\x00{'descr': '<f2', 'fortran_order': False, 'shape': "
                                 "(2, 2), }                                                          \n"
                                 "\x00>\x00\xc0\x00|\xff{"));
  EXPECT_EQ(tensor.getTypeString(), "2x2xf16");
  double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(valuesOf(tensor), (std::vector<double>{1.5, -2, infinity, 65504}));
}

TEST_F(NpyReader, ReadsEveryElementType) {
  struct Case {
    StringRef descr, data;
    ElementType type;
    double value;
  };
  for (const Case &c : {
           Case{"<f4", bytes("\x00\x00\x20\xc0"), ElementType::F32, -2.5},
           Case{"<f8", bytes("\0\0\0\0\0\0\x04\xc0"), ElementType::F64, -2.5},
           Case{"<V2", bytes("\x20\xc0"), ElementType::BF16, -2.5},
           Case{"|V2", bytes("\x20\xc0"), ElementType::BF16, -2.5},
           Case{"|b1", bytes("\x01"), ElementType::I1, 1},
           Case{"|i1", bytes("\xfe"), ElementType::I8, -2},
           Case{"<i2", bytes("\xfe\xff"), ElementType::I16, -2},
           Case{"<i4", bytes("\xfe\xff\xff\xff"), ElementType::I32, -2},
           Case{"<i8", bytes("\xfe\xff\xff\xff\xff\xff\xff\xff"), ElementType::I64, -2},
           Case{"|u1", bytes("\xfe"), ElementType::UI8, 254},
           Case{"<u2", bytes("\xfe\xff"), ElementType::UI16, 65534},
           Case{"<u4", bytes("\xfe\xff\xff\xff"), ElementType::UI32, 4294967294.0},
           Case{"<u8", bytes("\0\0\0\0\0\0\0\x80"), ElementType::UI64, 0x1p63},
       }) {
    HostTensor tensor = read(makeFile(makeDictionary(c.descr, "(1,)"), c.data));
    EXPECT_EQ(tensor.getElementType(), c.type) << c.descr.str();
    EXPECT_EQ(valuesOf(tensor), std::vector<double>{c.value}) << c.descr.str();
  }
}

TEST_F(NpyReader, ReadsVersionsTwoAndThree) {
  for (char version : {2, 3})
    EXPECT_EQ(valuesOf(read(makeFile(makeDictionary("|i1", "(2,)"), bytes("\x03\x04"), version))),
              (std::vector<double>{3, 4}));
}

// numpy.asfortranarray(numpy.arange(6).reshape(2, 3))
TEST_F(NpyReader, ReadsFortranOrder) {
  std::string file = makeFile(makeDictionary("|u1", "(2, 3)", "True"), bytes("\x00\x03\x01\x04\x02\x05"));
  std::vector<double> expected{0, 1, 2, 3, 4, 5};
  HostTensor tensor = read(file);
  EXPECT_EQ(tensor.getStrides(), llvm::ArrayRef<int64_t>({1, 2}));
  EXPECT_EQ(valuesOf(tensor), expected);
  HostTensor converted = read(file, ElementType::F16);
  EXPECT_EQ(converted.getStrides(), llvm::ArrayRef<int64_t>({3, 1}));
  EXPECT_EQ(valuesOf(converted), expected);
}

TEST_F(NpyReader, ReadsRankZeroAndSizeZero) {
  EXPECT_EQ(valuesOf(read(makeFile(makeDictionary("|u1", "()"), "\x07"))), std::vector<double>{7});
  EXPECT_EQ(read(makeFile(makeDictionary("<f4", "(0, 3)"), "")).getTypeString(), "0x3xf32");
}

// Keys in any order, other quotes, no blanks, longs of Python 2.
TEST_F(NpyReader, ReadsOtherSpellings) {
  EXPECT_EQ(read(makeFile(R"({"shape":(2L,1L),"fortran_order":False,"descr":"|i1"})", "\x01\x02")).getTypeString(),
            "2x1xi8");
}

TEST_F(NpyReader, ConvertsToNearestEven) {
  // 1 + 2^-11, between two f16 numbers, as f64.
  std::string file = makeFile(makeDictionary("<f8", "(1,)"), bytes("\0\0\0\0\0\x02\xf0\x3f"));
  EXPECT_EQ(valuesOf(read(file, ElementType::F16)), std::vector<double>{1});
  EXPECT_EQ(valuesOf(read(file, ElementType::F32)), std::vector<double>{1 + 0x1p-11});
}

// 16-bit unsigned integers are bits only where bf16 is wanted.
TEST_F(NpyReader, TakesRawBitsForBF16) {
  std::string file = makeFile(makeDictionary("<u2", "(1,)"), bytes("\x20\xc0"));
  EXPECT_EQ(valuesOf(read(file, ElementType::BF16)), std::vector<double>{-2.5});
  EXPECT_EQ(valuesOf(read(file, ElementType::F32)), std::vector<double>{49184});
}

TEST_F(NpyReader, RefusesValuesOutOfRange) {
  EXPECT_EQ(readError(makeFile(makeDictionary("<u2", "(1,)"), "\xff\xff"), ElementType::F16),
            "the value 65535 at [0] is out of the range of f16");
}

TEST_F(NpyReader, NamesTheMissingFile) {
  std::string path = folder.path("none.npy");
  EXPECT_EQ(errorOf(readNpy(path)), "cannot read '" + path + "': No such file or directory");
  expectContains(errorOf(readNpy(folder.path(""))), "directory");
}

TEST_F(NpyReader, RefusesOtherFiles) {
  EXPECT_EQ(readError("PK\x03\x04 and so on"), "not a .npy file: bad magic");
  EXPECT_EQ(readError(makeFile(makeDictionary("|i1", "()"), "\1", 4)),
            "unsupported .npy version 4; 1 to 3 are supported");
}

// Every prefix of a good file is refused, with a word that fits.
TEST_F(NpyReader, RefusesEveryTruncation) {
  for (char version : {1, 2}) {
    std::string file = makeFile(makeDictionary("<f4", "(3,)"), std::string(12, 'x'), version);
    for (size_t size = 0; size < file.size(); ++size)
      EXPECT_TRUE(StringRef(readError(file.substr(0, size))).starts_with("truncated: ")) << size;
  }
}

TEST_F(NpyReader, RefusesDataThatDoesNotMatchTheShape) {
  EXPECT_EQ(readError(makeFile(makeDictionary("<f4", "(2,)"), "1234567")),
            "truncated: the header announces 8 bytes of data, got 7");
  EXPECT_EQ(readError(makeFile(makeDictionary("<f4", "(1,)"), "12345")),
            "size mismatch: the header announces 4 bytes of data, got 5");
  EXPECT_EQ(readError(makeFile(makeDictionary("<f4", "(4294967296, 4294967296)"), "1234")),
            "the size overflows 64 bits");
}

TEST_F(NpyReader, RefusesDtypes) {
  auto errorOfDescr = [&](StringRef descr) { return readError(makeFile(makeDictionary(descr, "(1,)"), "12345678")); };
  for (const char *descr : {"<c8", "<U3", "<M8[s]", "<f16", "|S1", "f", ""})
    EXPECT_EQ(errorOfDescr(descr),
              "unsupported dtype '" + std::string(descr) + "'; f2, f4, f8, b1, i1 to i8 and u1 to u8 are supported");
  EXPECT_EQ(errorOfDescr(">f4"), "dtype '>f4' is big-endian; save it little-endian");
  EXPECT_EQ(errorOfDescr("|O"), "object arrays are not supported");
  EXPECT_EQ(readError(makeFile("{'descr': [('x', '<f4')], 'fortran_order': "
                               "False, 'shape': (1,), }",
                               "1234")),
            "structured dtypes are not supported");
}

TEST_F(NpyReader, RefusesDamagedDictionaries) {
  auto errorOfHeader = [&](StringRef dictionary) { return readError(makeFile(dictionary, "1")); };
  EXPECT_EQ(errorOfHeader("[1]"), "the header is not a dictionary");
  EXPECT_EQ(errorOfHeader("{'descr': '|i1', 'shape': ()}"), "the header lacks 'fortran_order'");
  EXPECT_EQ(errorOfHeader("{'fortran_order': False, 'shape': ()}"), "the header lacks 'descr'");
  EXPECT_EQ(errorOfHeader("{'descr': '|i1', 'fortran_order': False}"), "the header lacks 'shape'");
  EXPECT_EQ(errorOfHeader(makeDictionary("|i1", "(1,)", "Maybe")), "'fortran_order' is neither True nor False");
  EXPECT_EQ(errorOfHeader(makeDictionary("|i1", "3")), "'shape' is not a tuple");
  EXPECT_EQ(errorOfHeader(makeDictionary("|i1", "(3")), "'shape' has a size that is not a number");
  for (const char *shape : {"(-1,)", "(x,)", "(,)", "(99999999999999999999,)"})
    EXPECT_EQ(errorOfHeader(makeDictionary("|i1", shape)), "'shape' has a size that is not a number");
  EXPECT_EQ(errorOfHeader("{'colour': 1}"), "the header has an unknown key 'colour'");
  EXPECT_EQ(errorOfHeader("{'descr': '|i1' 'shape': ()}"), "the header has no ',' behind the value of 'descr'");
  EXPECT_EQ(errorOfHeader("{'descr': '|i1'"), "the header has no ',' behind the value of 'descr'");
  EXPECT_EQ(errorOfHeader("{'descr': '|i1', "), "the header has no key where one is expected");
  EXPECT_EQ(errorOfHeader(makeDictionary("|i1", "(1,)") + " more"), "the header goes on behind its dictionary");
}

} // namespace
