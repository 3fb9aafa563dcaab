/// Shared by the Float32 attention kernels: products of small matrices, transposition.
#ifndef TUNE_TILES_H
#define TUNE_TILES_H

#include "common.h"

/// How a product is written to C. CONTINUE begins the sums with C, ADD adds them to C at the end, so that a
/// sum over thousands of rows, block by block, loses fewer digits.
enum { WRITE, CONTINUE, ADD };

/// One tile of C, `rows` × (vectors·16); A's element (i, p) is a[i·row_stride + p·depth_stride], B is row-major.
#define TILE(rows, vectors)                                                                            \
  {                                                                                                    \
    f32x16 sum[rows][vectors];                                                                         \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++)                                                                \
        sum[r][q] = into == CONTINUE ? load(c + (i + r) * ldc + j + q * LANES) : (f32x16){0};          \
    for (long p = 0; p < k; p++)                                                                       \
      for (int r = 0; r < rows; r++) {                                                                 \
        float left = a[(i + r) * row_stride + p * depth_stride];                                       \
        for (int q = 0; q < vectors; q++) sum[r][q] += left * load(b + p * ldb + j + q * LANES);       \
      }                                                                                                \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++) {                                                              \
        float *to = c + (i + r) * ldc + j + q * LANES;                                                 \
        store(to, into == ADD ? load(to) + sum[r][q] : sum[r][q]);                                     \
      }                                                                                                \
  }

/// The last rows of C, fewer than four.
#define REMAINING_ROWS(vectors)      \
  switch (m - i) {                   \
    case 3: TILE(3, vectors) break;  \
    case 2: TILE(2, vectors) break;  \
    case 1: TILE(1, vectors)         \
  }

/// C [m, n] = or += A [m, k]·B [k, n]. The operands fit in the L1 cache, so nothing is packed. AVX-512 has registers
/// for sixteen sums of 16 numbers, other CPUs for four.
INLINE void gemm_tiles(int avx512, const float *restrict a, long row_stride, long depth_stride,
                       const float *restrict b, long ldb, float *restrict c, long ldc, long m, long n, long k,
                       int into) {
  long j = 0;
  for (; avx512 && j + 2 * LANES <= n; j += 2 * LANES) {
    long i = 0;
    for (; i + 8 <= m; i += 8) TILE(8, 2)
    for (; i + 4 <= m; i += 4) TILE(4, 2)
    REMAINING_ROWS(2)
  }
  for (; j + LANES <= n; j += LANES) {
    long i = 0;
    for (; avx512 && i + 8 <= m; i += 8) TILE(8, 1)
    for (; i + 4 <= m; i += 4) TILE(4, 1)
    REMAINING_ROWS(1)
  }
  for (; j < n; j++)  // only tiny models have a head size that is not a multiple of 16
    for (long i = 0; i < m; i++) {
      float sum = into == CONTINUE ? c[i * ldc + j] : 0;
      for (long p = 0; p < k; p++) sum += a[i * row_stride + p * depth_stride] * b[p * ldb + j];
      c[i * ldc + j] = into == ADD ? c[i * ldc + j] + sum : sum;
    }
}

CLONES static void gemm_unpacked(const float *a, long row_stride, long depth_stride, const float *b, long ldb, float *c,
                                 long ldc, long m, long n, long k, int into) {
#ifdef __x86_64__
  if (MAY_USE_AVX512 && __builtin_cpu_supports("avx512f"))
    return gemm_tiles(1, a, row_stride, depth_stride, b, ldb, c, ldc, m, n, k, into);
#endif
  gemm_tiles(0, a, row_stride, depth_stride, b, ldb, c, ldc, m, n, k, into);
}

/// y [width, padded] = the transpose of x [t, width] with row stride ld; columns from t on are 0.
INLINE void transpose(const float *x, long ld, float *y, long t, long padded, long width) {
  for (long j = 0; j < padded; j += LANES) {
    long rows = t - j < LANES ? t - j : LANES, c = 0;
    for (; c + LANES <= width; c += LANES) {
      f32x16 block[LANES], spare[LANES];
      for (int r = 0; r < LANES; r++) block[r] = r < rows ? load(x + (j + r) * ld + c) : (f32x16){0};
      transpose16(block, spare);
      for (int r = 0; r < LANES; r++) store(y + (c + r) * padded + j, block[r]);
    }
    for (; c < width; c++)
      for (int r = 0; r < LANES; r++) y[c * padded + j + r] = r < rows ? x[(j + r) * ld + c] : 0;
  }
}

#endif
