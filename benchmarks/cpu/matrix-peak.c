/* The rate of bf16 products that this machine reaches. On AMX tiles: four independent sums of products of two times two
 * operands, which are all the tiles there are. By pairs (AVX512_BF16): as many sums as hide their latency. The numbers
 * are random, because products of zeros take less power and run faster than any that occur. */
#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { maxThreads = 256, iterations = 1500000, sums = 24, xtileData = 18, archReqXcompPerm = 0x1023 };

static uint16_t operands[4][16 * 32];
static pthread_barrier_t begin;

static struct {
  uint8_t palette, start, reserved[14];
  uint16_t columnBytes[16];
  uint8_t rows[16];
} shape;

static void *runPairs(void *sink) {
  __m512 total[sums];
  __m512bh a = (__m512bh)_mm512_loadu_si512(operands[0]), b = (__m512bh)_mm512_loadu_si512(operands[1]);
#pragma GCC unroll 24
  for (int i = 0; i < sums; ++i)
    total[i] = _mm512_set1_ps(i); /* or they are one */
  pthread_barrier_wait(&begin);
  for (int n = 0; n < iterations; ++n) {
#pragma GCC unroll 24
    for (int i = 0; i < sums; ++i)
      total[i] = _mm512_dpbf16_ps(total[i], a, b);
    __asm__ volatile("" : "+v"(a));
  }
#pragma GCC unroll 24
  for (int i = 1; i < sums; ++i)
    total[0] = _mm512_add_ps(total[0], total[i]);
  *(float *)sink = _mm512_reduce_add_ps(total[0]);
  return 0;
}

static void *runTiles(void *unused) {
  pthread_barrier_wait(&begin);
  __asm__ volatile("" ::: "memory"); /* GCC 12 takes it that the next reads eight bytes */
  _tile_loadconfig(&shape);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, operands[0], 64);
  _tile_loadd(5, operands[1], 64);
  _tile_loadd(6, operands[2], 64);
  _tile_loadd(7, operands[3], 64);
  for (int i = 0; i < iterations; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return unused;
}

static int haveTiles(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & (1u << 24)) || !(d & (1u << 22)))
    return 0;
  return syscall(SYS_arch_prctl, archReqXcompPerm, xtileData) == 0;
}

static int havePairs(void) {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5));
}

static double rate(int threads, void *(*run)(void *), double flopsPerThread) {
  uint32_t state = 1;
  for (int i = 0; i < 4 * 16 * 32; ++i) {
    state = state * 1664525 + 1013904223;
    operands[i / 512][i % 512] = 0x3f00 | (state >> 16 & 0x80ff); /* 0.5 to 2, either sign */
  }
  shape.palette = 1;
  for (int i = 0; i < 8; ++i)
    shape.columnBytes[i] = 64, shape.rows[i] = 16;
  pthread_t workers[maxThreads];
  float sinks[maxThreads];
  struct timespec start, end;
  pthread_barrier_init(&begin, 0, threads + 1);
  for (int i = 0; i < threads; ++i)
    if (pthread_create(&workers[i], 0, run, &sinks[i]))
      return -1;                          /* the others wait for ever, which is no worse than a peak that is wrong */
  clock_gettime(CLOCK_MONOTONIC, &start); /* before the barrier: this thread may be the last to come out of it */
  pthread_barrier_wait(&begin);
  for (int i = 0; i < threads; ++i)
    pthread_join(workers[i], 0);
  clock_gettime(CLOCK_MONOTONIC, &end);
  pthread_barrier_destroy(&begin);
  double seconds = (end.tv_sec - start.tv_sec) + 1e-9 * (end.tv_nsec - start.tv_nsec);
  return flopsPerThread * threads / seconds / 1e9;
}

/** GFLOP/s on so many threads; -1 where there is no AMX. */
double amxPeak(int threads) {
  if (threads < 1 || threads > maxThreads || !haveTiles())
    return -1;
  return rate(threads, runTiles, 4.0 * 2 * 16 * 16 * 32 * iterations);
}

/** GFLOP/s on so many threads; -1 where there is no AVX512_BF16. */
double pairsPeak(int threads) {
  if (threads < 1 || threads > maxThreads || !havePairs())
    return -1;
  return rate(threads, runPairs, 2.0 * 32 * sums * iterations);
}
