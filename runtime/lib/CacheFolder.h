//===- CacheFolder.h - Verified files in a folder of one user ---*- C++ -*-===//
//
// Part of the Fovea project. What is read from here is run, so the folder must
// belong to the user, and nobody else may be able to write to it. An entry is
// one file, named by the SHA-256 of its key, which holds the key, the data and
// their digest. Files appear complete, by a rename, so any number of processes
// may read and write at the same time; a file that does not verify is deleted
// and counts as absent.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_CACHEFOLDER_H
#define FOVEA_RUNTIME_LIB_CACHEFOLDER_H

#include <optional>
#include <string>
#include <string_view>

namespace fovea {

class CacheFolder {
public:
  /// Opens a folder, and makes it (0700) and those above it if need be.
  /// Otherwise none, and the last error says why.
  static std::optional<CacheFolder> open(const std::string &path);

  CacheFolder(CacheFolder &&other) : path(std::move(other.path)), descriptor(other.descriptor) {
    other.descriptor = -1;
  }
  ~CacheFolder();

  /// The data that was stored with a key; a damaged file sets the last error.
  std::optional<std::string> find(std::string_view key) const;

  /// Whether it could be stored; if not, the last error says why.
  bool store(std::string_view key, std::string_view data) const;

private:
  CacheFolder(std::string path, int descriptor) : path(std::move(path)), descriptor(descriptor) {}

  std::string path; ///< For errors alone.
  int descriptor;   ///< What it named when it was checked.
};

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_CACHEFOLDER_H
