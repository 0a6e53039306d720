#include "fovea/Dialect/Attn/Transforms/Transforms.h"
void mlir::attn::registerBufferizableOpInterfaceModels(DialectRegistry &) {}
