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
#include <pwd.h>
#include <unistd.h>

using namespace fovea;
using namespace fovea::environment;

static std::optional<int> parseCount(std::string_view text, int maximum) {
  int value = 0;
  const char *end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is in `end`
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 0 || value > maximum)
    return std::nullopt;
  return value;
}

std::optional<int> ThreadCount::parse(std::string_view text) { return parseCount(text, maximum); }
std::optional<int> Microseconds::parse(std::string_view text) { return parseCount(text, maximum); }

static std::string homeFolder() {
  passwd entry, *found = nullptr;
  char buffer[4096];
  getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found);
  return found && found->pw_dir ? found->pw_dir : "";
}

std::optional<std::string> Folder::parse(std::string_view text) {
  if (text == "off")
    return "";
  if (text.substr(0, 2) == "~/") {
    std::string home = homeFolder();
    return home.empty() ? home : home + std::string(text.substr(1));
  }
  if (text.substr(0, 1) == "/")
    return std::string(text);
  return std::nullopt;
}

template <typename Type> static typename Type::Value read(const char *name, const char *defaultValue) {
  const char *text = std::getenv(name);
  if (!text || !*text)
    return *Type::parse(defaultValue);
  if (auto value = Type::parse(text))
    return *value;
  setLastError("%s is ignored: got '%s', expected %s", name, text, Type::values);
  return *Type::parse(defaultValue);
}

#define FOVEA_ENVIRONMENT_VARIABLE(accessor, NAME, Type, defaultValue, text)                                           \
  Type::Value environment::accessor() { return read<Type>(#NAME, defaultValue); }
#include "Environment.def"

const char *foveaGetReproducerFolder() {
  static thread_local std::string folder;
  folder = reproducerFolder();
  return folder.c_str();
}

const FoveaEnvironmentVariable *foveaEnvironmentVariables(int64_t *count) {
  static constexpr FoveaEnvironmentVariable table[] = {
#define FOVEA_ENVIRONMENT_VARIABLE(accessor, NAME, Type, defaultValue, text) {#NAME, Type::values, defaultValue, text},
#include "Environment.def"
  };
  *count = std::size(table);
  return table;
}
