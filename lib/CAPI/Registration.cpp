//===- Registration.cpp - For hosts of MLIR's C API -----------------------===//

#include "fovea-c/Registration.h"
#include "fovea/InitAll.h"

#include "mlir/CAPI/IR.h"

void foveaRegisterAllDialects(MlirDialectRegistry registry) { fovea::registerAllDialects(*unwrap(registry)); }

void foveaRegisterAllPasses() {
  static const bool registered = [] {
    fovea::registerAllPasses();
    return true;
  }();
  (void)registered;
}
