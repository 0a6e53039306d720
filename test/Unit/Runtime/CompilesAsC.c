/*===- CompilesAsC.c - The runtime's header is C ---------------------------===*\
|* Part of the Fovea project. That this file compiles and links is the test.
\*===----------------------------------------------------------------------===*/

#include "fovea/runtime.h"

int64_t versionSeenFromC(void);

int64_t versionSeenFromC(void) { return foveaRuntimeVersion(); }
