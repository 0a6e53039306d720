/*===- CompilesAsC.c - The runtime's headers are C -------------------------===*\
|* Part of the Fovea project. That this file compiles and links is the test.
\*===----------------------------------------------------------------------===*/

#include "fovea/cuda.h"
#include "fovea/runtime.h"

int64_t versionSeenFromC(void);

_Static_assert(sizeof(FoveaTensorMap) == 128 && _Alignof(FoveaTensorMap) == 64, "the layout of a CUtensorMap");

int64_t versionSeenFromC(void) { return foveaRuntimeVersion(); }
