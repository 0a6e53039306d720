//===- CacheFolderTest.cpp - What the cache trusts, and what not ----------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "CacheFolder.h"
#include "FakeCuda.h"
#include "Sha256.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace fovea;
namespace fs = std::filesystem;

namespace {

class Cache : public testing::Test {
protected:
  Cache() {
    std::string pattern = (fs::temp_directory_path() / "fovea-XXXXXX").string();
    root = mkdtemp(pattern.data());
  }
  ~Cache() override { fs::remove_all(root); }

  fs::path fileOf(const std::string &key) { return root / toHex(sha256(key.data(), key.size())); }
  std::string contentOf(const fs::path &file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  fs::path root;
};

TEST_F(Cache, FolderIsMadeForItsUserAlone) {
  std::optional<CacheFolder> folder = CacheFolder::open(root / "a" / "b");
  ASSERT_TRUE(folder);
  struct stat status;
  ASSERT_EQ(stat((root / "a" / "b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(Cache, EntriesAreFoundByTheirWholeKey) {
  std::optional<CacheFolder> folder = CacheFolder::open(root);
  ASSERT_TRUE(folder);
  std::string data("a\0b", 3);
  EXPECT_TRUE(folder->store("key", data));
  EXPECT_EQ(folder->find("key"), data);
  EXPECT_EQ(folder->find("other"), std::nullopt);
  EXPECT_TRUE(folder->store("", ""));
  EXPECT_EQ(folder->find(""), "");
  // Nothing else is left behind.
  EXPECT_EQ(std::distance(fs::directory_iterator(root), {}), 2);
  // A file under the name of another key is not its entry.
  fs::rename(fileOf("key"), fileOf("other"));
  EXPECT_EQ(folder->find("other"), std::nullopt);
  EXPECT_LAST_ERROR("it was made from something else");
}

// Each byte of an entry matters, and so does each length.
TEST_F(Cache, DamagedFileIsDeleted) {
  std::optional<CacheFolder> folder = CacheFolder::open(root);
  ASSERT_TRUE(folder && folder->store("key", "some data"));
  const std::string content = contentOf(fileOf("key"));
  auto expectDamaged = [&](const std::string &damaged) {
    std::ofstream(fileOf("key"), std::ios::binary) << damaged;
    EXPECT_EQ(folder->find("key"), std::nullopt);
    EXPECT_LAST_ERROR("is ignored: ");
    EXPECT_FALSE(fs::exists(fileOf("key")));
  };
  for (size_t i = 0; i < content.size(); ++i) {
    std::string damaged = content;
    damaged[i] ^= 0x40;
    expectDamaged(damaged);
    expectDamaged(content.substr(0, i));
  }
  expectDamaged(content + "x");
}

TEST_F(Cache, FilesThatOthersCouldHaveMade) {
  std::optional<CacheFolder> folder = CacheFolder::open(root);
  ASSERT_TRUE(folder && folder->store("key", "data"));
  fs::permissions(fileOf("key"), fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(folder->find("key"), std::nullopt);
  EXPECT_LAST_ERROR("others may have written to it");
  ASSERT_TRUE(folder->store("key", "data"));
  fs::rename(fileOf("key"), root / "elsewhere");
  fs::create_symlink(root / "elsewhere", fileOf("key"));
  EXPECT_EQ(folder->find("key"), std::nullopt);
}

TEST_F(Cache, FoldersThatAreRefused) {
  for (fs::perms perms : {fs::perms::group_write, fs::perms::others_write}) {
    fs::permissions(root, fs::perms::owner_all | perms);
    EXPECT_FALSE(CacheFolder::open(root));
    EXPECT_LAST_ERROR("is not used: others may write to it");
  }
  std::ofstream(root / "file") << "";
  EXPECT_FALSE(CacheFolder::open(root / "file"));
  EXPECT_LAST_ERROR("Not a directory");
  if (geteuid() == 0) { // can give a folder away
    fs::permissions(root, fs::perms::owner_all);
    ASSERT_EQ(chown(root.c_str(), 12345, 12345), 0);
  } else {
    root = "/usr";
  }
  EXPECT_FALSE(CacheFolder::open(root));
  EXPECT_LAST_ERROR("is not used: it belongs to user ");
  if (geteuid() != 0)
    root.clear();
}

// Readers see nothing or a whole entry, whoever writes.
TEST_F(Cache, ConcurrentWriters) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int writer = 0; writer < 4; ++writer)
    threads.emplace_back([&, writer] {
      std::optional<CacheFolder> folder = CacheFolder::open(root);
      for (int round = 0; round < 100; ++round) {
        wrong += !folder->store("key", std::string(20000, 'a' + writer));
        std::optional<std::string> found = folder->find("key");
        wrong += !found || found->size() != 20000 || found->find_first_not_of(found->front()) != found->npos;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(root), {}), 1);
}

TEST_F(Cache, MemoryFirstThenTheFolder) {
  setenv("FOVEA_CACHE_DIR", root.c_str(), /*overwrite=*/1);
  const void *data = nullptr;
  int64_t size = 0;
  EXPECT_EQ(foveaCacheFind("kernel", 6, &data, &size), 0);
  EXPECT_EQ(foveaCacheStore("kernel", 6, "cubin", 5), 0);
  EXPECT_TRUE(fs::exists(fileOf("kernel")));
  fs::remove(fileOf("kernel"));
  ASSERT_EQ(foveaCacheFind("kernel", 6, &data, &size), 1);
  EXPECT_EQ(std::string(static_cast<const char *>(data), size), "cubin");

  // What another process has stored.
  ASSERT_TRUE(CacheFolder::open(root)->store("foreign", "theirs"));
  ASSERT_EQ(foveaCacheFind("foreign", 7, &data, &size), 1);
  EXPECT_EQ(std::string(static_cast<const char *>(data), size), "theirs");
  setenv("FOVEA_CACHE_DIR", "off", /*overwrite=*/1);
}

// A folder that cannot be used is reported, and memory serves alone.
TEST_F(Cache, UnusableFolder) {
  fs::permissions(root, fs::perms::all);
  setenv("FOVEA_CACHE_DIR", root.c_str(), /*overwrite=*/1);
  foveaClearLastError();
  EXPECT_EQ(foveaCacheStore("lonely", 6, "cubin", 5), 0);
  EXPECT_LAST_ERROR("others may write to it");
  const void *data = nullptr;
  int64_t size = 0;
  EXPECT_EQ(foveaCacheFind("lonely", 6, &data, &size), 1);
  EXPECT_EQ(foveaCacheStore("lonely", -1, "cubin", 5), -1);
  setenv("FOVEA_CACHE_DIR", "relative", /*overwrite=*/1);
  EXPECT_EQ(foveaCacheFind("absent", 6, &data, &size), 0);
  setenv("FOVEA_CACHE_DIR", "off", /*overwrite=*/1);
}

} // namespace
