//===- KernelCache.cpp - Compiled code by what it was made from -----------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "KernelCache.h"

#include "CacheFolder.h"
#include "Environment.h"

using namespace fovea;

/// The folder that the environment names; none, without an error, if that is
/// "off".
static std::optional<CacheFolder> openFolder() {
  std::string path = environment::cacheFolder();
  if (path.empty())
    return std::nullopt;
  return CacheFolder::open(path);
}

KernelCache &KernelCache::get() {
  static KernelCache *cache = new KernelCache; // outlives static destructors
  return *cache;
}

const std::string *KernelCache::find(std::string_view key) {
  Digest digest = sha256(key.data(), key.size());
  {
    std::lock_guard lock(mutex);
    auto found = entries.find(digest);
    if (found != entries.end())
      return &found->second;
  }
  std::optional<CacheFolder> folder = openFolder();
  if (!folder)
    return nullptr;
  std::optional<std::string> data = folder->find(key);
  if (!data)
    return nullptr;
  std::lock_guard lock(mutex);
  return &entries.try_emplace(digest, std::move(*data)).first->second;
}

void KernelCache::store(std::string_view key, std::string_view data) {
  Digest digest = sha256(key.data(), key.size());
  {
    std::lock_guard lock(mutex);
    if (!entries.try_emplace(digest, data).second)
      return;
  }
  if (std::optional<CacheFolder> folder = openFolder())
    folder->store(key, data); // otherwise the last error says why not
}
