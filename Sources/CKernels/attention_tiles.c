/// Scaled dot-product attention of one head over one packed sequence, by tiles of queries and keys: for long sequences,
/// and for windows, where row i reads the rows j with |i - j| ≤ window. Scores outside of the window are computed where
/// they share a tile with others, and are then 0.
/// source: Dao 2023, FlashAttention-2, algorithms 1 and 2; Beltagy et al. 2020, Longformer, §3.1 (the window)
#include "attention_tiles.h"
#include "tiles.h"

enum {
  PANEL = 32,       // keys that are transposed together
  ROWS = 64,        // the most queries of a tile
  KEYS = MOST_KEYS, // the most keys of a tile in forward,
  BACKWARD = 112,   // and in backward: an odd number of cache lines, so that rows do not share cache sets
  LOCAL = 32        // with a window: queries of a tile in forward, keys of a tile in backward
};

long tune_attention_tiles_scratch(long keys, long head_size) {
  long forward = round_up(keys + PANEL, PANEL) * head_size + ROWS * KEYS;
  long backward = round_up(keys + GROUP, LANES) + 2 * BACKWARD * (head_size + ROWS);
  return larger(forward, backward);
}

/// The lanes of keys [j, j + 16) of the tile that row i reads; all lanes where `*whole`.
INLINE i32x16 lanes_in_window(const tile_state *state, long i, long j, int *whole) {
  long begin = 0, end = state->keys, window = state->sequence->window;
  if (window >= 0) {
    begin = larger(begin, i - window - state->key);
    end = smaller(end, i + window + 1 - state->key);
  }
  *whole = begin <= j && j + LANES <= end;
  return first_lanes(larger(end - j, 0)) & ~first_lanes(larger(smaller(begin - j, LANES), 0));
}

/// Replaces one row of scores s by e^((s - top)·scale), with dropout, where `top` is the largest score of this and all
/// earlier tiles; updates `top` and `sum`, the sum before dropout. Returns the factor by which what was summed with the
/// old `top` must be multiplied.
INLINE float softmax_tile_row(float *s, float *top, float *sum, long i, const tile_state *state) {
  f32x16 tops = splat(*top), sums = {};
  int whole;
  for (long j = 0; j < state->keys; j += LANES) {
    i32x16 mask = lanes_in_window(state, i, j, &whole);
    f32x16 x = load(s + j);
    if (!whole) store(s + j, x = where(mask, x, splat(-1e30f)));
    tops = maximum(tops, x);
  }
  float old = *top, largest = *top = reduce_max(tops);
  for (long j = 0; j < state->keys; j += LANES) {
    i32x16 mask = lanes_in_window(state, i, j, &whole);
    f32x16 e = fast_exp((load(s + j) - largest) * state->scale);
    if (!whole) e = where(mask, e, splat(0));
    sums += e;
    store(s + j, state->sequence->dropout ? e * state->factors[j / LANES][i % GROUP] : e);
  }
  float correction = expf((old - largest) * state->scale);
  *sum = *sum * correction + reduce_sum(sums);
  return correction;
}

/// One row of scores s, and of the gradients ds of the probabilities after dropout: s becomes these probabilities, by
/// which forward multiplied the values, and ds becomes the gradient of the scores.
/// dS = P∘(mask∘dP - Σ out·dout)·scale
INLINE void softmax_backward_tile_row(float *s, float *ds, float delta, float lse, long i, const tile_state *state) {
  int whole;
  for (long j = 0; j < state->keys; j += LANES) {
    i32x16 mask = lanes_in_window(state, i, j, &whole);
    f32x16 p = fast_exp(load(s + j) * state->scale - lse);
    if (!whole) p = where(mask, p, splat(0));
    f32x16 p_dropout = state->sequence->dropout ? p * state->factors[j / LANES][i % GROUP] : p;
    store(ds + j, (p_dropout * load(ds + j) - p * delta) * state->scale);
    store(s + j, p_dropout);
  }
}

CLONES void tune_attention_tiles(const float *qkv, float *context, float *lse, float *scratch,
                                 const tune_sequence *sequence, long head, long from, long to) {
  long t = sequence->t, w = sequence->head_size, d = sequence->heads * w, ld = 3 * d;
  long block = sequence->window < 0 ? ROWS : LOCAL, seen = seen_from(sequence, from, PANEL);
  const float *q = qkv + head * w, *k = q + d, *v = k + d;
  float *out = context + head * w, *p = scratch, *panels = p + ROWS * KEYS, top[ROWS], sum[ROWS];
  tile_state state = {sequence, head, .scale = 1 / sqrtf((float)w)};
  for (long j = seen; j < seen_to(sequence, to); j += PANEL) {
    prefetch_rows(k, ld, j + PANEL, j + 2 * PANEL, t, w);
    transpose(k + j * ld, ld, panels + (j - seen) * w, smaller(PANEL, t - j), PANEL, w);
  }
  for (long first = from; first < to; first += block) {
    long rows = smaller(block, to - first), begin = seen_from(sequence, first, PANEL);
    long end = seen_to(sequence, first + rows);
    prefetch_rows(q, ld, first + block, first + 2 * block, t, w);
    prefetch_rows(out, d, first + block, first + 2 * block, t, w);
    if (sequence->window >= 0) prefetch_rows(v, ld, end, end + block, t, w);
    for (long i = 0; i < rows; i++) top[i] = -1e30f, sum[i] = 0;
    for (state.key = begin; state.key < end; state.key += KEYS) {
      state.keys = smaller(KEYS, end - state.key);
      for (long j = 0; j < state.keys; j += PANEL)
        gemm_unpacked(q + first * ld, ld, 1, panels + (state.key + j - seen) * w, PANEL, p + j, KEYS, rows, PANEL, w,
                      WRITE);
      for (long i = 0; i < rows; i++) {
        begin_tile_row(&state, first + i);
        float correction = softmax_tile_row(p + i * KEYS, top + i, sum + i, first + i, &state);
        if (state.key > begin) scale_row(out + (first + i) * d, correction, w);
      }
      gemm_unpacked(p, KEYS, 1, v + state.key * ld, ld, out + first * d, d, rows, w, state.keys,
                    state.key > begin ? ADD : WRITE);
    }
    for (long i = 0; i < rows; i++) {
      scale_row(out + (first + i) * d, 1 / sum[i], w);
      lse[(first + i) * sequence->heads + head] = top[i] * state.scale + logf(sum[i]);
    }
  }
}

CLONES void tune_attention_tiles_backward(const float *qkv, const float *context, const float *lse,
                                          const float *dcontext, float *dqkv, float *scratch,
                                          const tune_sequence *sequence, long head, long from, long to) {
  long t = sequence->t, heads = sequence->heads, w = sequence->head_size, d = heads * w, ld = 3 * d;
  long tile = sequence->window < 0 ? BACKWARD : LOCAL, seen = seen_from(sequence, from, GROUP);
  const float *q = qkv + head * w, *k = q + d, *v = k + d, *dout = dcontext + head * w;
  float *dq = dqkv + head * w, *dk = dq + d, *dv = dk + d;
  float *k_transposed = scratch, *v_transposed = k_transposed + tile * w, *p = v_transposed + tile * w;
  float *dp = p + ROWS * tile, *deltas = dp + ROWS * tile;
  tile_state state = {sequence, head, .scale = 1 / sqrtf((float)w)};
  compute_deltas(context + head * w, dout, deltas, seen, seen_to(sequence, to), d, w);
  // Earlier calls have added to the rows that they saw.
  for (long i = from == 0 ? 0 : seen_to(sequence, from); i < seen_to(sequence, to); i++)
    memset(dq + i * ld, 0, w * sizeof(float));
  for (long key = from; key < to; key += tile) {
    long keys = smaller(tile, to - key), begin = seen_from(sequence, key, GROUP), end = seen_to(sequence, key + keys);
    state.key = key, state.keys = keys;
    prefetch_rows(k, ld, key + tile, key + 2 * tile, t, w);
    prefetch_rows(v, ld, key + tile, key + 2 * tile, t, w);
    prefetch_rows(dk, ld, key + tile, key + 2 * tile, t, w);
    prefetch_rows(dv, ld, key + tile, key + 2 * tile, t, w);
    transpose(k + key * ld, ld, k_transposed, keys, tile, w);
    transpose(v + key * ld, ld, v_transposed, keys, tile, w);
    for (long first = begin; first < end; first += ROWS) {
      long rows = smaller(ROWS, end - first), next = first + rows;
      prefetch_rows(q, ld, next, next + ROWS, t, w);
      prefetch_rows(dq, ld, next, next + ROWS, t, w);
      prefetch_rows(dout, d, next, next + ROWS, t, w);
      gemm_unpacked(q + first * ld, ld, 1, k_transposed, tile, p, tile, rows, tile, w, WRITE);
      gemm_unpacked(dout + first * d, d, 1, v_transposed, tile, dp, tile, rows, tile, w, WRITE);
      for (long i = first; i < first + rows; i++) {
        begin_tile_row(&state, i);
        softmax_backward_tile_row(p + (i - first) * tile, dp + (i - first) * tile, deltas[i - seen],
                                  lse[i * heads + head], i, &state);
      }
      gemm_unpacked(dp, tile, 1, k + key * ld, ld, dq + first * ld, ld, rows, w, keys, ADD);
      gemm_unpacked(dp, 1, tile, q + first * ld, ld, dk + key * ld, ld, keys, w, rows, first > begin ? ADD : WRITE);
      gemm_unpacked(p, 1, tile, dout + first * d, d, dv + key * ld, ld, keys, w, rows, first > begin ? ADD : WRITE);
    }
  }
}
