/* Calls the compiled examples/attention.mlir on strided tensors and compares
 * with the definition in double. */

#include "attention.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { Batch = 2, Heads = 16, KvHeads = 4, Queries = 37, Keys = 53, Dim = 64 };

/* [batch, length, heads, dim] in memory, seen as [batch, heads, length, dim].
 */
static FoveaTensor4xf32 make(int64_t heads, int64_t length, unsigned seed) {
  FoveaTensor4xf32 tensor = {0};
  int64_t count = Batch * heads * length * Dim;
  tensor.allocated = tensor.aligned = malloc((size_t)count * sizeof(float));
  for (int64_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    tensor.aligned[i] = (float)(seed >> 8) / (1 << 23) - 1;
  }
  const int64_t sizes[] = {Batch, heads, length, Dim};
  const int64_t strides[] = {length * heads * Dim, Dim, heads * Dim, 1};
  for (int i = 0; i < 4; ++i) {
    tensor.sizes[i] = sizes[i];
    tensor.strides[i] = strides[i];
  }
  return tensor;
}

static float *row(const FoveaTensor4xf32 *t, int64_t b, int64_t h, int64_t i) {
  return t->aligned + t->offset + b * t->strides[0] + h * t->strides[1] + i * t->strides[2];
}

int main(void) {
  FoveaTensor4xf32 q = make(Heads, Queries, 1), k = make(KvHeads, Keys, 2);
  FoveaTensor4xf32 v = make(KvHeads, Keys, 3), out = make(Heads, Queries, 4);
  attention(&q, &k, &v, &out);

  double worst = 0;
  for (int64_t b = 0; b < Batch; ++b)
    for (int64_t h = 0; h < Heads; ++h)
      for (int64_t i = 0; i < Queries; ++i) {
        double sum = 0, expected[Dim] = {0};
        int64_t kvHead = h / (Heads / KvHeads);
        for (int64_t j = 0; j <= i + Keys - Queries; ++j) {
          double score = 0;
          for (int d = 0; d < Dim; ++d)
            score += (double)row(&q, b, h, i)[d] * row(&k, b, kvHead, j)[d];
          double weight = exp(score / sqrt(Dim));
          sum += weight;
          for (int d = 0; d < Dim; ++d)
            expected[d] += weight * row(&v, b, kvHead, j)[d];
        }
        for (int d = 0; d < Dim; ++d)
          worst = fmax(worst, fabs(row(&out, b, h, i)[d] - expected[d] / sum));
      }
  printf("%d x %d x %d x %d: largest error %.1e\n", Batch, Heads, Queries, Dim, worst);
  free(q.allocated);
  free(k.allocated);
  free(v.allocated);
  free(out.allocated);
  return 0;
}
