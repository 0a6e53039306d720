//===- Error.h - The last error of a thread ---------------------*- C++ -*-===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_ERROR_H
#define FOVEA_RUNTIME_LIB_ERROR_H

namespace fovea {

/// Sets the calling thread's last error, cut to 4095 characters: room for the
/// log of an assembler. Allocates nothing, so that it can report that memory or
/// threads ran out. The arguments must not lie in lastError().
[[gnu::format(printf, 1, 2)]] void setLastError(const char *format, ...);

/// Adds to the end of the last error.
[[gnu::format(printf, 1, 2)]] void appendLastError(const char *format, ...);

/// Sets the last error and returns false, for functions that return whether
/// they succeeded.
[[gnu::format(printf, 1, 2)]] bool fail(const char *format, ...);

const char *lastError();
void clearLastError();

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_ERROR_H
