/// Scaled dot-product attention over one packed sequence, one head at a time. Probabilities are not stored: forward
/// saves one log-sum-exp per row and head, from which backward recomputes them.
/// source: Dao et al. 2022, FlashAttention, algorithm 4
#include "attention_tiles.h"
#include "tiles.h"

enum { BLOCK = 48 };

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
                           long head_size, long first_row, const tune_dropout *dropout, long from, long to) {
  long d = heads * head_size, ld = 3 * d, padded = padded_length(t), block = block_length(t);
  float scale = 1 / sqrtf((float)head_size), *k_transposed = scratch, *p = k_transposed + padded * head_size, sum[BLOCK], top[BLOCK];
  dropout_state state = {.dropout = dropout};
  for (long head = from; head < to; head++) {
    const float *q = qkv + head * head_size, *k = q + d, *v = k + d;
    transpose(k, ld, k_transposed, t, padded, head_size);
    for (long first = 0; first < t; first += block) {
      long rows = t - first < block ? t - first : block;
      float *out = context + first * d + head * head_size;
      gemm_unpacked(q + first * ld, ld, 1, k_transposed, padded, p, padded, rows, padded, head_size, WRITE);
      for (long i = 0; i < rows; i++) {
        begin_row(&state, first_row, first + i, heads, head);
        sum[i] = softmax_row(p + i * padded, top + i, t, padded, scale, &state);
      }
      gemm_unpacked(p, padded, 1, v, ld, out, d, rows, head_size, t, WRITE);
      for (long i = 0; i < rows; i++) scale_row(out + i * d, 1 / sum[i], head_size);
      for (long i = 0; i < rows; i++) lse[(first + i) * heads + head] = top[i] * scale + logf(sum[i]);
    }
  }
}

CLONES void tune_attention_backward(const float *qkv, const float *context, const float *lse, const float *dcontext,
                                    float *dqkv, float *scratch, long t, long heads, long head_size, long first_row,
                                    const tune_dropout *dropout, long from, long to) {
  long d = heads * head_size, ld = 3 * d, padded = padded_length(t), block = block_length(t);
  float scale = 1 / sqrtf((float)head_size);
  dropout_state state = {.dropout = dropout};
  float *k_transposed = scratch, *v_transposed = k_transposed + padded * head_size, *p = v_transposed + padded * head_size;
  float *dp = p + BLOCK * padded;
  for (long head = from; head < to; head++) {
    const float *q = qkv + head * head_size, *k = q + d, *v = k + d;
    float *dq = dqkv + head * head_size, *dk = dq + d, *dv = dk + d;
    transpose(k, ld, k_transposed, t, padded, head_size);
    transpose(v, ld, v_transposed, t, padded, head_size);
    for (long first = 0; first < t; first += block) {
      long rows = t - first < block ? t - first : block;
      const float *out = context + first * d + head * head_size, *dout = dcontext + first * d + head * head_size;
      gemm_unpacked(q + first * ld, ld, 1, k_transposed, padded, p, padded, rows, padded, head_size, WRITE);
      gemm_unpacked(dout, d, 1, v_transposed, padded, dp, padded, rows, padded, head_size, WRITE);
      for (long i = 0; i < rows; i++) {
        begin_row(&state, first_row, first + i, heads, head);
        softmax_backward_row(p + i * padded, dp + i * padded, out + i * d, dout + i * d, head_size, padded, scale,
                             lse[(first + i) * heads + head], &state);
      }
      gemm_unpacked(dp, padded, 1, k, ld, dq + first * ld, ld, rows, head_size, t, WRITE);
      gemm_unpacked(dp, 1, padded, q + first * ld, ld, dk, ld, t, head_size, rows, first > 0 ? CONTINUE : WRITE);
      gemm_unpacked(p, 1, padded, dout, d, dv, ld, t, head_size, rows, first > 0 ? CONTINUE : WRITE);
    }
  }
}
