//===- Error.h - The last error of a thread ---------------------*- C++ -*-===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_ERROR_H
#define FOVEA_RUNTIME_LIB_ERROR_H

namespace fovea {

/// Sets the calling thread's last error, cut to 511 characters. Allocates
/// nothing, so that it can report that memory or threads ran out.
[[gnu::format(printf, 1, 2)]] void setLastError(const char *format, ...);

const char *lastError();
void clearLastError();

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_ERROR_H
