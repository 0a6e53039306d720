/*===- fovea/element_type.h - What the elements of a tensor are --*- C -*-===*\
|*
|* Part of the Fovea project. Of the compiler's C interface and the runtime's,
|* each of which says which of these it takes.
|*
\*===----------------------------------------------------------------------===*/

#ifndef FOVEA_ELEMENT_TYPE_H
#define FOVEA_ELEMENT_TYPE_H

/** The first ten are those of launch descriptors, where their numbers stand. */
typedef enum FoveaElementType {
  FOVEA_I8 = 1,
  FOVEA_I16 = 2,
  FOVEA_I32 = 3,
  FOVEA_I64 = 4,
  FOVEA_F16 = 5,
  FOVEA_BF16 = 6,
  FOVEA_F32 = 7,
  FOVEA_F64 = 8,
  FOVEA_F8E4M3FN = 9,
  FOVEA_F8E5M2 = 10,
  FOVEA_I1 = 11,    /**< A byte, 0 or 1. */
  FOVEA_INDEX = 12, /**< 64 bits, signed. */
  FOVEA_UI8 = 13,
  FOVEA_UI16 = 14,
  FOVEA_UI32 = 15,
  FOVEA_UI64 = 16
} FoveaElementType;

#endif /* FOVEA_ELEMENT_TYPE_H */
