/// The GEMM for one arithmetic, instantiated by including this file. The includer defines `GEMM_NAME(x)` (function
/// names), `GEMM_TARGET` (the instruction set), `VALUES_PER_UNIT` (numbers in a unit of four bytes),
/// `MULTIPLY_ADD(x, y, sum)` (one step), and the functions `GEMM_NAME(load_along)` and `GEMM_NAME(load_across)`.

/// c [rows, vectors·16] = alpha·a·panel + beta·c + bias; a's element (r, p) is a[r·row_stride + p·depth_stride].
#define TILE(rows, vectors)                                                                            \
  {                                                                                                    \
    f32x16 sum[rows][vectors] = {};                                                                    \
    for (long p = 0; p < k; p++)                                                                       \
      for (int r = 0; r < rows; r++)                                                                   \
        for (int q = 0; q < vectors; q++)                                                              \
          sum[r][q] = MULTIPLY_ADD(a[r * row_stride + p * depth_stride],                               \
                                   VECTOR_AT(panel + (p * vectors + q) * LANES), sum[r][q]);           \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++) {                                                              \
        f32x16 v = alpha * sum[r][q];                                                                  \
        if (beta) v += beta * VECTOR_AT(c + r * ldc + q * LANES);                                      \
        if (bias) v += VECTOR_AT(bias + q * LANES);                                                    \
        VECTOR_AT(c + r * ldc + q * LANES) = v;                                                        \
      }                                                                                                \
    a += rows * row_stride;                                                                            \
    c += rows * ldc;                                                                                   \
    n -= rows;                                                                                         \
  }

#define REMAINING_ROWS(vectors)      \
  while (n >= 14) TILE(14, vectors)  \
  if (n >= 8) TILE(8, vectors)       \
  if (n >= 4) TILE(4, vectors)       \
  if (n >= 2) TILE(2, vectors)       \
  if (n >= 1) TILE(1, vectors)

GEMM_TARGET INLINE void GEMM_NAME(multiply_panel)(const float *restrict a, long row_stride, long depth_stride,
                                                  const float *restrict panel, int two_vectors, float *restrict c,
                                                  long ldc, long n, long k, float alpha, float beta,
                                                  const float *bias) {
  if (two_vectors) {
    REMAINING_ROWS(2)
  } else {
    while (n >= 28) TILE(28, 1)
    REMAINING_ROWS(1)
  }
}

/// Up to 32 columns of C. A number of columns that is not a multiple of 16 is computed in a temporary tile.
GEMM_TARGET static void GEMM_NAME(multiply_columns)(const float *a, long row_stride, long depth_stride,
                                                    const float *panel, long columns, float *c, long ldc, long n,
                                                    long k, float alpha, float beta, const float *bias) {
  int two_vectors = columns > LANES;
  if (columns % LANES) {
    float tile[ROWS * PANEL];
    GEMM_NAME(multiply_columns)(a, row_stride, depth_stride, panel, two_vectors ? PANEL : LANES, tile, PANEL, n, k,
                                alpha, 0, NULL);
    for (long r = 0; r < n; r++)
      for (long q = 0; q < columns; q++)
        c[r * ldc + q] = tile[r * PANEL + q] + (beta ? beta * c[r * ldc + q] : 0) + (bias ? bias[q] : 0);
  } else if (depth_stride == 1) {
    GEMM_NAME(multiply_panel)(a, row_stride, 1, panel, two_vectors, c, ldc, n, k, alpha, beta, bias);
  } else {
    GEMM_NAME(multiply_panel)(a, 1, depth_stride, panel, two_vectors, c, ldc, n, k, alpha, beta, bias);
  }
}

/// Packs x [depth, columns], its columns from `first` on, its depths from `depth` on, into y [units, columns] with row
/// stride `ld`.
GEMM_TARGET static void GEMM_NAME(pack_across)(const tune_matrix *x, long depth, long depths, long first, long columns,
                                               float *y, long ld) {
  for (long p = 0; p < depths; p += VALUES_PER_UNIT)
    for (long q = 0; q < columns; q += LANES) {
      long index = (depth + p) * x->stride + first + q;
      prefetch(x, index + PANEL);
      if (VALUES_PER_UNIT == 2) prefetch(x, index + PANEL + x->stride);
      VECTOR_AT(y + p / VALUES_PER_UNIT * ld + q) =
          (f32x16)GEMM_NAME(load_across)(x, index, columns - q, p + 1 < depths);
    }
}

/// Packs x [rows, depth], its rows from `first` on, its depths from `depth` on, into y [rows, units] with row stride
/// `ld`.
GEMM_TARGET static void GEMM_NAME(pack_along)(const tune_matrix *x, long depth, long depths, long first, long rows,
                                              float *y, long ld) {
  for (long r = 0; r < rows; r++)
    for (long p = 0; p < depths; p += VALUES_PER_UNIT * LANES)
      VECTOR_AT(y + r * ld + p / VALUES_PER_UNIT) =
          (f32x16)GEMM_NAME(load_along)(x, (first + r) * x->stride + depth + p, depths - p);
}

/// The same transposed: y [units, rows], row stride `ld`; the rows are padded with zeros to a multiple of 16.
GEMM_TARGET static void GEMM_NAME(pack_along_transposed)(const tune_matrix *x, long depth, long depths, long first,
                                                         long rows, float *y, long ld) {
  for (long q = 0; q < rows; q += LANES)
    for (long p = 0; p < depths; p += VALUES_PER_UNIT * LANES) {
      f32x16 block[LANES], scratch[LANES];
      for (long r = 0; r < LANES; r++) prefetch(x, (first + q + r + PANEL) * x->stride + depth + p);
      for (long r = 0; r < LANES; r++)
        block[r] = q + r < rows
                       ? (f32x16)GEMM_NAME(load_along)(x, (first + q + r) * x->stride + depth + p, depths - p)
                       : (f32x16){};
      transpose16(block, scratch);
      long units = (depths - p + VALUES_PER_UNIT - 1) / VALUES_PER_UNIT;
      for (long u = 0; u < LANES && u < units; u++) VECTOR_AT(y + (p / VALUES_PER_UNIT + u) * ld + q) = block[u];
    }
}

GEMM_TARGET static void GEMM_NAME(gemm)(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m,
                                        long k, float alpha, float beta, const float *bias, gemm_buffers *buffers) {
  // Rows of A that are a multiple of 4 KiB apart evict each other from the L1 cache, so these are packed too.
  int in_place = VALUES_PER_UNIT == 1 && !a->bf16 && a->stride % 512;
  for (long i = 0; i < n; i += ROWS)
    for (long p = 0; p < k; p += DEPTH * VALUES_PER_UNIT) {
      long depths = k - p < DEPTH * VALUES_PER_UNIT ? k - p : DEPTH * VALUES_PER_UNIT;
      long rows = n - i < ROWS ? n - i : ROWS, row_stride, depth_stride = 1;
      const float *left = buffers->a;
      if (a->transposed) {
        row_stride = 1, depth_stride = (rows + LANES - 1) / LANES * LANES;
        GEMM_NAME(pack_across)(a, p, depths, i, rows, buffers->a, depth_stride);
      } else if (in_place) {
        row_stride = a->stride, left = (const float *)a->base + i * row_stride + p;
      } else {
        row_stride = ((depths + VALUES_PER_UNIT - 1) / VALUES_PER_UNIT + LANES - 1) / LANES * LANES + PAD;
        GEMM_NAME(pack_along)(a, p, depths, i, rows, buffers->a, row_stride);
      }
      for (long j = 0; j < m; j += PANEL) {
        long columns = m - j < PANEL ? m - j : PANEL;
        (b->transposed ? GEMM_NAME(pack_along_transposed) : GEMM_NAME(pack_across))(
            b, p, depths, j, columns, buffers->b, columns > LANES ? PANEL : LANES);
        GEMM_NAME(multiply_columns)(left, row_stride, depth_stride, buffers->b, columns, c + i * ldc + j, ldc, rows,
                                    (depths + VALUES_PER_UNIT - 1) / VALUES_PER_UNIT, alpha, p > 0 ? 1 : beta,
                                    bias && p == 0 ? bias + j : NULL);
      }
    }
}

#undef TILE
#undef REMAINING_ROWS
