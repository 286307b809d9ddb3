/* The machine's own arithmetic peak with vectors of N doubles (a compiler extension of GCC and Clang) and, with -mfma or
   -march=native, fused multiply-add: 12 independent chains, as in kernels.ts. Prints GFLOP/s, the best of 20 rounds. */
#include <stdio.h>
#include <time.h>

#ifndef N
#define N 8
#endif
typedef double vec __attribute__((vector_size(8 * N)));

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int argc, char **argv) {
  (void)argv;
  vec x = (vec){0} + 0.5 * argc, y = (vec){0} + 1e-3 * argc;
  vec a = y, b = y + 1, c = y + 2, d = y + 3, e = y + 4, f = y + 5, g = y + 6, h = y + 7, i = y + 8, j = y + 9, k = y + 10, l = y + 11;
  const long steps = 1000000;
  double best = 0;
  for (int round = 0; round < 20; round++) {
    double start = now();
    for (long s = 0; s < steps; s++) {
      a = a * x + y; b = b * x + y; c = c * x + y; d = d * x + y; e = e * x + y; f = f * x + y;
      g = g * x + y; h = h * x + y; i = i * x + y; j = j * x + y; k = k * x + y; l = l * x + y;
    }
    double rate = 24.0 * N * steps / (now() - start) / 1e9;
    if (rate > best) best = rate;
  }
  vec sum = a + b + c + d + e + f + g + h + i + j + k + l;
  volatile double keep = sum[0];
  (void)keep;
  printf("%.2f\n", best);
  return 0;
}
