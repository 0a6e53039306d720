//===- Environment.h - Typed access to environment variables ----*- C++ -*-===//
//
// Part of the Fovea project. The variables are declared in Environment.def; a
// type is the set of values that one can take, and knows how to read them.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_ENVIRONMENT_H
#define FOVEA_RUNTIME_LIB_ENVIRONMENT_H

#include <optional>
#include <string>
#include <string_view>

namespace fovea::environment {

struct ThreadCount {
  using Value = int;
  static constexpr int maximum = 4096;
  static constexpr const char *values = "an integer from 0 to 4096";
  static std::optional<int> parse(std::string_view text);
};

struct Microseconds {
  using Value = int;
  static constexpr int maximum = 1000000;
  static constexpr const char *values = "an integer from 0 to 1000000";
  static std::optional<int> parse(std::string_view text);
};

/// A folder; "" is none.
struct Folder {
  using Value = std::string;
  static constexpr const char *values = "an absolute path, a path that starts with ~/, or off";
  static std::optional<std::string> parse(std::string_view text);
};

// Each accessor reads the environment anew. A variable that is not set, or
// empty, has its default value, and so has one that cannot be read; that is
// also reported as the calling thread's last error.
#define FOVEA_ENVIRONMENT_VARIABLE(accessor, NAME, Type, defaultValue, text) Type::Value accessor();
#include "Environment.def"

} // namespace fovea::environment

#endif // FOVEA_RUNTIME_LIB_ENVIRONMENT_H
