//===- Error.cpp - The last error of a thread -----------------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "Error.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

static thread_local char message[4096] = "";

static void write(char *to, const char *format, va_list arguments) {
  std::vsnprintf(to, message + sizeof message - to, format, arguments);
}

void fovea::setLastError(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write(message, format, arguments);
  va_end(arguments);
}

void fovea::appendLastError(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write(message + std::strlen(message), format, arguments);
  va_end(arguments);
}

bool fovea::fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write(message, format, arguments);
  va_end(arguments);
  return false;
}

const char *fovea::lastError() { return message; }

void fovea::clearLastError() { message[0] = '\0'; }
