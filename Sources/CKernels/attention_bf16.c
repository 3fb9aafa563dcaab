/// Attention of one head as in attention_tiles.c, with products of bfloat16 numbers (VDPBF16PS): queries, keys, values,
/// probabilities and the gradients of scores are rounded. Sums, the softmax and what other ops read are Float32.
///
/// The operands of a product are stored in units of two adjacent bfloat16 along its depth, as in gemm.c: on the left
/// rows of units; on the right panels of 32 columns, the last one of 16 or 32.
#ifdef __x86_64__
#include <immintrin.h>

// All functions of this file, also those of the headers, are compiled for one instruction set.
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4,avx512bf16"))), apply_to = function)
#include "attention_tiles.h"
#include "avx512.h"

enum { VECTORS = 2, TILE_ROWS = 14 };
#define GEMM_NAME(x) x##_bf16
#define GEMM_TARGET
#define MULTIPLY_ADD MULTIPLY_ADD_BF16
#include "panel_template.h"

enum {
  PANEL = 32,
  KEYS = 7 * PANEL,          // the most keys of a tile
  CHUNK = 28,                // queries whose scores are computed together,
  QUERIES = 4 * CHUNK,       // and the most queries that read a tile of keys one after the other;
  LOCAL_QUERIES = 2 * CHUNK, // with a window: in forward,
  LOCAL_KEYS = 2 * PANEL,    // and the most keys of a tile in backward
  LD = KEYS + LANES          // the row stride of scores
};

long tune_attention_bf16_scratch(long keys, long w) {
  long seen = round_up(keys + PANEL, PANEL), scores = CHUNK * LD;
  long forward = seen * w + QUERIES * w / 2 + 2 * scores;
  long backward = seen * (2 * w + 1) + 3 * KEYS * w / 2 + 3 * scores + QUERIES * KEYS + 2 * KEYS * w;
  return larger(forward, backward);
}

/// The units (x[2j], x[2j + 1]) of 32 numbers.
INLINE f32x16 round_along(f32x16 low, f32x16 high) {
  return (f32x16)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}

/// The units (first[j], second[j]).
INLINE f32x16 round_across(f32x16 first, f32x16 second) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return (f32x16)_mm512_permutexvar_epi16(order, (__m512i)round_along(first, second));
}

/// x [n, w] as rows of units y [n, w/2].
static void pack_rows(const float *x, long ld, long n, long w, float *y) {
  for (long i = 0; i < n; i++, x += ld, y += w / 2) {
    long c = 0;
    for (; c + 2 * LANES <= w; c += 2 * LANES) store(y + c / 2, round_along(load(x + c), load(x + c + LANES)));
    if (c < w) _mm256_storeu_epi16(y + c / 2, (__m256i)_mm512_cvtneps_pbh((__m512)load(x + c)));
  }
}

/// x [n, w] as panels y of units (x[2i, c], x[2i + 1, c]); rows from n to `padded` are 0.
static void pack_pairs(const float *x, long ld, long n, long padded, long w, float *y) {
  for (long first = 0; first < w; first += PANEL)
    for (long i = 0; i < padded; i += 2)
      for (long c = first; c < smaller(first + PANEL, w); c += LANES, y += LANES) {
        f32x16 even = i < n ? load(x + i * ld + c) : splat(0), odd = i + 1 < n ? load(x + (i + 1) * ld + c) : splat(0);
        store(y, round_across(even, odd));
      }
}

/// The transpose of x [n, w] as panels y of units (x[j, 2c], x[j, 2c + 1]); rows from n to `padded` are 0.
static void pack_transposed(const float *x, long ld, long n, long padded, long w, float *y) {
  for (long j = 0; j < padded; j += LANES)
    for (long c = 0; c < w; c += 2 * LANES) {
      f32x16 block[LANES], spare[LANES];
      for (long r = 0; r < LANES; r++) {
        const float *row = x + (j + r) * ld + c;
        f32x16 low = j + r < n ? load(row) : splat(0), high = j + r < n && c + LANES < w ? load(row + LANES) : splat(0);
        block[r] = round_along(low, high);
      }
      transpose16(block, spare);
      float *to = y + j / PANEL * PANEL * (w / 2) + c / 2 * PANEL + j % PANEL;
      for (long u = 0; u < LANES && c / 2 + u < w / 2; u++) store(to + u * PANEL, block[u]);
    }
}

/// c [n, columns] = a·b + beta·c; b: one panel. One of a's strides is 1.
INLINE void multiply(const float *a, long row_stride, long depth_stride, const float *b, long columns,
                                       float *c, long ldc, long n, long k, float beta) {
  if (depth_stride == 1)
    multiply_panel_bf16(a, row_stride, 1, b, columns > LANES, c, ldc, n, k, 1, beta, NULL);
  else
    multiply_panel_bf16(a, 1, depth_stride, b, columns > LANES, c, ldc, n, k, 1, beta, NULL);
}

/// Scores of n ≤ CHUNK rows of units a [n, w/2] and the transposed panels of `keys` keys.
static void multiply_scores(const float *a, const float *panels, long n, long keys, long w,
                                              float *scores) {
  for (long j = 0; j < keys; j += PANEL)
    multiply(a, w / 2, 1, panels + j * (w / 2), PANEL, scores + j, LD, n, w / 2, 0);
}

/// c [n, w] = a·b + beta·c, where b has `padded` rows, of which the product reads 2k from row `first` on.
static void multiply_pairs(const float *a, long row_stride, long depth_stride, const float *b,
                                             long padded, long first, float *c, long ldc, long n, long k, long w,
                                             float beta) {
  for (long q = 0; q < w; q += PANEL) {
    long columns = smaller(PANEL, w - q);
    multiply(a, row_stride, depth_stride, b + q * (padded / 2) + first / 2 * columns, columns, c + q, ldc, n, k, beta);
  }
}

/// 2^x with a relative error below 2^-13, an eighth of bfloat16's.
INLINE f32x16 power_of_two(f32x16 x) {
  f32x16 n = (f32x16)_mm512_roundscale_ps((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), f = x - n;
  f32x16 y = f * 0.05517166f + 0.24261112f;
  y = y * f + 0.69326099f;
  y = y * f + 0.99992807f;
  return (f32x16)_mm512_scalef_ps((__m512)y, (__m512)n);
}

/// The keys [begin, end) of a tile that row i reads.
typedef struct {
  long begin, end;
} key_range;

INLINE key_range keys_of_row(const tile_state *state, long i) {
  const tune_sequence *s = state->sequence;
  if (s->window < 0) return (key_range){-state->key, s->t - state->key};
  return (key_range){larger(i - s->window, 0) - state->key, smaller(i + s->window + 1, s->t) - state->key};
}

/// x in the lanes of keys [j, j + 16) that are in the range, `other` in the rest.
INLINE f32x16 in_range(key_range range, long j, f32x16 x, float other) {
  if (range.begin <= j && j + LANES <= range.end) return x;
  return where(first_lanes(larger(range.end - j, 0)) & ~first_lanes(larger(smaller(range.begin - j, LANES), 0)), x,
               splat(other));
}

INLINE f32x16 dropped(const tile_state *state, f32x16 x, long i, long j) {
  return state->sequence->dropout ? x * state->factors[j / LANES][i % GROUP] : x;
}

/// The probabilities of one row of scores s, after dropout, as units p: e^((s - top)·scale), where `top` is the largest
/// score of this and all earlier tiles; updates `top` and `sum`, the sum before dropout. state->scale is that of scores
/// times log₂ e. Returns the factor by which what was summed with the old `top` must be multiplied.
INLINE float softmax_row(const float *s, float *p, float *top, float *sum, long i,
                                           const tile_state *state) {
  key_range range = keys_of_row(state, i);
  f32x16 tops = splat(*top), sums = {};
  for (long j = 0; j < state->keys; j += LANES) tops = maximum(tops, in_range(range, j, load(s + j), -1e30f));
  float old = *top, largest = *top = reduce_max(tops), shift = largest * state->scale;
  for (long j = 0; j < state->keys; j += 2 * LANES) {
    f32x16 pair[2];
    for (int h = 0; h < 2; h++) {
      long at = j + h * LANES;
      f32x16 e = in_range(range, at, power_of_two(load(s + at) * state->scale - shift), 0);
      sums += e;
      pair[h] = dropped(state, e, i, at);
    }
    store(p + j / 2, round_along(pair[0], pair[1]));
  }
  float correction = exp2f(old * state->scale - shift);
  *sum = *sum * correction + reduce_sum(sums);
  return correction;
}

void tune_attention_bf16(const float *qkv, float *context, float *lse, float *scratch,
                                           const tune_sequence *sequence, long head, long from, long to) {
  long w = sequence->head_size, d = sequence->heads * w, ld = 3 * d;
  long block = sequence->window < 0 ? QUERIES : LOCAL_QUERIES;
  long seen = seen_from(sequence, from, PANEL), count = seen_to(sequence, to) - seen, padded = round_up(count, PANEL);
  const float *q = qkv + head * w, *k = q + d, *v = k + d;
  float *out = context + head * w, *keys = scratch, *values = keys + padded * w / 2, *queries = values + padded * w / 2;
  float *scores = queries + QUERIES * w / 2, *p = scores + CHUNK * LD, top[QUERIES], sum[QUERIES];
  tile_state state = {sequence, head, .scale = 1.44269504f / sqrtf((float)w)};
  pack_transposed(k + seen * ld, ld, count, padded, w, keys);
  pack_pairs(v + seen * ld, ld, count, padded, w, values);
  for (long first = from; first < to; first += block) {
    long rows = smaller(block, to - first), begin = seen_from(sequence, first, PANEL);
    long end = seen_to(sequence, first + rows);
    pack_rows(q + first * ld, ld, rows, w, queries);
    for (long i = 0; i < rows; i++) top[i] = -1e30f, sum[i] = 0;
    for (state.key = begin; state.key < end; state.key += KEYS) {
      state.keys = smaller(KEYS, round_up(end - state.key, PANEL));
      for (long chunk = 0; chunk < rows; chunk += CHUNK) {
        long n = smaller(CHUNK, rows - chunk);
        float *to_rows = out + (first + chunk) * d;
        multiply_scores(queries + chunk * w / 2, keys + (state.key - seen) * (w / 2), n, state.keys, w, scores);
        for (long i = 0; i < n; i++) {
          begin_tile_row(&state, first + chunk + i);
          float correction =
              softmax_row(scores + i * LD, p + i * LD, top + chunk + i, sum + chunk + i, first + chunk + i, &state);
          if (state.key > begin) scale_row(to_rows + i * d, correction, w);
        }
        multiply_pairs(p, LD, 1, values, padded, state.key - seen, to_rows, d, n, state.keys / 2, w, state.key > begin);
      }
    }
    for (long i = 0; i < rows; i++) {
      scale_row(out + (first + i) * d, 1 / sum[i], w);
      lse[(first + i) * sequence->heads + head] = top[i] * state.scale + log2f(sum[i]);
    }
  }
}

/// The probabilities of rows i and i + 1, after dropout, from their scores s, and the gradients of the scores from
/// those of the probabilities, ds: pairs of rows as units p and ds_pairs [keys], and ds as units along the keys.
/// Where `two` is 0, the second row is 0. dS = P∘(mask∘dP - Σ out·dout)·scale
INLINE void softmax_backward_rows(const float *s, float *ds, float *p, float *ds_pairs, int two,
                                                    const float *delta, const float *lse, long lse_stride, long i,
                                                    float scale, const tile_state *state) {
  key_range range[2] = {keys_of_row(state, i), keys_of_row(state, i + 1)};
  for (long j = 0; j < state->keys; j += 2 * LANES) {
    f32x16 probability[2][2] = {}, slope[2][2] = {};
    for (int r = 0; r <= two; r++)
      for (int h = 0; h < 2; h++) {
        long at = j + h * LANES;
        f32x16 x = power_of_two(load(s + r * LD + at) * state->scale - lse[r * lse_stride]);
        x = in_range(range[r], at, x, 0);
        probability[r][h] = dropped(state, x, i + r, at);
        slope[r][h] = (probability[r][h] * load(ds + r * LD + at) - x * delta[r]) * scale;
      }
    for (int h = 0; h < 2; h++) {
      store(p + j + h * LANES, round_across(probability[0][h], probability[1][h]));
      store(ds_pairs + j + h * LANES, round_across(slope[0][h], slope[1][h]));
    }
    for (int r = 0; r <= two; r++) store(ds + r * LD + j / 2, round_along(slope[r][0], slope[r][1]));
  }
}

void tune_attention_bf16_backward(const float *qkv, const float *context, const float *lse,
                                                    const float *dcontext, float *dqkv, float *scratch,
                                                    const tune_sequence *sequence, long head, long from, long to) {
  long heads = sequence->heads, w = sequence->head_size, d = heads * w, ld = 3 * d;
  long tile = sequence->window < 0 ? KEYS : LOCAL_KEYS, seen = seen_from(sequence, from, GROUP);
  long count = seen_to(sequence, to) - seen, padded = round_up(count, 2);
  const float *q = qkv + head * w, *k = q + d, *v = k + d, *dout = dcontext + head * w;
  float *dq = dqkv + head * w, *dk = dq + d, *dv = dk + d, *deltas = scratch, *queries = deltas + padded;
  float *query_pairs = queries + padded * w / 2, *douts = query_pairs + padded * w / 2;
  float *dout_pairs = douts + padded * w / 2;
  float *keys = dout_pairs + padded * w / 2, *values = keys + KEYS * w / 2, *key_pairs = values + KEYS * w / 2;
  float *s = key_pairs + KEYS * w / 2, *ds = s + CHUNK * LD, *p = ds + CHUNK * LD, *ds_pairs = p + QUERIES / 2 * KEYS;
  float *key_sums = ds_pairs + QUERIES / 2 * KEYS, *value_sums = key_sums + KEYS * w, scale = 1 / sqrtf((float)w);
  tile_state state = {sequence, head, .scale = 1.44269504f * scale};
  compute_deltas(context + head * w, dout, deltas, seen, seen + count, d, w);
  pack_rows(q + seen * ld, ld, count, w, queries);
  pack_pairs(q + seen * ld, ld, count, padded, w, query_pairs);
  pack_rows(dout + seen * d, d, count, w, douts);
  pack_pairs(dout + seen * d, d, count, padded, w, dout_pairs);
  // Earlier calls have added to the rows that they saw.
  for (long i = from == 0 ? 0 : seen_to(sequence, from); i < seen + count; i++)
    memset(dq + i * ld, 0, w * sizeof(float));
  for (state.key = from; state.key < to; state.key += tile) {
    long key = state.key, n_keys = smaller(tile, to - key);
    long begin = seen_from(sequence, key, GROUP), end = seen_to(sequence, key + n_keys);
    state.keys = round_up(n_keys, PANEL);
    pack_transposed(k + key * ld, ld, n_keys, state.keys, w, keys);
    pack_transposed(v + key * ld, ld, n_keys, state.keys, w, values);
    pack_pairs(k + key * ld, ld, n_keys, state.keys, w, key_pairs);
    for (long first = begin; first < end; first += QUERIES) {
      long rows = smaller(QUERIES, end - first);
      for (long chunk = 0; chunk < rows; chunk += CHUNK) {
        long n = smaller(CHUNK, rows - chunk), row = first + chunk;
        prefetch_rows(dq, ld, row + CHUNK, row + 2 * CHUNK, end, w);
        multiply_scores(queries + (row - seen) * (w / 2), keys, n, state.keys, w, s);
        multiply_scores(douts + (row - seen) * (w / 2), values, n, state.keys, w, ds);
        for (long i = 0; i < n; i += 2) {
          begin_tile_row(&state, row + i);
          long pair = (chunk + i) / 2 * state.keys;
          const float *delta = deltas + row + i - seen, *row_lse = lse + (row + i) * heads + head;
          if (i + 1 < n)
            softmax_backward_rows(s + i * LD, ds + i * LD, p + pair, ds_pairs + pair, 1, delta, row_lse, heads, row + i,
                                  scale, &state);
          else
            softmax_backward_rows(s + i * LD, ds + i * LD, p + pair, ds_pairs + pair, 0, delta, row_lse, heads, row + i,
                                  scale, &state);
        }
        multiply_pairs(ds, LD, 1, key_pairs, state.keys, 0, dq + row * ld, ld, n, state.keys / 2, w, 1);
      }
      long depth = (rows + 1) / 2, beta = first > begin;
      multiply_pairs(p, 1, state.keys, dout_pairs, padded, first - seen, value_sums, w, n_keys, depth, w, beta);
      multiply_pairs(ds_pairs, 1, state.keys, query_pairs, padded, first - seen, key_sums, w, n_keys, depth, w, beta);
    }
    for (long j = 0; j < n_keys; j++) {
      memcpy(dk + (key + j) * ld, key_sums + j * w, w * sizeof(float));
      memcpy(dv + (key + j) * ld, value_sums + j * w, w * sizeof(float));
    }
  }
}

#pragma clang attribute pop
#endif
