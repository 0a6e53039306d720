//===- InputSpec.h - Where an argument's contents come from -----*- C++ -*-===//
//
// The SPEC of `fovea-run --input SPEC`.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_INPUTSPEC_H
#define FOVEA_EXECUTE_INPUTSPEC_H

#include "fovea/Execute/Scalar.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace fovea {

/// `PATH.npy`
struct NpyInput {
  std::string path;
};

/// `random` or `random:SEED`
struct RandomInput {
  std::optional<uint64_t> seed;
};

/// `zeros`
struct ZerosInput {};

/// `iota`
struct IotaInput {};

/// `0.125`, `-3`: every element, and so the way to give a scalar.
struct NumberInput {
  Scalar value;
};

using InputSpec = std::variant<NpyInput, RandomInput, ZerosInput, IotaInput, NumberInput>;

/// Fails on anything else, with the list of what is allowed. The file need not
/// exist.
llvm::Expected<InputSpec> parseInputSpec(llvm::StringRef text);

} // namespace fovea

#endif // FOVEA_EXECUTE_INPUTSPEC_H
