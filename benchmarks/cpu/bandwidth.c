/* How fast this machine reads and copies memory, on the threads of the runtime. A task is 256 KiB, read from two places
 * at once, 4 KiB ahead, since a core reads several streams faster than one; a copy stores past the cache. */
#include "fovea/runtime.h"
#include <immintrin.h>
#include <stddef.h>

enum { taskBytes = 262144, streams = 2, aheadBytes = 4096 };

struct Copy {
  const char *from;
  char *to;
};

/* One per task, so that no read can be left out. */
static volatile float sums[256];

static void readTask(void *context, int64_t task) {
  const char *begin = (const char *)context + task * taskBytes;
  __m512 sum[streams];
  for (int s = 0; s < streams; ++s)
    sum[s] = _mm512_setzero_ps();
  for (size_t i = 0; i < taskBytes / streams; i += 64)
    for (int s = 0; s < streams; ++s) {
      const char *from = begin + s * (taskBytes / streams) + i;
      _mm_prefetch(from + aheadBytes, _MM_HINT_T0);
      sum[s] = _mm512_add_ps(sum[s], _mm512_loadu_ps(from));
    }
  sums[task % 256] = _mm512_reduce_add_ps(_mm512_add_ps(sum[0], sum[1]));
}

static void copyTask(void *context, int64_t task) {
  const struct Copy *copy = context;
  const char *from = copy->from + task * taskBytes;
  char *to = copy->to + task * taskBytes;
  for (size_t i = 0; i < taskBytes; i += 64)
    _mm512_stream_ps((float *)(to + i), _mm512_loadu_ps(from + i));
}

/* Whole tasks of `bytes`. */
void readMemory(const char *from, int64_t bytes) { foveaParallelFor(bytes / taskBytes, readTask, (void *)from); }

/* `to` is aligned to 64 bytes. */
void copyMemory(const char *from, char *to, int64_t bytes) {
  struct Copy copy = {from, to};
  foveaParallelFor(bytes / taskBytes, copyTask, &copy);
  _mm_sfence();
}
