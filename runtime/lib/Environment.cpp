//===- Environment.cpp - Typed access to environment variables ------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "Environment.h"

#include "Error.h"
#include "fovea/runtime.h"

#include <charconv>
#include <cstdlib>
#include <iterator>

using namespace fovea;
using namespace fovea::environment;

std::optional<int> ThreadCount::parse(std::string_view text) {
  int value = 0;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 0 || value > maximum)
    return std::nullopt;
  return value;
}

template <typename Type>
static typename Type::Value read(const char *name,
                                 typename Type::Value defaultValue) {
  const char *text = std::getenv(name);
  if (!text || !*text)
    return defaultValue;
  if (auto value = Type::parse(text))
    return *value;
  setLastError("%s is ignored: got '%s', expected %s", name, text,
               Type::values);
  return defaultValue;
}

#define FOVEA_ENVIRONMENT_VARIABLE(accessor, NAME, Type, defaultValue, text)   \
  Type::Value environment::accessor() {                                        \
    return read<Type>(#NAME, defaultValue);                                    \
  }
#include "Environment.def"

const FoveaEnvironmentVariable *foveaEnvironmentVariables(int64_t *count) {
  static constexpr FoveaEnvironmentVariable table[] = {
#define FOVEA_ENVIRONMENT_VARIABLE(accessor, NAME, Type, defaultValue, text)   \
  {#NAME, Type::values, #defaultValue, text},
#include "Environment.def"
  };
  *count = std::size(table);
  return table;
}
