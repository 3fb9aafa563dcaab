/// The int8 product for one instruction set, instantiated by including this file. The includer defines `INT8_NAME(x)`
/// (function names), `INT8_TARGET` (the instruction set), `MOST_ROWS` and `MOST_COLUMNS` (of a tile, whose sums stay in
/// registers) and `ADD_PRODUCTS(&sum, four, &weights)`, which adds the products of four activations, the same in all
/// lanes, with each lane's four weights.

/// c [rows, vectors·16] of one panel; the last vector has `last` columns.
#define TILE(rows, vectors)                                                                                   \
  {                                                                                                           \
    i32x16 sum[rows][vectors] = {};                                                                           \
    for (long u = 0; u < units; u++)                                                                          \
      for (int r = 0; r < rows; r++)                                                                          \
        for (int q = 0; q < vectors; q++)                                                                     \
          ADD_PRODUCTS(&sum[r][q], *(const uint32_unaligned *)(x + r * stride + 4 * u),                       \
                       (const i32x16 *)(panel + (u * 2 + q) * 64));                                           \
    for (int r = 0; r < rows; r++)                                                                            \
      for (int q = 0; q < vectors; q++) {                                                                     \
        long count = q < vectors - 1 ? LANES : last, column = q * LANES;                                      \
        f32x16 v = row_scale[r] * __builtin_convertvector(sum[r][q], f32x16) * VECTOR_AT(scale + column) +    \
                   row_minimum[r] * VECTOR_AT(sums + column);                                                 \
        float *to = c + r * ldc + column;                                                                     \
        if (count < LANES) {                                                                                  \
          for (long i = 0; i < count; i++) to[i] = v[i] + (bias ? bias[column + i] : 0);                      \
        } else {                                                                                              \
          VECTOR_AT(to) = bias ? v + VECTOR_AT(bias + column) : v;                                            \
        }                                                                                                     \
      }                                                                                                       \
    x += rows * stride, row_scale += rows, row_minimum += rows, c += rows * ldc, n -= rows;                   \
  }

#define ALL_ROWS(vectors)                          \
  while (n >= MOST_ROWS) TILE(MOST_ROWS, vectors)  \
  if (MOST_ROWS > 8 && n >= 8) TILE(8, vectors)    \
  while (n >= 4) TILE(4, vectors)                  \
  while (n >= 1) TILE(1, vectors)

INT8_TARGET static void INT8_NAME(multiply_vectors)(const uint8_t *restrict x, long stride, const float *row_scale,
                                                    const float *row_minimum, const int8_t *restrict panel,
                                                    const float *scale, const float *sums, const float *bias,
                                                    float *restrict c, long ldc, long n, long units, long columns) {
  long last = columns > LANES ? columns - LANES : columns;
  if (columns > LANES) {
    ALL_ROWS(2)
  } else {
    ALL_ROWS(1)
  }
}

/// Up to 32 columns of c.
static void INT8_NAME(multiply_panel)(const uint8_t *x, long stride, const float *row_scale, const float *row_minimum,
                                      const int8_t *panel, const float *scale, const float *sums, const float *bias,
                                      float *c, long ldc, long n, long units, long columns) {
  for (long q = 0; q < columns; q += MOST_COLUMNS)
    INT8_NAME(multiply_vectors)(x, stride, row_scale, row_minimum, panel + 4 * q, scale + q, sums + q,
                                bias ? bias + q : NULL, c + q, ldc, n, units,
                                columns - q < MOST_COLUMNS ? columns - q : MOST_COLUMNS);
}

#undef TILE
#undef ALL_ROWS
