/// What the kernel files share: the clones, the vector type, exp, and the counter-based generator.
#ifndef TUNE_COMMON_H
#define TUNE_COMMON_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "CKernels.h"

/// One function, three instruction sets; the loader picks the widest that the CPU has.
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define INLINE static inline __attribute__((always_inline))

/// Sums may be taken in any order, products may fuse: said where it is wanted, so that the rest stays exact.
#define FREE_ORDER _Pragma("clang fp reassociate(on) contract(fast)")

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(LANES * 4)));
typedef int32_t ints __attribute__((vector_size(LANES * 4)));
typedef uint32_t words __attribute__((vector_size(LANES * 4)));
typedef uint64_t pairs __attribute__((vector_size(LANES * 4)));
typedef lanes anywhere __attribute__((aligned(4)));

INLINE lanes splat(float x) { return (lanes){} + x; }
INLINE lanes load(const float *p) { return *(const anywhere *)p; }
INLINE void store(float *p, lanes v) { *(anywhere *)p = v; }
INLINE lanes choose(ints where, lanes a, lanes b) { return (lanes)((where & (ints)a) | (~where & (ints)b)); }

INLINE lanes larger(lanes a, lanes b) { return choose(a > b, a, b); }

/// The first `count` numbers, then zeros.
INLINE lanes load_some(const float *p, long count) {
  lanes v = {};
  memcpy(&v, p, (count < LANES ? count : LANES) * sizeof(float));
  return v;
}

INLINE void store_some(float *p, lanes v, long count) { memcpy(p, &v, (count < LANES ? count : LANES) * sizeof(float)); }

/// Where the first `count` lanes are.
INLINE ints first_lanes(long count) {
  return (ints){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} < (int32_t)count;
}

/// Σ and the largest of 16 lanes, halving four times.
#define FOLD(v, f)                                                                                \
  v = f(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));  \
  v = f(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3));        \
  v = f(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));        \
  v = f(v, __builtin_shufflevector(v, v, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0));        \
  return v[0];

INLINE lanes add_lanes(lanes a, lanes b) { return a + b; }
INLINE float sum_lanes(lanes v) { FOLD(v, add_lanes) }
INLINE float largest_lane(lanes v) { FOLD(v, larger) }

/// One round of a perfect shuffle.
INLINE void shuffle(const lanes *from, lanes *to) {
  for (int i = 0; i < 8; i++) {
    to[2 * i] = __builtin_shufflevector(from[i], from[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    to[2 * i + 1] =
        __builtin_shufflevector(from[i], from[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  }
}

/// x = its transpose, 16 × 16; `spare` is overwritten.
INLINE void turn(lanes *x, lanes *spare) {
  shuffle(x, spare);
  shuffle(spare, x);
  shuffle(x, spare);
  shuffle(spare, x);
}

/// e^x to 2 units in the last place; x is held within ±87.3, so the result is never 0 nor infinite.
/// Cody and Waite's reduction, Cephes' polynomial (Moshier 1989, expf.c).
INLINE lanes fast_exp(lanes x) {
  x = choose(x < -87.3f, splat(-87.3f), x);
  x = choose(x > 88.3f, splat(88.3f), x);
  const float magic = 12582912.0f;  // 1.5·2^23: adding it rounds to a whole number, in the last bits
  lanes shifted = x * 1.44269504088896341f + magic, n = shifted - magic;
  lanes r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  lanes y = r * 1.9875691500e-4f + 1.3981999507e-3f;
  y = y * r + 8.3334519073e-3f;
  y = y * r + 4.1665795894e-2f;
  y = y * r + 1.6666665459e-1f;
  y = y * r + 5.0000001201e-1f;
  y = y * r * r + r + 1.0f;
  ints power = ((ints)shifted << 23) + (127 << 23);  // 2^n
  return y * (lanes)power;
}

/// The nearest bfloat16, ties to even; a NaN stays one.
INLINE uint16_t narrow(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

INLINE float widen(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float y;
  memcpy(&y, &bits, 4);
  return y;
}

/// The two halves of 16 products.
INLINE void multiply(words a, uint32_t m, words *high, words *low) {
  pairs even = ((pairs)a & 0xffffffffu) * m, odd = ((pairs)a >> 32) * m;
  *high = (words)((even >> 32) | (odd & 0xffffffff00000000u));
  *low = (words)((even & 0xffffffffu) | (odd << 32));
}

/// 64 random words for chunk `chunk` of row `row` at a dropout site: Philox 4×32-10 (Salmon et al. 2011), sixteen
/// counters side by side; word 16·j + i is the j-th of counter i. A pure function of its arguments, so backward draws
/// them again. Rows count below 2^28; sites and chunks share a word of the counter, below 2^16 each.
INLINE void random64(const tune_dropout *d, uint32_t row, uint32_t chunk, words *c) {
  const words lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  c[0] = lane + row * LANES;
  c[1] = (words){} + (d->site + (chunk << 16));
  c[2] = (words){} + d->step;
  c[3] = (words){} + d->shard;
  uint32_t k0 = d->key[0], k1 = d->key[1];
  for (int round = 0; round < 10; round++) {
    words high0, low0, high2, low2;
    multiply(c[0], 0xD2511F53u, &high0, &low0);
    multiply(c[2], 0xCD9E8D57u, &high2, &low2);
    c[0] = high2 ^ c[1] ^ k0;
    c[1] = low2;
    c[2] = high0 ^ c[3] ^ k1;
    c[3] = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

/// 128 keep-or-drop factors, 0 or 1/(1-p), from the halves of 64 words.
INLINE void dropout128(const tune_dropout *d, uint32_t row, uint32_t chunk, lanes *factor) {
  words drawn[4];
  random64(d, row, chunk, drawn);
  for (int j = 0; j < 4; j++) {
    factor[2 * j] = (lanes)((ints)((drawn[j] & 0xffff) >= d->threshold) & (ints)splat(d->scale));
    factor[2 * j + 1] = (lanes)((ints)((drawn[j] >> 16) >= d->threshold) & (ints)splat(d->scale));
  }
}

/// y = x·mask for one row of d numbers; y may be x.
INLINE void drop_row(const tune_dropout *dropout, uint32_t row, const float *x, float *y, long d) {
  lanes factor[8];
  for (long first = 0; first < d; first += 8 * LANES) {
    dropout128(dropout, row, (uint32_t)(first / (8 * LANES)), factor);
    long left = d - first < 8 * LANES ? d - first : 8 * LANES, c = 0;
    for (; c + LANES <= left; c += LANES) store(y + first + c, load(x + first + c) * factor[c / LANES]);
    if (c < left) store_some(y + first + c, load_some(x + first + c, left - c) * factor[c / LANES], left - c);
  }
}

#endif
