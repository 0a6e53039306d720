#include "functions.h"

#include <stdio.h>
#include <stdlib.h>

static void print(float x, int64_t n, bool b) {
  several_results results;
  several(&results, x, n, b);
  const FoveaTensor1xf32 *t = &results.result0;
  float last = t->aligned[t->offset + (t->sizes[0] - 1) * t->strides[0]];
  printf("%lld of %g, %s\n", (long long)t->sizes[0], last, results.result1 ? "true" : "false");
  free(t->allocated);
}

int main(void) {
  print(1.5f, 3, false);
  print(2.5f, 2, true);
  printf("%g\n", number(0.25));
  return 0;
}
