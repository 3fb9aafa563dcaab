/// Scaled dot-product attention over one packed sequence, one head at a time. Probabilities are not stored: forward
/// saves one log-sum-exp per row and head, from which backward recomputes them.
/// source: Dao et al. 2022, FlashAttention, algorithm 4
#include "common.h"

enum { BLOCK = 48 };

/// One tile of C, `rows` × (vectors·16); A's element (i, p) is a[i·row_stride + p·depth_stride], B is row-major.
#define TILE(rows, vectors)                                                                            \
  {                                                                                                    \
    f32x16 sum[rows][vectors];                                                                         \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++)                                                                \
        sum[r][q] = accumulate ? load(c + (i + r) * ldc + j + q * LANES) : (f32x16){0};                \
    for (long p = 0; p < k; p++)                                                                       \
      for (int r = 0; r < rows; r++) {                                                                 \
        float left = a[(i + r) * row_stride + p * depth_stride];                                       \
        for (int q = 0; q < vectors; q++) sum[r][q] += left * load(b + p * ldb + j + q * LANES);       \
      }                                                                                                \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++) store(c + (i + r) * ldc + j + q * LANES, sum[r][q]);           \
  }

/// The last rows of C, fewer than four.
#define REMAINING_ROWS(vectors)      \
  switch (m - i) {                   \
    case 3: TILE(3, vectors) break;  \
    case 2: TILE(2, vectors) break;  \
    case 1: TILE(1, vectors)         \
  }

/// C [m, n] (+)= A [m, k]·B [k, n]. The operands fit in the L1 cache, so nothing is packed. AVX-512 has registers for
/// sixteen sums of 16 numbers, other CPUs for four.
INLINE void gemm_tiles(int avx512, const float *restrict a, long row_stride, long depth_stride,
                       const float *restrict b, long ldb, float *restrict c, long ldc, long m, long n, long k,
                       int accumulate) {
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
      float sum = accumulate ? c[i * ldc + j] : 0;
      for (long p = 0; p < k; p++) sum += a[i * row_stride + p * depth_stride] * b[p * ldb + j];
      c[i * ldc + j] = sum;
    }
}

CLONES static void gemm_unpacked(const float *a, long row_stride, long depth_stride, const float *b, long ldb, float *c,
                                 long ldc, long m, long n, long k, int accumulate) {
  if (__builtin_cpu_supports("avx512f"))
    gemm_tiles(1, a, row_stride, depth_stride, b, ldb, c, ldc, m, n, k, accumulate);
  else
    gemm_tiles(0, a, row_stride, depth_stride, b, ldb, c, ldc, m, n, k, accumulate);
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

INLINE long padded_length(long t) { return (t + LANES - 1) / LANES * LANES; }

/// Query rows per block: t split into equal blocks of at most `BLOCK` rows, so that no small block is left at the end.
INLINE long block_length(long t) {
  if (t <= BLOCK) return BLOCK;
  long blocks = (t + BLOCK - 1) / BLOCK;
  return ((t + blocks - 1) / blocks + 7) / 8 * 8;
}

/// The number of floats of scratch that one call needs.
long tune_attention_scratch(long t, long head_size) { return padded_length(t) * (2 * head_size + 2 * BLOCK); }

/// The dropout factors of one head's probabilities, 128 at a time. They are used in order over eight rows of
/// probabilities, which share one counter value of the generator.
typedef struct {
  const tune_dropout *dropout;
  uint32_t counter;
  long next;  // the next vector of 16 factors
  f32x16 factors[8];
} dropout_state;

/// Called before row `i` of the sequence that begins at row `first_row` of the batch. Rows come in order and start at a
/// multiple of eight.
INLINE void begin_row(dropout_state *state, long first_row, long i, long heads, long head) {
  if (i % 8) return;
  state->counter = (uint32_t)((first_row + i) * heads + head);
  state->next = 0;
}

/// x times the next 16 factors.
INLINE f32x16 apply_dropout(dropout_state *state, f32x16 x) {
  if (state->next % 8 == 0)
    dropout_factors128(state->dropout, state->counter, (uint32_t)(state->next / 8), state->factors);
  return x * state->factors[state->next++ % 8];
}

/// Replaces one row of scores s [t] by e^((s - max)·scale), with dropout. Returns the row's sum before dropout, and its
/// maximum score in `row_max`. The columns from t to padded are arbitrary before and after.
INLINE float softmax_row(float *s, float *row_max, long t, long padded, float scale, dropout_state *state) {
  long last = padded - LANES;
  f32x16 end = where(first_lanes(t - last), load(s + last), splat(-1e30f)), tops = end, sums = {};
  for (long j = 0; j < last; j += LANES) tops = maximum(tops, load(s + j));
  float top = *row_max = reduce_max(tops);
  for (long j = 0; j < padded; j += LANES) {
    f32x16 e = fast_exp(((j < last ? load(s + j) : end) - top) * scale);
    sums += e;
    store(s + j, state->dropout ? apply_dropout(state, e) : e);
  }
  return reduce_sum(sums);
}

/// x = x·factor for one row.
INLINE void scale_row(float *x, float factor, long count) {
  long c = 0;
  for (; c + LANES <= count; c += LANES) store(x + c, load(x + c) * factor);
  for (; c < count; c++) x[c] *= factor;
}

/// One row of scores s, and of the gradients ds of the probabilities after dropout: s becomes these probabilities, by
/// which forward multiplied the values, and ds becomes the gradient of the scores.
/// dS = P∘(mask∘dP - Σ out·dout)·scale
INLINE void softmax_backward_row(float *s, float *ds, const float *out, const float *dout, long head_size, long padded,
                                 float scale, float lse, dropout_state *state) {
  FREE_ORDER
  float delta = 0;
  for (long c = 0; c < head_size; c++) delta += out[c] * dout[c];
  for (long j = 0; j < padded; j += LANES) {
    f32x16 p = fast_exp(load(s + j) * scale - lse), p_dropout = state->dropout ? apply_dropout(state, p) : p;
    store(ds + j, (p_dropout * load(ds + j) - p * delta) * scale);
    store(s + j, p_dropout);
  }
}

CLONES void tune_attention(const float *qkv, float *context, float *lse, float *scratch, long t, long heads,
                           long head_size, long first_row, const tune_dropout *dropout) {
  long d = heads * head_size, ld = 3 * d, padded = padded_length(t), block = block_length(t);
  float scale = 1 / sqrtf((float)head_size), *k_transposed = scratch, *p = k_transposed + padded * head_size, sum[BLOCK], top[BLOCK];
  dropout_state state = {.dropout = dropout};
  for (long head = 0; head < heads; head++) {
    const float *q = qkv + head * head_size, *k = q + d, *v = k + d;
    transpose(k, ld, k_transposed, t, padded, head_size);
    for (long first = 0; first < t; first += block) {
      long rows = t - first < block ? t - first : block;
      float *out = context + first * d + head * head_size;
      gemm_unpacked(q + first * ld, ld, 1, k_transposed, padded, p, padded, rows, padded, head_size, 0);
      for (long i = 0; i < rows; i++) {
        begin_row(&state, first_row, first + i, heads, head);
        sum[i] = softmax_row(p + i * padded, top + i, t, padded, scale, &state);
      }
      gemm_unpacked(p, padded, 1, v, ld, out, d, rows, head_size, t, 0);
      for (long i = 0; i < rows; i++) scale_row(out + i * d, 1 / sum[i], head_size);
      for (long i = 0; i < rows; i++) lse[(first + i) * heads + head] = top[i] * scale + logf(sum[i]);
    }
  }
}

CLONES void tune_attention_backward(const float *qkv, const float *context, const float *lse, const float *dcontext,
                                    float *dqkv, float *scratch, long t, long heads, long head_size, long first_row,
                                    const tune_dropout *dropout) {
  long d = heads * head_size, ld = 3 * d, padded = padded_length(t), block = block_length(t);
  float scale = 1 / sqrtf((float)head_size);
  dropout_state state = {.dropout = dropout};
  float *k_transposed = scratch, *v_transposed = k_transposed + padded * head_size, *p = v_transposed + padded * head_size;
  float *dp = p + BLOCK * padded;
  for (long head = 0; head < heads; head++) {
    const float *q = qkv + head * head_size, *k = q + d, *v = k + d;
    float *dq = dqkv + head * head_size, *dk = dq + d, *dv = dk + d;
    transpose(k, ld, k_transposed, t, padded, head_size);
    transpose(v, ld, v_transposed, t, padded, head_size);
    for (long first = 0; first < t; first += block) {
      long rows = t - first < block ? t - first : block;
      const float *out = context + first * d + head * head_size, *dout = dcontext + first * d + head * head_size;
      gemm_unpacked(q + first * ld, ld, 1, k_transposed, padded, p, padded, rows, padded, head_size, 0);
      gemm_unpacked(dout, d, 1, v_transposed, padded, dp, padded, rows, padded, head_size, 0);
      for (long i = 0; i < rows; i++) {
        begin_row(&state, first_row, first + i, heads, head);
        softmax_backward_row(p + i * padded, dp + i * padded, out + i * d, dout + i * d, head_size, padded, scale,
                             lse[(first + i) * heads + head], &state);
      }
      gemm_unpacked(dp, padded, 1, k, ld, dq + first * ld, ld, rows, head_size, t, 0);
      gemm_unpacked(dp, 1, padded, q + first * ld, ld, dk, ld, t, head_size, rows, first > 0);
      gemm_unpacked(p, 1, padded, dout, d, dv, ld, t, head_size, rows, first > 0);
    }
  }
}
