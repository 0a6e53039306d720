//===- CudaModule.h - Loaded code, once per context -------------*- C++ -*-===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_CUDAMODULE_H
#define FOVEA_RUNTIME_LIB_CUDAMODULE_H

#include "CudaContext.h"
#include "CudaKernel.h"
#include "Sha256.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace fovea {

/// A module in one context. Modules are shared and counted by `load`.
class CudaModule {
public:
  /// Loads PTX or a cubin into the current context, unless the same bytes are
  /// loaded there. Null, and the last error, if that fails.
  static CudaModule *load(std::string_view bytes);

  /// Undoes one `load`; the last one unloads the module and ends its kernels.
  bool release();

  /// Null, and the last error, if there is none of this name.
  CudaKernel *getKernel(const std::string &name);

private:
  using Key = std::pair<ContextId, Digest>;
  struct Table;

  CudaModule(const CudaContext &context, const Key &key, CUmodule handle)
      : context(context), key(key), handle(handle) {}

  const CudaContext context;
  const Key key;
  const CUmodule handle; // NOLINT(misc-misplaced-const): a handle
  int64_t users = 1;     ///< Guarded by the table's mutex.
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<CudaKernel>> kernels;
};

/// Assembles PTX for the current context's device, or finds the cubin in the
/// kernel cache. Null, and the log in the last error, if the driver refuses it.
bool assemblePtx(const CudaContext &context, const std::string &ptx, std::string &cubin);

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_CUDAMODULE_H
