/// Shared by the attention kernels: rows of one head; windows and dropout of the kernels that work by tiles of queries
/// and keys.
#ifndef TUNE_ATTENTION_TILES_H
#define TUNE_ATTENTION_TILES_H

#include "common.h"

enum {
  MOST_KEYS = 256,  // of a tile
  GROUP = 8         // rows that share one call of the random number generator
};

/// Prefetches rows [from, to) of x [t, width], as far as they exist. The rows of one head are too far apart for the
/// CPU's own prefetching.
INLINE void prefetch_rows(const float *x, long ld, long from, long to, long t, long width) {
  for (long i = from; i < to && i < t; i++)
    for (long c = 0; c < width; c += LANES) __builtin_prefetch(x + i * ld + c);
}

/// x = x·factor for one row.
INLINE void scale_row(float *x, float factor, long count) {
  long c = 0;
  for (; c + LANES <= count; c += LANES) store(x + c, load(x + c) * factor);
  for (; c < count; c++) x[c] *= factor;
}

INLINE long smaller(long a, long b) { return a < b ? a : b; }
INLINE long larger(long a, long b) { return a > b ? a : b; }
INLINE long round_up(long x, long unit) { return (x + unit - 1) / unit * unit; }

/// The first row, a multiple of `unit`, and the end of the rows that rows [from, to) see through the window.
INLINE long seen_from(const tune_sequence *s, long from, long unit) {
  return s->window < 0 ? 0 : larger(from - s->window, 0) / unit * unit;
}
INLINE long seen_to(const tune_sequence *s, long to) { return s->window < 0 ? s->t : smaller(to + s->window, s->t); }

/// What a row of scores needs to know: the tile has keys [key, key + keys); `factors` are the dropout factors of a
/// group of rows, vector by vector of 16 keys.
typedef struct {
  const tune_sequence *sequence;
  long head, key, keys;
  float scale;
  f32x16 factors[MOST_KEYS / LANES][GROUP];
} tile_state;

/// Called before row i, in order from a multiple of `GROUP`.
INLINE void begin_tile_row(tile_state *state, long i) {
  const tune_sequence *s = state->sequence;
  if (!s->dropout || i % GROUP) return;
  uint32_t row = (uint32_t)((s->first_row + i) * s->heads + state->head);
  for (long j = 0; j < state->keys; j += LANES)
    dropout_factors128(s->dropout, row, (uint32_t)((state->key + j) / LANES), state->factors[j / LANES]);
}

/// deltas = Σ context·dcontext of rows [from, to) of one head.
INLINE void compute_deltas(const float *context, const float *dcontext, float *deltas, long from, long to, long d,
                           long w) {
  FREE_ORDER
  for (long i = from; i < to; i++) {
    prefetch_rows(context, d, i + GROUP, i + GROUP + 1, to, w);
    prefetch_rows(dcontext, d, i + GROUP, i + GROUP + 1, to, w);
    float delta = 0;
    for (long c = 0; c < w; c++) delta += context[i * d + c] * dcontext[i * d + c];
    deltas[i - from] = delta;
  }
}

#endif
