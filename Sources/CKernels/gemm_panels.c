/// Products of activations with frozen bfloat16 weights that were packed once, for inference: panels of 32 outputs, of
/// which every unit is two adjacent inputs of each output. Every sum is the same as that of `tune_gemm` in bfloat16.
///
/// While a panel is multiplied, the next one is fetched from memory. With few rows that takes about as long as the
/// multiplication itself.
#ifdef __x86_64__
#include "avx512.h"

enum { PANEL = 2 * LANES, DEPTH = 768, ROWS = 42 * 14, MOST_ROWS = 14 };

CLONES void tune_pack_panels(const float *w, uint16_t *panels, long n, long k) {
  for (long i = 0; i < n; i += LANES)
    for (long p = 0; p < k; p += 2 * LANES) {
      uint16_t rounded[LANES][2 * LANES];
      f32x16 block[LANES], spare[LANES];
      for (int r = 0; r < LANES; r++)
        for (int c = 0; c < 2 * LANES; c++) rounded[r][c] = fp32_to_bf16(w[(i + r) * k + p + c]);
      memcpy(block, rounded, sizeof block);
      transpose16(block, spare);
      for (int u = 0; u < LANES; u++)
        memcpy(panels + i / PANEL * PANEL * k + (p / 2 + u) * 2 * PANEL + i % PANEL * 2, block + u, sizeof block[u]);
    }
}

void tune_unpack_panels(const uint16_t *panels, float *w, long n, long k) {
  for (long i = 0; i < n; i++)
    for (long p = 0; p < k; p++)
      w[i * k + p] = bf16_to_fp32(panels[i / PANEL * PANEL * k + p / 2 * 2 * PANEL + i % PANEL * 2 + p % 2]);
}

CLONES void tune_round_rows(const float *restrict x, long ldx, uint16_t *restrict rounded, long ld, long n, long k) {
  for (long i = 0; i < n; i++)
    for (long p = 0; p < k; p++) rounded[i * ld + p] = fp32_to_bf16(x[i * ldx + p]);
}

/// c [rows, 32] = a·panel, added to c or to the bias. Fetches a line of memory for each unit, from `ahead` on.
#define TILE(rows)                                                                                          \
  case rows: {                                                                                              \
    f32x16 sum[rows][2] = {};                                                                               \
    for (long p = 0; p < k; p++) {                                                                          \
      __builtin_prefetch(ahead + p * LANES, 0, 2);                                                          \
      for (int r = 0; r < rows; r++)                                                                        \
        for (int q = 0; q < 2; q++)                                                                         \
          sum[r][q] = MULTIPLY_ADD_BF16(a[r * lda + p], VECTOR_AT(panel + p * PANEL + q * LANES), sum[r][q]); \
    }                                                                                                       \
    for (int r = 0; r < rows; r++)                                                                          \
      for (int q = 0; q < 2; q++) {                                                                         \
        float *to = c + r * ldc + q * LANES;                                                                \
        f32x16 v = sum[r][q];                                                                               \
        if (adds) v += VECTOR_AT(to);                                                                       \
        if (bias) v += VECTOR_AT(bias + q * LANES);                                                         \
        VECTOR_AT(to) = v;                                                                                  \
      }                                                                                                     \
    break;                                                                                                  \
  }

/// One panel, in as few tiles as possible, of about as many rows each. The first two tiles fetch the panel at `next`.
TARGET_AVX512BF16 static void multiply_panel(const float *restrict a, long lda, const float *restrict panel,
                                             const float *next, float *restrict c, long ldc, long n, long k, int adds,
                                             const float *bias) {
  const float *ahead = next;
  for (long tiles = (n + MOST_ROWS - 1) / MOST_ROWS; tiles > 0; tiles--) {
    long rows = (n + tiles - 1) / tiles;
    switch (rows) {
      TILE(14) TILE(13) TILE(12) TILE(11) TILE(10) TILE(9) TILE(8)
      TILE(7) TILE(6) TILE(5) TILE(4) TILE(3) TILE(2) TILE(1)
    }
    a += rows * lda, c += rows * ldc, n -= rows;
    ahead = ahead == next ? next + k * LANES : panel;
  }
}

void tune_gemm_panels(const uint16_t *x, long ldx, const uint16_t *panels, const float *bias, float *c, long ldc, long n,
                      long m, long k) {
  const float *a = (const float *)x, *weights = (const float *)panels;  // units of two numbers
  long lda = ldx / 2, all = k / 2;
  for (long i = 0; i < n; i += ROWS)
    for (long p = 0; p < all; p += DEPTH)
      for (long j = 0; j < m; j += PANEL) {
        long rows = n - i < ROWS ? n - i : ROWS, units = all - p < DEPTH ? all - p : DEPTH;
        const float *panel = weights + j * all + p * PANEL, *next = j + PANEL < m ? panel + all * PANEL : panel;
        multiply_panel(a + i * lda + p, lda, panel, next, c + i * ldc + j, ldc, rows, units, p > 0,
                       bias && p == 0 ? bias + j : NULL);
      }
}
#endif
