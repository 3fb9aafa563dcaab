/// The int8 product for one instruction set, instantiated by including this file. For it the includer defines `INT8_NAME(x)`
/// (function names), `INT8_TARGET` (the instruction set), `MOST_ROWS` and `MOST_COLUMNS` (of a tile, whose sums stay in
/// registers) and `ADD_PRODUCTS(&sum, four, &weights)`, which adds the products of four activations, the same in all
/// lanes, with each lane's four weights.

/// c [rows, vectors·16] of one panel; the last vector has `last` columns. Fetches a line of memory for each unit, from
/// `ahead` on. The fused multiply-add is written out, because the compiler would fuse one product in one tile and the
/// other in another: a row's bits would depend on the rows beside it.
#define TILE(rows, vectors)                                                                                   \
  case rows: {                                                                                                \
    if (rows > MOST_ROWS) __builtin_unreachable();                                                            \
    i32x16 sum[rows][vectors] = {};                                                                           \
    for (long u = 0; u < units; u++) {                                                                        \
      __builtin_prefetch(ahead + 64 * u, 0, 2);                                                               \
      for (int r = 0; r < rows; r++)                                                                          \
        for (int q = 0; q < vectors; q++)                                                                     \
          ADD_PRODUCTS(&sum[r][q], *(const uint32_unaligned *)(x + r * stride + 4 * u),                       \
                       (const i32x16 *)(panel + (u * 2 + q) * 64));                                           \
    }                                                                                                         \
    for (int r = 0; r < rows; r++)                                                                            \
      for (int q = 0; q < vectors; q++) {                                                                     \
        long count = q < vectors - 1 ? LANES : last, column = q * LANES;                                      \
        f32x16 v = row_scale[r] * __builtin_convertvector(sum[r][q], f32x16) * VECTOR_AT(scale + column);     \
        v = __builtin_elementwise_fma((f32x16){} + row_minimum[r], (f32x16)VECTOR_AT(sums + column), v);      \
        float *to = c + r * ldc + column;                                                                     \
        if (count < LANES) {                                                                                  \
          for (long i = 0; i < count; i++) to[i] = v[i] + (bias ? bias[column + i] : 0);                      \
        } else {                                                                                              \
          VECTOR_AT(to) = bias ? v + VECTOR_AT(bias + column) : v;                                            \
        }                                                                                                     \
      }                                                                                                       \
    break;                                                                                                    \
  }

/// In as few tiles as possible, of about as many rows each. The first two tiles fetch the panel at `next`.
#define ALL_ROWS(vectors)                                                                               \
  for (long tiles = (n + MOST_ROWS - 1) / MOST_ROWS; tiles > 0; tiles--) {                              \
    long rows = (n + tiles - 1) / tiles;                                                                \
    switch (rows) {                                                                                     \
      TILE(14, vectors) TILE(13, vectors) TILE(12, vectors) TILE(11, vectors) TILE(10, vectors)         \
      TILE(9, vectors) TILE(8, vectors) TILE(7, vectors) TILE(6, vectors) TILE(5, vectors)              \
      TILE(4, vectors) TILE(3, vectors) TILE(2, vectors) TILE(1, vectors)                               \
    }                                                                                                   \
    x += rows * stride, row_scale += rows, row_minimum += rows, c += rows * ldc, n -= rows;             \
    ahead = ahead == next ? next + 64 * units : panel;                                                  \
  }

INT8_TARGET static void INT8_NAME(multiply_vectors)(const uint8_t *restrict x, long stride, const float *row_scale,
                                                    const float *row_minimum, const int8_t *restrict panel,
                                                    const float *scale, const float *sums, const float *bias,
                                                    float *restrict c, long ldc, long n, long units, long columns,
                                                    const int8_t *next) {
  const int8_t *ahead = next;
  long last = columns > LANES ? columns - LANES : columns;
  if (columns > LANES) {
    ALL_ROWS(2)
  } else {
    ALL_ROWS(1)
  }
}

/// Up to 32 columns of c; the panel at `next` is multiplied after this one.
static void INT8_NAME(multiply_panel)(const uint8_t *x, long stride, const float *row_scale, const float *row_minimum,
                                      const int8_t *panel, const float *scale, const float *sums, const float *bias,
                                      float *c, long ldc, long n, long units, long columns, const int8_t *next) {
  for (long q = 0; q < columns; q += MOST_COLUMNS)
    INT8_NAME(multiply_vectors)(x, stride, row_scale, row_minimum, panel + 4 * q, scale + q, sums + q,
                                bias ? bias + q : NULL, c + q, ldc, n, units,
                                columns - q < MOST_COLUMNS ? columns - q : MOST_COLUMNS, next);
}

#undef TILE
#undef ALL_ROWS
#undef INT8_NAME
#undef INT8_TARGET
#undef MOST_ROWS
#undef MOST_COLUMNS
#undef ADD_PRODUCTS
