//===- Expect.h - Unwrapping llvm::Expected in tests ------------*- C++ -*-===//
//
// A test states a value or the text of an error, in one line either way.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_UNIT_EXECUTE_EXPECT_H
#define FOVEA_TEST_UNIT_EXECUTE_EXPECT_H

#include "fovea/Execute/HostTensor.h"

#include "gtest/gtest.h"

namespace fovea {

/// The text of the error; empty on success.
template <typename T> std::string errorOf(llvm::Expected<T> expected) {
  return expected ? "" : toString(expected.takeError());
}
inline std::string errorOf(llvm::Error error) { return error ? toString(std::move(error)) : ""; }

inline void expectContains(const std::string &text, llvm::StringRef part) {
  EXPECT_TRUE(llvm::StringRef(text).contains(part)) << "'" << text << "' lacks '" << part.str() << "'";
}

/// A row-major tensor with `values`.
inline HostTensor makeTensor(ElementType type, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values) {
  HostTensor tensor = llvm::cantFail(HostTensor::contiguous(type, shape));
  size_t next = 0;
  for (ElementCursor cursor(tensor); !cursor.atEnd(); cursor.advance())
    tensor.storeAt(cursor.getPosition(), Scalar::ofFloat(values[next++]));
  return tensor;
}

/// The elements in row-major order.
inline std::vector<double> valuesOf(const HostTensor &tensor) {
  std::vector<double> values;
  for (ElementCursor cursor(tensor); !cursor.atEnd(); cursor.advance())
    values.push_back(tensor.loadAt(cursor.getPosition()).toDouble());
  return values;
}

} // namespace fovea

#endif // FOVEA_TEST_UNIT_EXECUTE_EXPECT_H
