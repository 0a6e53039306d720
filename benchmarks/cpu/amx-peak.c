/* The rate of bf16 products that the AMX tiles of this machine reach: eight independent accumulations per thread would
 * take all the tiles there are, so four, on two operands each, with random numbers, because products of zeros take
 * less power and run faster than any that occur. */
#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { maxThreads = 256, iterations = 400000, xtileData = 18, archReqXcompPerm = 0x1023 };

static uint16_t operands[4][16 * 32];

static void *run(void *unused) {
  struct { uint8_t palette, start, reserved[14]; uint16_t columnBytes[16]; uint8_t rows[16]; } shape;
  memset(&shape, 0, sizeof shape);
  shape.palette = 1;
  for (int i = 0; i < 8; ++i)
    shape.columnBytes[i] = 64, shape.rows[i] = 16;
  _tile_loadconfig(&shape);
  _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
  _tile_loadd(4, operands[0], 64), _tile_loadd(5, operands[1], 64);
  _tile_loadd(6, operands[2], 64), _tile_loadd(7, operands[3], 64);
  for (int i = 0; i < iterations; ++i) {
    _tile_dpbf16ps(0, 4, 6), _tile_dpbf16ps(1, 4, 7), _tile_dpbf16ps(2, 5, 6), _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return unused;
}

static int available(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & (1u << 24)) || !(d & (1u << 22)))
    return 0;
  return syscall(SYS_arch_prctl, archReqXcompPerm, xtileData) == 0;
}

/** GFLOP/s on so many threads; -1 where there is no AMX. */
double amxPeak(int threads) {
  if (threads < 1 || threads > maxThreads || !available())
    return -1;
  uint32_t state = 1;
  for (int i = 0; i < 4 * 16 * 32; ++i) {
    state = state * 1664525 + 1013904223;
    operands[i / 512][i % 512] = 0x3f00 | (state >> 16 & 0x80ff); /* 0.5 to 2, either sign */
  }
  pthread_t workers[maxThreads];
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  int started = 0;
  for (; started < threads - 1; ++started)
    if (pthread_create(&workers[started], 0, run, 0))
      break;
  run(0);
  for (int i = 0; i < started; ++i)
    pthread_join(workers[i], 0);
  clock_gettime(CLOCK_MONOTONIC, &end);
  double seconds = (end.tv_sec - begin.tv_sec) + 1e-9 * (end.tv_nsec - begin.tv_nsec);
  return 4.0 * 2 * 16 * 16 * 32 * iterations * (started + 1) / seconds / 1e9;
}
