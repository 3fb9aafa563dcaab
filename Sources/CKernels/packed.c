/// The product with a weight that does not change: the weight is laid out once as the inner loop reads it, so that a call
/// copies nothing. OpenBLAS packs both operands anew in every call, which at these sizes is an eighth of its time.
/// For CPUs with AVX-512 (32 wide registers); `tune_can_pack` says whether this is one.
#include "common.h"

// 14 × 32 sums in 28 registers, two for the weight, the input's element broadcast from memory.
enum { TILE_ROWS = 14, PANEL = 2 * LANES, DEPTH = 768, STRIPE = 14 * 14 };

#define WIDE __attribute__((target("arch=x86-64-v4")))
#define AT(place) (*(anywhere *)(place))

int tune_can_pack(long k, long m) {
  __builtin_cpu_init();
  // From about 2,048 on, rows a multiple of 4 KiB apart crowd each other out of the nearest cache.
  return k > 0 && k < 2048 && m % PANEL == 0 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

void tune_pack(const float *w, int transposed, float *packed, long k, long m) {
  for (long j = 0; j < m; j += PANEL)
    for (long p = 0; p < k; p++)
      for (long q = 0; q < PANEL; q++)
        packed[j * k + p * PANEL + q] = transposed ? w[(j + q) * k + p] : w[p * m + j + q];
}

/// c [rows, 32] = a [rows, k]·panel [k, 32], on top of the bias, of what c holds, or of 0.
#define TILE(rows)                                                                                          \
  {                                                                                                         \
    lanes sum[rows][2];                                                                                     \
    for (int r = 0; r < rows; r++)                                                                          \
      for (int q = 0; q < 2; q++)                                                                           \
        sum[r][q] = bias ? AT(bias + q * LANES) : add ? AT(c + r * ldc + q * LANES) : (lanes){0};       \
    for (long p = 0; p < k; p++) {                                                                          \
      lanes left = AT(panel + p * PANEL), right = AT(panel + p * PANEL + LANES);                        \
      for (int r = 0; r < rows; r++) {                                                                      \
        float x = a[r * lda + p];                                                                           \
        sum[r][0] += x * left;                                                                              \
        sum[r][1] += x * right;                                                                             \
      }                                                                                                     \
    }                                                                                                       \
    for (int r = 0; r < rows; r++)                                                                          \
      for (int q = 0; q < 2; q++) AT(c + r * ldc + q * LANES) = sum[r][q];                                    \
    a += rows * lda;                                                                                        \
    c += rows * ldc;                                                                                        \
    n -= rows;                                                                                              \
  }

WIDE static void column(const float *restrict a, long lda, const float *restrict panel, const float *bias,
                        float *restrict c, long ldc, long n, long k, int add) {
  while (n >= TILE_ROWS) TILE(14)
  if (n >= 8) TILE(8)
  if (n >= 4) TILE(4)
  if (n >= 2) TILE(2)
  if (n >= 1) TILE(1)
}

WIDE void tune_packed_product(const float *a, const float *packed, const float *bias, float *c, long n, long m, long k,
                              int add) {
  for (long first = 0; first < n; first += STRIPE) {
    long rows = n - first < STRIPE ? n - first : STRIPE;
    for (long p = 0; p < k; p += DEPTH) {
      long depth = k - p < DEPTH ? k - p : DEPTH;
      for (long j = 0; j < m; j += PANEL)
        column(a + first * k + p, k, packed + j * k + p * PANEL, bias && p == 0 ? bias + j : NULL, c + first * m + j, m,
               rows, depth, add || p > 0);
    }
  }
}
