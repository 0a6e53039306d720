//===- KernelCache.h - Compiled code by what it was made from ---*- C++ -*-===//
//
// Part of the Fovea project. Entries are kept in memory until the process ends,
// and in the folder FOVEA_CACHE_DIR, if it can be used. The folder is opened
// anew each time: that costs little beside compiling, and a changed environment
// or a deleted folder need no care.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_KERNELCACHE_H
#define FOVEA_RUNTIME_LIB_KERNELCACHE_H

#include "Sha256.h"

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace fovea {

class KernelCache {
public:
  static KernelCache &get();

  /// The data of a key, valid for ever, or null. What was wrong with the folder
  /// is found in the last error.
  const std::string *find(std::string_view key);

  /// The first data stored with a key remain.
  void store(std::string_view key, std::string_view data);

private:
  std::mutex mutex;
  std::map<Digest, std::string> entries;
};

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_KERNELCACHE_H
