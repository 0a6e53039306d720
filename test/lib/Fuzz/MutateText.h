//===- MutateText.h - small damage to a module's text -----------*- C++ -*-===//
//
// From a legal module to one that may be illegal. Much of what is drawn is a
// mistake that a person makes: a wrong operand, number, extent, element type,
// map or attribute, a line too many or too few. A type is often changed
// wherever it occurs, so that the damage is not found by the parser but by
// whoever relies on it.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_LIB_FUZZ_MUTATETEXT_H
#define FOVEA_TEST_LIB_FUZZ_MUTATETEXT_H

#include "Random.h"

#include <string>

namespace fovea::fuzz {

/// `text` after one to three mutations; the same as `text` where those drawn
/// find nothing to change.
std::string mutateText(Random &random, std::string text);

} // namespace fovea::fuzz

#endif // FOVEA_TEST_LIB_FUZZ_MUTATETEXT_H
