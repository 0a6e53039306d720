//===- InputSpec.cpp - Where an argument's contents come from -------------===//
//
// A path is known by its `.npy`, so that a misspelt word is not a missing file.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/InputSpec.h"

using namespace fovea;

llvm::Expected<InputSpec> fovea::parseInputSpec(llvm::StringRef text) {
  if (text.ends_with(".npy"))
    return NpyInput{text.str()};
  if (text == "random")
    return RandomInput{};
  if (text == "zeros")
    return ZerosInput{};
  if (text == "iota")
    return IotaInput{};
  llvm::StringRef seedText = text;
  if (seedText.consume_front("random:")) {
    uint64_t seed;
    if (!seedText.getAsInteger(10, seed))
      return RandomInput{seed};
    return llvm::createStringError("input '" + text + "': the seed '" +
                                   seedText +
                                   "' is not an unsigned 64-bit integer");
  }
  return llvm::createStringError(
      "input '" + text +
      "': expected the path of a .npy file, 'random', 'random:SEED', 'zeros' "
      "or 'iota'");
}
