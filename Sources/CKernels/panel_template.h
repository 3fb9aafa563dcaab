/// The inner loop of products for one arithmetic, instantiated by including this file. The includer defines
/// `GEMM_NAME(x)` (function names), `GEMM_TARGET` (the instruction set), `MULTIPLY_ADD(x, y, sum)` (one step over a unit of
/// four bytes), `rounded_product`, `VECTORS` (1 or 2 vectors of 16 columns in a `PANEL`) and `TILE_ROWS` (6 or 14), and
/// where they help `UNROLL` (a pragma for the loop) and `FETCH_C(address)` (a prefetch of what the tile will be added to).

#ifndef UNROLL
#define UNROLL
#endif
#ifndef FETCH_C
#define FETCH_C(address) (void)(address)
#endif

/// c [rows, vectors·16] = alpha·a·panel + beta·c + bias; a's element (r, p) is a[r·row_stride + p·depth_stride].
#define TILE(rows, vectors)                                                                            \
  {                                                                                                    \
    f32x16 sum[rows][vectors] = {};                                                                    \
    for (int r = 0; r < rows; r++) FETCH_C(c + r * ldc);                                               \
    UNROLL                                                                                             \
    for (long p = 0; p < k; p++)                                                                       \
      for (int r = 0; r < rows; r++)                                                                   \
        for (int q = 0; q < vectors; q++)                                                              \
          sum[r][q] = MULTIPLY_ADD(a[r * row_stride + p * depth_stride],                               \
                                   VECTOR_AT(panel + (p * vectors + q) * LANES), sum[r][q]);           \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++) {                                                              \
        f32x16 v = rounded_product(alpha, sum[r][q]);                                                  \
        if (beta) v += beta * VECTOR_AT(c + r * ldc + q * LANES);                                      \
        if (bias) v += VECTOR_AT(bias + q * LANES);                                                    \
        VECTOR_AT(c + r * ldc + q * LANES) = v;                                                        \
      }                                                                                                \
    a += rows * row_stride;                                                                            \
    c += rows * ldc;                                                                                   \
    n -= rows;                                                                                         \
  }

#define REMAINING_ROWS(vectors)      \
  while (n >= TILE_ROWS) TILE(TILE_ROWS, vectors)  \
  if (TILE_ROWS > 8 && n >= 8) TILE(8, vectors)       \
  if (n >= 4) TILE(4, vectors)       \
  if (n >= 2) TILE(2, vectors)       \
  if (n >= 1) TILE(1, vectors)

GEMM_TARGET INLINE void GEMM_NAME(multiply_panel)(const float *restrict a, long row_stride, long depth_stride,
                                                  const float *restrict panel, int two_vectors, float *restrict c,
                                                  long ldc, long n, long k, float alpha, float beta,
                                                  const float *bias) {
  if (VECTORS == 2 && two_vectors) {
    REMAINING_ROWS(2)
  } else {
    while (VECTORS == 2 && n >= 2 * TILE_ROWS) TILE(2 * TILE_ROWS, 1)
    REMAINING_ROWS(1)
  }
}

#undef TILE
#undef REMAINING_ROWS
