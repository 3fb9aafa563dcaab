/// One kind of product, made by including this file: `NAME(x)` names its functions, `TARGET` the instructions, `PER` the
/// numbers in a unit, `MULTIPLY(x, y, sum)` one step; `NAME(along)` and `NAME(across)` read units.

/// c [rows, vectors·16] = alpha·a·panel + beta·c + bias; a's element (r, p) is a[r·row + p·step].
#define TILE(rows, vectors)                                                                            \
  {                                                                                                    \
    lanes sum[rows][vectors] = {};                                                                     \
    for (long p = 0; p < k; p++)                                                                       \
      for (int r = 0; r < rows; r++)                                                                   \
        for (int q = 0; q < vectors; q++)                                                              \
          sum[r][q] = MULTIPLY(a[r * row + p * step], AT(panel + (p * vectors + q) * LANES), sum[r][q]); \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++) {                                                              \
        lanes v = alpha * sum[r][q];                                                                   \
        if (beta) v += beta * AT(c + r * ldc + q * LANES);                                             \
        if (bias) v += AT(bias + q * LANES);                                                           \
        AT(c + r * ldc + q * LANES) = v;                                                               \
      }                                                                                                \
    a += rows * row;                                                                                   \
    c += rows * ldc;                                                                                   \
    n -= rows;                                                                                         \
  }

#define REST(vectors)                \
  while (n >= 14) TILE(14, vectors)  \
  if (n >= 8) TILE(8, vectors)       \
  if (n >= 4) TILE(4, vectors)       \
  if (n >= 2) TILE(2, vectors)       \
  if (n >= 1) TILE(1, vectors)

TARGET INLINE void NAME(strided)(const float *restrict a, long row, long step, const float *restrict panel, int wide,
                                 float *restrict c, long ldc, long n, long k, float alpha, float beta,
                                 const float *bias) {
  if (wide) {
    REST(2)
  } else {
    while (n >= 28) TILE(28, 1)
    REST(1)
  }
}

/// A column of C, up to 32 wide; one whose width is no multiple of 16 goes through a tile of our own.
TARGET static void NAME(column)(const float *a, long row, long step, const float *panel, long columns, float *c,
                                long ldc, long n, long k, float alpha, float beta, const float *bias) {
  int wide = columns > LANES;
  if (columns % LANES) {
    float whole[ROWS * PANEL];
    NAME(column)(a, row, step, panel, wide ? PANEL : LANES, whole, PANEL, n, k, alpha, 0, NULL);
    for (long r = 0; r < n; r++)
      for (long q = 0; q < columns; q++)
        c[r * ldc + q] = whole[r * PANEL + q] + (beta ? beta * c[r * ldc + q] : 0) + (bias ? bias[q] : 0);
  } else if (step == 1) {
    NAME(strided)(a, row, 1, panel, wide, c, ldc, n, k, alpha, beta, bias);
  } else {
    NAME(strided)(a, 1, step, panel, wide, c, ldc, n, k, alpha, beta, bias);
  }
}

/// y [units, columns], `ld` apart: x's columns from `first` on, its depths from `depth` on.
TARGET static void NAME(lay_across)(const tune_matrix *x, long depth, long depths, long first, long columns, float *y,
                                    long ld) {
  for (long p = 0; p < depths; p += PER)
    for (long q = 0; q < columns; q += LANES) {
      long place = (depth + p) * x->stride + first + q;
      soon(x, place + PANEL);
      if (PER == 2) soon(x, place + PANEL + x->stride);
      AT(y + p / PER * ld + q) = (lanes)NAME(across)(x, place, columns - q, p + 1 < depths);
    }
}

/// y [rows, units], `ld` apart.
TARGET static void NAME(lay_along)(const tune_matrix *x, long depth, long depths, long first, long rows, float *y,
                                   long ld) {
  for (long r = 0; r < rows; r++)
    for (long p = 0; p < depths; p += PER * LANES)
      AT(y + r * ld + p / PER) = (lanes)NAME(along)(x, (first + r) * x->stride + depth + p, depths - p);
}

/// The same turned: y [units, rows], `ld` apart, rows filled up with zeros to 16.
TARGET static void NAME(lay_turned)(const tune_matrix *x, long depth, long depths, long first, long rows, float *y,
                                    long ld) {
  for (long q = 0; q < rows; q += LANES)
    for (long p = 0; p < depths; p += PER * LANES) {
      lanes even[LANES], odd[LANES];
      for (long r = 0; r < LANES; r++) soon(x, (first + q + r + PANEL) * x->stride + depth + p);
      for (long r = 0; r < LANES; r++)
        even[r] = q + r < rows ? (lanes)NAME(along)(x, (first + q + r) * x->stride + depth + p, depths - p) : (lanes){};
      turn(even, odd);
      long units = (depths - p + PER - 1) / PER;
      for (long u = 0; u < LANES && u < units; u++) AT(y + (p / PER + u) * ld + q) = even[u];
    }
}

TARGET static void NAME(product)(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m,
                                 long k, float alpha, float beta, const float *bias, blocks *block) {
  // Rows of A a multiple of 4 KiB apart would crowd each other out of the nearest cache.
  int lies_well = PER == 1 && !a->half && a->stride % 512;
  for (long i = 0; i < n; i += ROWS)
    for (long p = 0; p < k; p += DEPTH * PER) {
      long depths = k - p < DEPTH * PER ? k - p : DEPTH * PER, rows = n - i < ROWS ? n - i : ROWS, row, step = 1;
      const float *left = block->a;
      if (a->transposed) {
        row = 1, step = (rows + LANES - 1) / LANES * LANES;
        NAME(lay_across)(a, p, depths, i, rows, block->a, step);
      } else if (lies_well) {
        row = a->stride, left = (const float *)a->base + i * row + p;
      } else {
        row = ((depths + PER - 1) / PER + LANES - 1) / LANES * LANES + PAD;
        NAME(lay_along)(a, p, depths, i, rows, block->a, row);
      }
      for (long j = 0; j < m; j += PANEL) {
        long columns = m - j < PANEL ? m - j : PANEL;
        (b->transposed ? NAME(lay_turned) : NAME(lay_across))(b, p, depths, j, columns, block->b,
                                                              columns > LANES ? PANEL : LANES);
        NAME(column)(left, row, step, block->b, columns, c + i * ldc + j, ldc, rows, (depths + PER - 1) / PER, alpha,
                     p > 0 ? 1 : beta, bias && p == 0 ? bias + j : NULL);
      }
    }
}

#undef TILE
#undef REST
