/// Scaled dot-product attention over one packed sequence, a head at a time. Probabilities are never kept: forward leaves
/// one log-sum-exp per row and head, from which backward makes them again (Dao et al. 2022, FlashAttention, alg. 4).
#include "common.h"

enum { BLOCK = 48 };

/// One tile of C, `rows` × (vectors·16): A's element (i, p) is a[i·ai + p·ap]; B is row-major.
#define TILE(rows, vectors)                                                                            \
  {                                                                                                    \
    lanes sum[rows][vectors];                                                                          \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++) sum[r][q] = add ? load(c + (i + r) * ldc + j + q * LANES) : (lanes){0}; \
    for (long p = 0; p < k; p++)                                                                       \
      for (int r = 0; r < rows; r++) {                                                                 \
        float left = a[(i + r) * ai + p * ap];                                                         \
        for (int q = 0; q < vectors; q++) sum[r][q] += left * load(b + p * ldb + j + q * LANES);       \
      }                                                                                                \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++) store(c + (i + r) * ldc + j + q * LANES, sum[r][q]);           \
  }

/// The rows of C that are left, fewer than four.
#define REST(vectors)                \
  switch (m - i) {                   \
    case 3: TILE(3, vectors) break;  \
    case 2: TILE(2, vectors) break;  \
    case 1: TILE(1, vectors)         \
  }

/// C [m, n] (+)= A [m, k]·B [k, n]; small enough to live in the nearest cache, so nothing is packed. `wide`: there are
/// registers for sixteen sums of 16; without AVX-512 for four.
INLINE void multiply_tiles(int wide, const float *restrict a, long ai, long ap, const float *restrict b, long ldb,
                           float *restrict c, long ldc, long m, long n, long k, int add) {
  long j = 0;
  for (; wide && j + 2 * LANES <= n; j += 2 * LANES) {
    long i = 0;
    for (; i + 8 <= m; i += 8) TILE(8, 2)
    for (; i + 4 <= m; i += 4) TILE(4, 2)
    REST(2)
  }
  for (; j + LANES <= n; j += LANES) {
    long i = 0;
    for (; wide && i + 8 <= m; i += 8) TILE(8, 1)
    for (; i + 4 <= m; i += 4) TILE(4, 1)
    REST(1)
  }
  for (; j < n; j++)  // widths that are no multiple of 16: only tiny models have them
    for (long i = 0; i < m; i++) {
      float sum = add ? c[i * ldc + j] : 0;
      for (long p = 0; p < k; p++) sum += a[i * ai + p * ap] * b[p * ldb + j];
      c[i * ldc + j] = sum;
    }
}

CLONES static void product(const float *a, long ai, long ap, const float *b, long ldb, float *c, long ldc, long m,
                           long n, long k, int add) {
  if (__builtin_cpu_supports("avx512f"))
    multiply_tiles(1, a, ai, ap, b, ldb, c, ldc, m, n, k, add);
  else
    multiply_tiles(0, a, ai, ap, b, ldb, c, ldc, m, n, k, add);
}

/// y [width, padded] = transpose of x [t, width] with row stride ld; columns from t on are 0.
INLINE void transpose(const float *x, long ld, float *y, long t, long padded, long width) {
  for (long j = 0; j < padded; j += LANES) {
    long rows = t - j < LANES ? t - j : LANES, c = 0;
    for (; c + LANES <= width; c += LANES) {
      lanes even[LANES], odd[LANES];
      for (int r = 0; r < LANES; r++) even[r] = r < rows ? load(x + (j + r) * ld + c) : (lanes){0};
      turn(even, odd);
      for (int r = 0; r < LANES; r++) store(y + (c + r) * padded + j, even[r]);
    }
    for (; c < width; c++)
      for (int r = 0; r < LANES; r++) y[c * padded + j + r] = r < rows ? x[(j + r) * ld + c] : 0;
  }
}

INLINE long padded_length(long t) { return (t + LANES - 1) / LANES * LANES; }

/// Query rows at a time: t cut into equal pieces of at most `BLOCK`, so that no sliver is left over.
INLINE long block_length(long t) {
  if (t <= BLOCK) return BLOCK;
  long pieces = (t + BLOCK - 1) / BLOCK;
  return ((t + pieces - 1) / pieces + 7) / 8 * 8;
}

long tune_attention_scratch(long t, long width) { return padded_length(t) * (2 * width + 2 * BLOCK); }

/// The dropout factors of one head's probabilities, drawn for eight rows of them at a time, end to end.
typedef struct {
  const tune_dropout *dropout;
  uint32_t row;
  long lane;
  lanes factor[8];
} mask;

/// Before row `i` of the sequence that begins at `row`; rows are asked for in their order, from a multiple of eight on.
INLINE void begin_row(mask *m, long row, long i, long heads, long head) {
  if (i % 8) return;
  m->row = (uint32_t)((row + i) * heads + head);
  m->lane = 0;
}

/// x times the next 16 factors.
INLINE lanes drop(mask *m, lanes x) {
  if (m->lane % 8 == 0) dropout128(m->dropout, m->row, (uint32_t)(m->lane / 8), m->factor);
  return x * m->factor[m->lane++ % 8];
}

/// One row of scores [t] becomes e^(scaled score - the largest), of which dropout takes its part; returns their sum
/// before dropout. The columns from t to padded hold anything before and after.
INLINE float soften(float *s, float *largest, long t, long padded, float scale, mask *m) {
  long last = padded - LANES;
  lanes end = choose(first_lanes(t - last), load(s + last), splat(-1e30f)), tops = end, sums = {};
  for (long j = 0; j < last; j += LANES) tops = larger(tops, load(s + j));
  float top = *largest = largest_lane(tops);
  for (long j = 0; j < padded; j += LANES) {
    lanes e = fast_exp(((j < last ? load(s + j) : end) - top) * scale);
    sums += e;
    store(s + j, m->dropout ? drop(m, e) : e);
  }
  return sum_lanes(sums);
}

/// x = x·factor for one row.
INLINE void scale_row(float *x, float factor, long count) {
  long c = 0;
  for (; c + LANES <= count; c += LANES) store(x + c, load(x + c) * factor);
  for (; c < count; c++) x[c] *= factor;
}

/// One row of scores s and of dropped probabilities' gradients ds: s becomes what forward multiplied the values by,
/// ds the scores' gradient.        dS = P∘(mask∘dP - Σ out·dout)·scale
INLINE void harden(float *s, float *ds, const float *out, const float *dout, long width, long padded, float scale,
                   float level, mask *m) {
  FREE_ORDER
  float delta = 0;
  for (long c = 0; c < width; c++) delta += out[c] * dout[c];
  for (long j = 0; j < padded; j += LANES) {
    lanes p = fast_exp(load(s + j) * scale - level), kept = m->dropout ? drop(m, p) : p;
    store(ds + j, (kept * load(ds + j) - p * delta) * scale);
    store(s + j, kept);
  }
}

CLONES void tune_attention(const float *qkv, float *context, float *lse, float *scratch, long t, long heads,
                           long width, long row, const tune_dropout *dropout) {
  long d = heads * width, ld = 3 * d, padded = padded_length(t), block = block_length(t);
  float scale = 1 / sqrtf((float)width), *keys = scratch, *p = keys + padded * width, sum[BLOCK], top[BLOCK];
  mask m = {.dropout = dropout};
  for (long head = 0; head < heads; head++) {
    const float *q = qkv + head * width, *k = q + d, *v = k + d;
    transpose(k, ld, keys, t, padded, width);
    for (long first = 0; first < t; first += block) {
      long rows = t - first < block ? t - first : block;
      float *out = context + first * d + head * width;
      product(q + first * ld, ld, 1, keys, padded, p, padded, rows, padded, width, 0);
      for (long i = 0; i < rows; i++) {
        begin_row(&m, row, first + i, heads, head);
        sum[i] = soften(p + i * padded, top + i, t, padded, scale, &m);
      }
      product(p, padded, 1, v, ld, out, d, rows, width, t, 0);
      for (long i = 0; i < rows; i++) scale_row(out + i * d, 1 / sum[i], width);
      for (long i = 0; i < rows; i++) lse[(first + i) * heads + head] = top[i] * scale + logf(sum[i]);
    }
  }
}

CLONES void tune_attention_backward(const float *qkv, const float *context, const float *lse, const float *dcontext,
                                    float *dqkv, float *scratch, long t, long heads, long width, long row,
                                    const tune_dropout *dropout) {
  long d = heads * width, ld = 3 * d, padded = padded_length(t), block = block_length(t);
  float scale = 1 / sqrtf((float)width);
  mask m = {.dropout = dropout};
  float *keys = scratch, *values = keys + padded * width, *p = values + padded * width, *dp = p + BLOCK * padded;
  for (long head = 0; head < heads; head++) {
    const float *q = qkv + head * width, *k = q + d, *v = k + d;
    float *dq = dqkv + head * width, *dk = dq + d, *dv = dk + d;
    transpose(k, ld, keys, t, padded, width);
    transpose(v, ld, values, t, padded, width);
    for (long first = 0; first < t; first += block) {
      long rows = t - first < block ? t - first : block;
      const float *out = context + first * d + head * width, *dout = dcontext + first * d + head * width;
      product(q + first * ld, ld, 1, keys, padded, p, padded, rows, padded, width, 0);
      product(dout, d, 1, values, padded, dp, padded, rows, padded, width, 0);
      for (long i = 0; i < rows; i++) {
        begin_row(&m, row, first + i, heads, head);
        harden(p + i * padded, dp + i * padded, out + i * d, dout + i * d, width, padded, scale,
               lse[(first + i) * heads + head], &m);
      }
      product(dp, padded, 1, k, ld, dq + first * ld, ld, rows, width, t, 0);
      product(dp, 1, padded, q + first * ld, ld, dk, ld, t, width, rows, first > 0);
      product(p, 1, padded, dout, d, dv, ld, t, width, rows, first > 0);
    }
  }
}
