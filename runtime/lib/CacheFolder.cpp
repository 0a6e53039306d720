//===- CacheFolder.cpp - Verified files in a folder of one user -----------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "CacheFolder.h"

#include "Error.h"
#include "Sha256.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace fovea;

namespace {

/// What a file starts with; key and data follow. In the byte order of the
/// machine, which the magic tells apart.
struct Header {
  uint64_t magic = 0x3165686361434656; // "VFCache1"
  uint64_t keySize = 0;
  uint64_t dataSize = 0;
  Digest digest{}; ///< Of what follows the header.
};

class File {
public:
  explicit File(int descriptor) : descriptor(descriptor) {}
  ~File() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
  explicit operator bool() const { return descriptor >= 0; }

  bool readAll(char *to, size_t size) {
    for (ssize_t got; size > 0; to += got, size -= got)
      if ((got = retry([&] { return ::read(descriptor, to, size); })) <= 0)
        return false;
    return true;
  }
  bool writeAll(const char *from, size_t size) {
    for (ssize_t put; size > 0; from += put, size -= put)
      if ((put = retry([&] { return ::write(descriptor, from, size); })) <= 0)
        return false;
    return true;
  }
  const int descriptor;

private:
  template <typename Call> static ssize_t retry(Call call) {
    ssize_t result;
    do
      result = call();
    while (result < 0 && errno == EINTR);
    return result;
  }
};

} // namespace

/// Far beyond any kernel; keeps a damaged size from asking for the memory.
static constexpr uint64_t maxFileSize = uint64_t(1) << 30;

static std::string fileName(std::string_view key) { return toHex(sha256(key.data(), key.size())); }

std::optional<CacheFolder> CacheFolder::open(const std::string &path) {
  for (size_t end = path.find('/', 1); end != path.npos; end = path.find('/', end + 1))
    ::mkdir(path.substr(0, end).c_str(), 0700);
  ::mkdir(path.c_str(), 0700); // whether that worked, open tells
  int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    setLastError("the cache folder %s is not used: %s", path.c_str(), std::strerror(errno));
    return std::nullopt;
  }
  CacheFolder folder(path, descriptor);
  struct stat status;
  if (::fstat(descriptor, &status) != 0) {
    setLastError("the cache folder %s is not used: %s", path.c_str(), std::strerror(errno));
    return std::nullopt;
  }
  if (status.st_uid != ::geteuid()) {
    setLastError("the cache folder %s is not used: it belongs to user %u, "
                 "expected %u",
                 path.c_str(), unsigned(status.st_uid), unsigned(::geteuid()));
    return std::nullopt;
  }
  if (status.st_mode & 022) {
    setLastError("the cache folder %s is not used: others may write to it "
                 "(mode %03o, expected 700)",
                 path.c_str(), unsigned(status.st_mode & 0777));
    return std::nullopt;
  }
  return folder;
}

CacheFolder::~CacheFolder() {
  if (descriptor >= 0)
    ::close(descriptor);
}

std::optional<std::string> CacheFolder::find(std::string_view key) const {
  std::string name = fileName(key);
  File file(::openat(descriptor, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file)
    return std::nullopt;
  auto damaged = [&](const char *reason) {
    ::unlinkat(descriptor, name.c_str(), 0);
    setLastError("the cache file %s/%s is ignored: %s", path.c_str(), name.c_str(), reason);
    return std::nullopt;
  };
  struct stat status;
  if (::fstat(file.descriptor, &status) != 0 || !S_ISREG(status.st_mode))
    return damaged("it is no file");
  if (status.st_uid != ::geteuid() || (status.st_mode & 022))
    return damaged("others may have written to it");
  Header header;
  const uint64_t magic = header.magic;
  auto size = static_cast<uint64_t>(status.st_size);
  if (size < sizeof header || size > maxFileSize || !file.readAll(reinterpret_cast<char *>(&header), sizeof header) ||
      header.magic != magic || header.keySize > size || header.dataSize > size ||
      sizeof header + header.keySize + header.dataSize != size)
    return damaged("its header does not fit");
  std::string content(header.keySize + header.dataSize, '\0');
  if (!file.readAll(content.data(), content.size()) || sha256(content.data(), content.size()) != header.digest)
    return damaged("its digest does not fit");
  if (std::string_view(content).substr(0, header.keySize) != key)
    return damaged("it was made from something else");
  content.erase(0, header.keySize);
  return content;
}

bool CacheFolder::store(std::string_view key, std::string_view data) const {
  Header header;
  header.keySize = key.size();
  header.dataSize = data.size();
  std::string content(key);
  content += data;
  header.digest = sha256(content.data(), content.size());

  // Unlike a process id, unique among machines that share the folder.
  uint64_t serial;
  if (::getentropy(&serial, sizeof serial) != 0)
    return fail("cannot name a file in the cache folder %s: %s", path.c_str(), std::strerror(errno));
  std::string temporary = ".new-" + std::to_string(serial);
  auto cannot = [&] {
    int error = errno;
    ::unlinkat(descriptor, temporary.c_str(), 0);
    return fail("cannot write to the cache folder %s: %s", path.c_str(), std::strerror(error));
  };
  File file(::openat(descriptor, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file || !file.writeAll(reinterpret_cast<const char *>(&header), sizeof header) ||
      !file.writeAll(content.data(), content.size()))
    return cannot();
  std::string name = fileName(key);
  if (::renameat(descriptor, temporary.c_str(), descriptor, name.c_str()) != 0)
    return cannot();
  return true;
}
