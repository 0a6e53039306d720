//===- CudaModule.cpp - Loaded code, once per context ---------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "CudaModule.h"

#include "Error.h"

#include <cstring>

using namespace fovea;

struct CudaModule::Table {
  /// Held while a module is loaded, so that the same bytes are not assembled
  /// twice at the same time.
  std::mutex mutex;
  std::map<Key, std::unique_ptr<CudaModule>> modules;

  static Table &get() {
    static Table *table = new Table; // outlives static destructors
    return *table;
  }
};

template <typename Field> static Field fieldAt(std::string_view bytes, size_t offset) {
  Field field;
  std::memcpy(&field, bytes.data() + offset, sizeof field);
  return field;
}

static bool isElf(std::string_view bytes) { return bytes.substr(0, 4) == std::string_view("\177ELF", 4); }

/// Whether the tables that an ELF header points to lie within the bytes: the
/// driver is not told how many there are, and would read beyond them.
static bool isWholeCubin(std::string_view bytes) {
  constexpr size_t headerSize = 64;
  constexpr uint16_t machineCuda = 190;
  if (bytes.size() < headerSize || bytes[4] != 2 /* 64 bits */ || fieldAt<uint16_t>(bytes, 18) != machineCuda)
    return false;
  auto isInside = [&](size_t offsetField, size_t entrySizeField) {
    uint64_t offset = fieldAt<uint64_t>(bytes, offsetField);
    uint64_t size = uint64_t(fieldAt<uint16_t>(bytes, entrySizeField)) * fieldAt<uint16_t>(bytes, entrySizeField + 2);
    return offset <= bytes.size() && size <= bytes.size() - offset;
  };
  return isInside(/*e_phoff=*/32, /*e_phentsize=*/54) && isInside(/*e_shoff=*/40, /*e_shentsize=*/58);
}

CudaModule *CudaModule::load(std::string_view bytes) {
  std::optional<CudaContext> context = CudaContext::current();
  if (!context)
    return nullptr;
  Key key(context->id, sha256(bytes.data(), bytes.size()));
  Table &table = Table::get();
  std::lock_guard lock(table.mutex);
  auto found = table.modules.find(key);
  if (found != table.modules.end()) {
    ++found->second->users;
    return found->second.get();
  }

  std::string cubin;
  if (isElf(bytes)) {
    if (!isWholeCubin(bytes)) {
      fail("the image is an ELF file of %zu bytes, but no whole cubin", bytes.size());
      return nullptr;
    }
    cubin = bytes;
  } else if (bytes.find(".version") == bytes.npos) {
    fail("the image of %zu bytes is neither a cubin nor PTX", bytes.size());
    return nullptr;
  } else {
    // PTX may come with the NUL that ends it as a C string.
    std::string ptx(bytes.substr(0, bytes.find('\0')));
    if (!assemblePtx(*context, ptx, cubin))
      return nullptr;
  }
  CUmodule handle = nullptr;
  if (!context->driver.cuModuleLoadData(&handle, cubin.data()))
    return nullptr;
  std::unique_ptr<CudaModule> module(new CudaModule(*context, key, handle));
  return table.modules.emplace(key, std::move(module)).first->second.get();
}

bool CudaModule::release() {
  Table &table = Table::get();
  std::lock_guard lock(table.mutex);
  if (--users > 0)
    return true;
  std::unique_ptr<CudaModule> self = std::move(table.modules.extract(key).mapped());
  return context.driver.cuModuleUnload(handle);
}

CudaKernel *CudaModule::getKernel(const std::string &name) {
  std::lock_guard lock(mutex);
  std::unique_ptr<CudaKernel> &kernel = kernels[name];
  if (!kernel)
    kernel = CudaKernel::find(context, handle, name);
  return kernel.get();
}
