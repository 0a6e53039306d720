//===- Error.cpp - The last error of a thread -----------------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "Error.h"

#include <cstdarg>
#include <cstdio>

static thread_local char message[512] = "";

void fovea::setLastError(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
}

const char *fovea::lastError() { return message; }

void fovea::clearLastError() { message[0] = '\0'; }
