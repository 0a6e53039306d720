//===- TemporaryFolder.h - A folder that a test may fill --------*- C++ -*-===//
//
// Removed with all that is in it when the test ends.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_UNIT_EXECUTE_TEMPORARYFOLDER_H
#define FOVEA_TEST_UNIT_EXECUTE_TEMPORARYFOLDER_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <algorithm>

namespace fovea {

class TemporaryFolder {
public:
  TemporaryFolder() { EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("fovea-test", folder)); }
  ~TemporaryFolder() { llvm::sys::fs::remove_directories(folder); }

  std::string path(llvm::StringRef name) const { return (folder + "/" + name).str(); }

  /// Writes `contents` and returns the path.
  std::string write(llvm::StringRef name, llvm::StringRef contents) const {
    std::error_code error;
    llvm::raw_fd_ostream(path(name), error) << contents;
    EXPECT_FALSE(error);
    return path(name);
  }

  /// Sorted names of all that is there.
  std::vector<std::string> list() const {
    std::vector<std::string> names;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(folder, error), end; it != end; it.increment(error))
      names.push_back(it->path().substr(folder.size() + 1));
    std::sort(names.begin(), names.end());
    return names;
  }

private:
  llvm::SmallString<128> folder;
};

} // namespace fovea

#endif // FOVEA_TEST_UNIT_EXECUTE_TEMPORARYFOLDER_H
