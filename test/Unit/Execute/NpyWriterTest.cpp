//===- NpyWriterTest.cpp - Writes NumPy's .npy files ----------------------===//
//
// What is written is read back, and a failure leaves nothing behind.
//
//===----------------------------------------------------------------------===//

#include "Expect.h"
#include "TemporaryFolder.h"
#include "fovea/Execute/Fill.h"
#include "fovea/Execute/Npy.h"

#include "llvm/Support/MemoryBuffer.h"

using namespace fovea;
using llvm::cantFail;

namespace {

std::string readBytes(const std::string &path) {
  return cantFail(llvm::errorOrToExpected(llvm::MemoryBuffer::getFile(path)))->getBuffer().str();
}

TEST(NpyWriter, WritesTheDocumentedBytes) {
  TemporaryFolder folder;
  HostTensor tensor = makeTensor(ElementType::I16, {3}, {1, 2, -1});
  EXPECT_EQ(errorOf(writeNpy({{folder.path("a.npy"), &tensor}})), "");
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }";
  expected.resize(127, ' ');
  expected += std::string("\n\x01\x00\x02\x00\xff\xff", 7);
  EXPECT_EQ(readBytes(folder.path("a.npy")), expected);
}

// All element types, shapes and strides come back as they were.
TEST(NpyWriter, RoundTrips) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npy");
  const std::vector<int64_t> shapes[] = {{}, {5}, {2, 3}, {2, 0}, {2, 1, 3}};
  for (unsigned i = 0; i <= unsigned(ElementType::UI64); ++i) {
    auto type = static_cast<ElementType>(i);
    if (type == ElementType::BF16 || type == ElementType::Index)
      continue; // NumPy has no such types.
    for (llvm::ArrayRef<int64_t> shape : shapes) {
      llvm::SmallVector<int64_t> strides;
      for (size_t dim = 0; dim < shape.size(); ++dim)
        strides.push_back(1 + 7 * dim);
      HostTensor tensor = cantFail(HostTensor::strided(type, shape, strides));
      fillRandom(tensor, {});
      ASSERT_EQ(errorOf(writeNpy({{path, &tensor}})), "");
      HostTensor read = cantFail(readNpy(path));
      EXPECT_EQ(read.getTypeString(), tensor.getTypeString());
      EXPECT_EQ(valuesOf(read), valuesOf(tensor));
    }
  }
}

TEST(NpyWriter, WritesBF16AsF32UnlessAsked) {
  TemporaryFolder folder;
  HostTensor tensor = makeTensor(ElementType::BF16, {2}, {-2.5, 0x1p100});
  std::string wide = folder.path("wide.npy"), raw = folder.path("raw.npy");
  EXPECT_EQ(errorOf(writeNpy({{wide, &tensor}, {raw, &tensor, true}})), "");
  EXPECT_EQ(cantFail(readNpy(wide)).getTypeString(), "2xf32");
  EXPECT_EQ(cantFail(readNpy(raw)).getTypeString(), "2xui16");
  for (const std::string &path : {wide, raw})
    EXPECT_EQ(valuesOf(cantFail(readNpy(path, ElementType::BF16))), valuesOf(tensor));
}

TEST(NpyWriter, ReplacesFilesAndFollowsLinks) {
  TemporaryFolder folder;
  std::string file = folder.write("a.npy", "old"), link = folder.path("l.npy");
  EXPECT_FALSE(llvm::sys::fs::create_link("a.npy", link));
  HostTensor tensor = makeTensor(ElementType::F32, {1}, {4});
  EXPECT_EQ(errorOf(writeNpy({{link, &tensor}})), "");
  EXPECT_EQ(valuesOf(cantFail(readNpy(file))), std::vector<double>{4});
  EXPECT_EQ(folder.list(), (std::vector<std::string>{"a.npy", "l.npy"}));
}

// The second path fails: the first is not written, the old contents stay.
TEST(NpyWriter, WritesAllOrNothing) {
  TemporaryFolder folder;
  folder.write("old.npy", "old");
  HostTensor tensor = makeTensor(ElementType::F32, {1}, {4});
  std::string missing = folder.path("missing/b.npy");
  expectContains(
      errorOf(writeNpy({{folder.path("a.npy"), &tensor}, {folder.path("old.npy"), &tensor}, {missing, &tensor}})),
      "cannot write '" + missing + "': ");
  EXPECT_EQ(folder.list(), std::vector<std::string>{"old.npy"});
  EXPECT_EQ(readBytes(folder.path("old.npy")), "old");
}

TEST(NpyWriter, RefusesFolders) {
  TemporaryFolder folder;
  HostTensor tensor = makeTensor(ElementType::F32, {1}, {4});
  EXPECT_EQ(errorOf(writeNpy({{folder.path(""), &tensor}})),
            "cannot write '" + folder.path("") + "': it is a directory");
  EXPECT_TRUE(folder.list().empty());
}

// A device is written to, not replaced; this one is always full.
TEST(NpyWriter, ReportsAFullDisk) {
  TemporaryFolder folder;
  HostTensor tensor = makeTensor(ElementType::F32, {1}, {4});
  EXPECT_EQ(errorOf(writeNpy({{folder.path("a.npy"), &tensor}, {"/dev/full", &tensor}})),
            "cannot write '/dev/full': No space left on device");
  EXPECT_TRUE(folder.list().empty());
  EXPECT_EQ(errorOf(writeNpy({{"/dev/null", &tensor}})), "");
}

} // namespace
