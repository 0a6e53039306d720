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
    return llvm::createStringError("input '" + text + "': the seed '" + seedText +
                                   "' is not an unsigned 64-bit integer");
  }
  int64_t integer;
  if (!text.getAsInteger(10, integer))
    return NumberInput{Scalar::ofSigned(integer)};
  double number;
  if (!text.getAsDouble(number))
    return NumberInput{Scalar::ofFloat(number)};
  return llvm::createStringError("input '" + text +
                                 "': expected the path of a .npy file, 'random', 'random:SEED', 'zeros', "
                                 "'iota' or a number");
}
