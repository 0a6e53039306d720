/* Calls @attention and compares with its definition. */
#include "attention.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#ifdef REFUSE
/* In place of the runtime's: the kernel has said no. */
int foveaRequestMatrixUnit(void) { return -1; }
#endif

enum { queries = 64, keys = 96, dim = 32 };

static float value(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float result;
  memcpy(&result, &wide, sizeof result);
  return result;
}

static void fill(uint16_t *elements, int count, uint32_t seed) {
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525 + 1013904223;
    elements[i] = 0x3e00 | (seed >> 16 & 0x81ff); /* 1/8 to 2, either sign */
  }
}

int main(void) {
  static uint16_t q[queries * dim], k[keys * dim], v[keys * dim];
  static float o[queries * dim];
  fill(q, queries * dim, 1), fill(k, keys * dim, 2), fill(v, keys * dim, 3);
  FoveaTensor2xbf16 tq = {q, q, 0, {queries, dim}, {dim, 1}}, tk = {k, k, 0, {keys, dim}, {dim, 1}},
                    tv = {v, v, 0, {keys, dim}, {dim, 1}};
  FoveaTensor2xf32 to = {o, o, 0, {queries, dim}, {dim, 1}};
  attention(&tq, &tk, &tv, &to);
  double worst = 0;
  for (int i = 0; i < queries; ++i) {
    double weights[keys], sum = 0;
    for (int j = 0; j < keys; ++j) {
      double score = 0;
      for (int d = 0; d < dim; ++d)
        score += (double)value(q[i * dim + d]) * value(k[j * dim + d]);
      sum += weights[j] = exp(score / sqrt(dim));
    }
    for (int d = 0; d < dim; ++d) {
      double expected = 0;
      for (int j = 0; j < keys; ++j)
        expected += weights[j] / sum * value(v[j * dim + d]);
      worst = fmax(worst, fabs(expected - o[i * dim + d]));
    }
  }
  printf("worst error %g\n", worst);
  return worst < 1e-2 ? 0 : 1;
}
