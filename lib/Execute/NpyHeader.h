//===- NpyHeader.h - The dictionary that opens a .npy file ------*- C++ -*-===//
//
// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EXECUTE_NPYHEADER_H
#define FOVEA_LIB_EXECUTE_NPYHEADER_H

#include "fovea/Execute/ElementType.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <string>

namespace fovea {

struct NpyHeader {
  ElementType elementType = ElementType::F32;
  bool fortranOrder = false;
  llvm::SmallVector<int64_t> shape;
};

/// Splits the contents of a file into its header and `data`, the bytes behind
/// it. The error says what is wrong, not with which file.
llvm::Expected<NpyHeader> parseNpyHeader(llvm::StringRef contents, llvm::StringRef &data);

/// Magic, version 1.0 and dictionary for a row-major array, padded so that the
/// data is 64-byte aligned in the file.
std::string formatNpyHeader(ElementType type, llvm::ArrayRef<int64_t> shape);

} // namespace fovea

#endif // FOVEA_LIB_EXECUTE_NPYHEADER_H
