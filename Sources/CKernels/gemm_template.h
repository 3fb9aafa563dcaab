/// The GEMM for one arithmetic, instantiated by including this file. Panels of B are packed for the inner loop;
/// A is read in place, unless it must be transposed or rounded. The includer defines what panel_template.h needs,
/// `VALUES_PER_UNIT` (numbers in a unit of four bytes), `DEPTH` (units in a panel), `GROUP` (columns that are packed at once
/// where they are contiguous in memory), `FEW_WEIGHTS` (a multiple of 16 and of `TILE_ROWS`), and the functions
/// `GEMM_NAME(load_along)` and `GEMM_NAME(load_across)`.
#include "panel_template.h"

/// Up to 32 columns of C. A number of columns that is not a multiple of 16 is computed in a temporary tile. A `row_stride` of 0
/// means that a is packed by tiles.
GEMM_TARGET static void GEMM_NAME(multiply_columns)(const float *a, long row_stride, const float *panel, long columns,
                                                    float *c, long ldc, long n, long k, float alpha, float beta,
                                                    const float *bias) {
  int two_vectors = columns > LANES;
  if (columns % LANES) {
    float tile[ROWS * PANEL];
    GEMM_NAME(multiply_columns)(a, row_stride, panel, two_vectors ? PANEL : LANES, tile, PANEL, n, k, alpha, 0, NULL);
    for (long r = 0; r < n; r++)
      for (long q = 0; q < columns; q++)
        c[r * ldc + q] = tile[r * PANEL + q] + (beta ? beta * c[r * ldc + q] : 0) + (bias ? bias[q] : 0);
  } else if (row_stride) {
    GEMM_NAME(multiply_panel)(a, row_stride, 1, panel, two_vectors, c, ldc, n, k, alpha, beta, bias);
  } else {
    for (long r = 0; r < n; r += TILE_ROWS)
      GEMM_NAME(multiply_panel)(a + r * k, 1, TILE_ROWS, panel, two_vectors, c + r * ldc, ldc,
                                n - r < TILE_ROWS ? n - r : TILE_ROWS, k, alpha, beta, bias);
  }
}

/// Packs x [depth, columns], its columns from `first` on, its depths from `depth` on, into panels y [panels, units, PANEL]. A last
/// panel of at most 16 columns has just these.
GEMM_TARGET static void GEMM_NAME(pack_across)(const tune_matrix *x, long depth, long depths, long first, long columns,
                                               float *y) {
  long units = (depths + VALUES_PER_UNIT - 1) / VALUES_PER_UNIT;
  for (long u = 0; u < units; u++)
    for (long q = 0; q < columns; q += LANES) {
      long panel = q / PANEL * PANEL, ld = columns - panel > LANES ? PANEL : LANES;
      long p = u * VALUES_PER_UNIT, index = (depth + p) * x->stride + first + q;
      prefetch(x, index + GROUP);
      if (VALUES_PER_UNIT == 2) prefetch(x, index + GROUP + x->stride);
      VECTOR_AT(y + panel * units + u * ld + q - panel) =
          (f32x16)GEMM_NAME(load_across)(x, index, columns - q, p + 1 < depths);
    }
}

/// The same by tiles: y [tiles, units, TILE_ROWS], so that a tile reads one stream. The last tile may have fewer columns.
GEMM_TARGET static void GEMM_NAME(pack_tiles)(const tune_matrix *x, long depth, long depths, long first, long columns,
                                              float *y) {
  for (long q = 0; q < columns; q += TILE_ROWS)
    for (long p = 0; p < depths; p += VALUES_PER_UNIT, y += TILE_ROWS) {
      f32x16 v = (f32x16)GEMM_NAME(load_across)(x, (depth + p) * x->stride + first + q, columns - q, p + 1 < depths);
      memcpy(y, &v, TILE_ROWS * sizeof(float));
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

/// Adds the transpose of a tile [columns, ld] to c [rows, columns], or writes it there. `columns` is a multiple of 16.
GEMM_TARGET static void GEMM_NAME(store_transposed)(const float *tile, long ld, long columns, float *c, long ldc,
                                                    long rows, int adds, const float *bias) {
  for (long q = 0; q < columns; q += LANES)
    for (long r = 0; r < rows; r += LANES) {
      f32x16 block[LANES], scratch[LANES];
      for (long u = 0; u < LANES; u++) block[u] = VECTOR_AT(tile + (q + u) * ld + r);
      transpose16(block, scratch);
      for (long u = 0; u < LANES && r + u < rows; u++) {
        float *to = c + (r + u) * ldc + q;
        f32x16 v = block[u];
        if (adds) v += VECTOR_AT(to);
        if (bias) v += VECTOR_AT(bias + q);
        VECTOR_AT(to) = v;
      }
    }
}

/// Whether `gemm_few_rows` can compute it. Not where weights are a multiple of 4 KiB apart: they evict each other.
GEMM_TARGET static int GEMM_NAME(has_few_rows)(const tune_matrix *a, const tune_matrix *b, long n, long m, long k,
                                               float alpha, float beta) {
  int reads_in_place = !a->transposed && b->transposed && b->bf16 == (VALUES_PER_UNIT == 2) &&
                       k % VALUES_PER_UNIT == 0 && b->stride % VALUES_PER_UNIT == 0;
  return n > 8 && n <= FEW_ROWS && m % LANES == 0 && reads_in_place && b->stride / VALUES_PER_UNIT % 1024 &&
         alpha == 1 && (beta == 0 || beta == 1);
}

/// c [n, m] = a·b + beta·c + bias for few rows of a, and weights b [m, k], transposed. Computes cᵀ = bᵀ·aᵀ, so that the
/// weights are read in place, once, and a is packed, in panels of 32 of its rows. Every sum is the same as in `gemm`.
GEMM_TARGET static void GEMM_NAME(gemm_few_rows)(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n,
                                                 long m, long k, float beta, const float *bias, gemm_buffers *buffers) {
  float tile[FEW_WEIGHTS * PANEL];
  long stride = b->stride / VALUES_PER_UNIT;
  for (long p = 0; p < k; p += DEPTH * VALUES_PER_UNIT) {
    long depths = k - p < DEPTH * VALUES_PER_UNIT ? k - p : DEPTH * VALUES_PER_UNIT, units = depths / VALUES_PER_UNIT;
    for (long i = 0; i < n; i += PANEL)
      GEMM_NAME(pack_along_transposed)(a, p, depths, i, n - i < PANEL ? n - i : PANEL, buffers->a + i * units,
                                       n - i > LANES ? PANEL : LANES);
    for (long j = 0; j < m; j += FEW_WEIGHTS)
      for (long i = 0; i < n; i += PANEL) {
        long columns = m - j < FEW_WEIGHTS ? m - j : FEW_WEIGHTS, ld = n - i > LANES ? PANEL : LANES;
        for (long q = 0; q < columns; q += TILE_ROWS) {
          const float *weights = (const float *)b->base + (j + q) * stride + p / VALUES_PER_UNIT;
          for (long r = TILE_ROWS; i == 0 && r < 2 * TILE_ROWS && j + q + r < m; r++)
            for (long u = 0; u < units; u += LANES) __builtin_prefetch(weights + r * stride + u, 0, 2);
          GEMM_NAME(multiply_panel)(weights, stride, 1, buffers->a + i * units, ld == PANEL, tile + q * ld, ld,
                                    columns - q < TILE_ROWS ? columns - q : TILE_ROWS, units, 1, 0, NULL);
        }
        GEMM_NAME(store_transposed)(tile, ld, columns, c + i * ldc + j, ldc, n - i < PANEL ? n - i : PANEL,
                                    p > 0 || beta, bias && p == 0 ? bias + j : NULL);
      }
  }
}

GEMM_TARGET static void GEMM_NAME(gemm)(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m,
                                        long k, float alpha, float beta, const float *bias, gemm_buffers *buffers) {
  if (GEMM_NAME(has_few_rows)(a, b, n, m, k, alpha, beta))
    return GEMM_NAME(gemm_few_rows)(a, b, c, ldc, n, m, k, beta, bias, buffers);
  // Rows of A that are a multiple of 4 KiB apart evict each other from the L1 cache, so these are packed too.
  int in_place = VALUES_PER_UNIT == 1 && !a->bf16 && a->stride % 512;
  for (long i = 0; i < n; i += ROWS)
    for (long p = 0; p < k; p += DEPTH * VALUES_PER_UNIT) {
      long depths = k - p < DEPTH * VALUES_PER_UNIT ? k - p : DEPTH * VALUES_PER_UNIT;
      long units = (depths + VALUES_PER_UNIT - 1) / VALUES_PER_UNIT;
      long rows = n - i < ROWS ? n - i : ROWS, row_stride = 0;
      const float *left = buffers->a;
      if (a->transposed) {
        GEMM_NAME(pack_tiles)(a, p, depths, i, rows, buffers->a);
      } else if (in_place) {
        row_stride = a->stride, left = (const float *)a->base + i * row_stride + p;
      } else {
        row_stride = (units + LANES - 1) / LANES * LANES + PAD;
        GEMM_NAME(pack_along)(a, p, depths, i, rows, buffers->a, row_stride);
      }
      for (long j = 0; j < m; j += PANEL) {
        long columns = m - j < PANEL ? m - j : PANEL;
        float *panel = buffers->b + j % GROUP * units;
        if (b->transposed)
          GEMM_NAME(pack_along_transposed)(b, p, depths, j, columns, panel, columns > LANES ? PANEL : LANES);
        else if (j % GROUP == 0)
          GEMM_NAME(pack_across)(b, p, depths, j, m - j < GROUP ? m - j : GROUP, panel);
        GEMM_NAME(multiply_columns)(left, row_stride, panel, columns, c + i * ldc + j, ldc, rows, units, alpha,
                                    p > 0 ? 1 : beta, bias && p == 0 ? bias + j : NULL);
      }
    }
}
