//===- FinalTiles.h - results read off a softmax state ----------*- C++ -*-===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOCTA_FINALTILES_H
#define FOVEA_LIB_CONVERSION_ATTNTOCTA_FINALTILES_H

#include "SoftmaxUpdate.h"

namespace fovea {

/// Computes the results of a kernel from the state after the last block and stores them, at the builder's insertion
/// point.
void storeResults(const KernelBody &body, TileBuilder &builder, const ScoreUnits &units, SoftmaxState state);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOCTA_FINALTILES_H
