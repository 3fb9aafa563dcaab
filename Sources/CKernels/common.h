/// Shared by the kernel files: function clones, vector types, exp, bfloat16 conversion, and the random bits of dropout.
#ifndef TUNE_COMMON_H
#define TUNE_COMMON_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "CKernels.h"

/// Compiles a function for three instruction sets of x86-64; the loader picks the widest one that the CPU supports. A build with
/// -DTUNE_WITHOUT_AVX512 measures on any CPU what one without AVX-512 does.
#if defined __x86_64__ && defined TUNE_WITHOUT_AVX512
#define CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#elif defined __x86_64__
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
#ifdef TUNE_WITHOUT_AVX512
enum { MAY_USE_AVX512 = 0 };
#else
enum { MAY_USE_AVX512 = 1 };
#endif
#define INLINE static inline __attribute__((always_inline))

/// Allows sums in any order and fused multiply-adds. Only the functions that state it may be reassociated.
#define FREE_ORDER _Pragma("clang fp reassociate(on) contract(fast)")

enum { LANES = 16 };
typedef float f32x16 __attribute__((vector_size(LANES * 4)));
typedef int32_t i32x16 __attribute__((vector_size(LANES * 4)));
typedef uint32_t u32x16 __attribute__((vector_size(LANES * 4)));
typedef uint16_t u16x16 __attribute__((vector_size(LANES * 2)));
typedef uint64_t u64x8 __attribute__((vector_size(LANES * 4)));
typedef f32x16 f32x16_unaligned __attribute__((aligned(4)));

#define VECTOR_AT(pointer) (*(f32x16_unaligned *)(pointer))

INLINE f32x16 splat(float x) { return (f32x16){} + x; }
INLINE f32x16 load(const float *p) { return *(const f32x16_unaligned *)p; }
INLINE void store(float *p, f32x16 v) { *(f32x16_unaligned *)p = v; }

/// `a` in the lanes where the mask is set (-1), `b` in the others; as torch.where.
INLINE f32x16 where(i32x16 mask, f32x16 a, f32x16 b) {
  return (f32x16)((mask & (i32x16)a) | (~mask & (i32x16)b));
}

INLINE f32x16 maximum(f32x16 a, f32x16 b) { return where(a > b, a, b); }

/// The first `count` numbers, then zeros.
INLINE f32x16 load_partial(const float *p, long count) {
  f32x16 v = {};
  memcpy(&v, p, (count < LANES ? count : LANES) * sizeof(float));
  return v;
}

INLINE void store_partial(float *p, f32x16 v, long count) {
  memcpy(p, &v, (count < LANES ? count : LANES) * sizeof(float));
}

/// A mask of the first `count` lanes.
INLINE i32x16 first_lanes(long count) {
  return (i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} < (int32_t)count;
}

/// Reduces 16 lanes to one with `f`, in four halvings, and returns it.
#define REDUCE(v, f)                                                                              \
  v = f(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));  \
  v = f(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3));        \
  v = f(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));        \
  v = f(v, __builtin_shufflevector(v, v, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0));        \
  return v[0];

INLINE f32x16 add(f32x16 a, f32x16 b) { return a + b; }
INLINE float reduce_sum(f32x16 v) { REDUCE(v, add) }
INLINE float reduce_max(f32x16 v) { REDUCE(v, maximum) }

/// Quarters 0 and 2, or 1 and 3, of a and of b.
#define EVEN_QUARTERS(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define ODD_QUARTERS(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)

/// Transposes x [16, 16] in place; `pairs` holds 16 vectors. Each shuffle stays within the quarters of a vector or moves whole ones: one
/// instruction of AVX-512, or of AVX2 for each half.
INLINE void transpose16(f32x16 *x, f32x16 *pairs) {
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    pairs[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
  for (int i = 0; i < 16; i += 4)
    for (int j = 0; j < 2; j++) {
      f32x16 a = pairs[i + j], b = pairs[i + j + 2];
      x[i + 2 * j] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
      x[i + 2 * j + 1] = __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
  for (int j = 0; j < 4; j++) {
    f32x16 even = EVEN_QUARTERS(x[j], x[4 + j]), odd = ODD_QUARTERS(x[j], x[4 + j]);
    f32x16 even_below = EVEN_QUARTERS(x[8 + j], x[12 + j]), odd_below = ODD_QUARTERS(x[8 + j], x[12 + j]);
    x[j] = EVEN_QUARTERS(even, even_below), x[4 + j] = EVEN_QUARTERS(odd, odd_below);
    x[8 + j] = ODD_QUARTERS(even, even_below), x[12 + j] = ODD_QUARTERS(odd, odd_below);
  }
}

/// e^x within 2 units in the last place. x is clamped to [-87.3, 88.3], so the result is never 0 or infinite.
/// source: the reduction by Cody and Waite, the polynomial of Cephes (Moshier 1989, expf.c)
INLINE f32x16 fast_exp(f32x16 x) {
  x = where(x < -87.3f, splat(-87.3f), x);
  x = where(x > 88.3f, splat(88.3f), x);
  const float magic = 12582912.0f;  // 1.5·2^23: adding it rounds to an integer, held in the low bits
  f32x16 shifted = x * 1.44269504088896341f + magic, n = shifted - magic;
  f32x16 r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  f32x16 y = r * 1.9875691500e-4f + 1.3981999507e-3f;
  y = y * r + 8.3334519073e-3f;
  y = y * r + 4.1665795894e-2f;
  y = y * r + 1.6666665459e-1f;
  y = y * r + 5.0000001201e-1f;
  y = y * r * r + r + 1.0f;
  i32x16 power = ((i32x16)shifted << 23) + (127 << 23);  // the bits of 2^n
  return y * (f32x16)power;
}

/// tanh by e^(-2|x|); near 0 by its odd series, because the quotient loses digits there.
INLINE f32x16 fast_tanh(f32x16 x) {
  f32x16 a = (f32x16)((i32x16)x & 0x7fffffff), e = fast_exp(-2 * a);
  f32x16 quotient = (1 - e) / (1 + e), s = x * x;
  f32x16 series = a * (1 + s * (-1.0f / 3 + s * (2.0f / 15 - s * (17.0f / 315))));
  return (f32x16)((i32x16)where(a < 0.1f, series, quotient) | ((i32x16)x & INT32_MIN));
}

/// Rounds to bfloat16: to nearest, ties to even. A NaN stays a NaN.
INLINE uint16_t fp32_to_bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

INLINE float bf16_to_fp32(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float y;
  memcpy(&y, &bits, 4);
  return y;
}

/// The high and low 32 bits of the 16 products a·m.
INLINE void multiply_high_low(u32x16 a, uint32_t m, u32x16 *high, u32x16 *low) {
  u64x8 even = ((u64x8)a & 0xffffffffu) * m, odd = ((u64x8)a >> 32) * m;
  *high = (u32x16)((even >> 32) | (odd & 0xffffffff00000000u));
  *low = (u32x16)((even & 0xffffffffu) | (odd << 32));
}

/// 64 random uint32 for chunk `chunk` of row `row` at a dropout site: Philox 4×32-10 (Salmon et al. 2011), sixteen
/// counters side by side; lane i of c[j] is output j of counter i. A pure function of its arguments, so backward
/// recomputes the same bits. Rows are below 2^28; site and chunk share 32 bits of the counter, so each is below 2^16.
INLINE void philox64(const tune_dropout *d, uint32_t row, uint32_t chunk, u32x16 *c) {
  const u32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  c[0] = lane + (d->first_row + row) * LANES;
  c[1] = (u32x16){} + (d->site + (chunk << 16));
  c[2] = (u32x16){} + d->step;
  c[3] = (u32x16){} + d->shard;
  uint32_t k0 = d->key[0], k1 = d->key[1];
  for (int round = 0; round < 10; round++) {
    u32x16 high0, low0, high2, low2;
    multiply_high_low(c[0], 0xD2511F53u, &high0, &low0);
    multiply_high_low(c[2], 0xCD9E8D57u, &high2, &low2);
    c[0] = high2 ^ c[1] ^ k0;
    c[1] = low2;
    c[2] = high0 ^ c[3] ^ k1;
    c[3] = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

/// 128 dropout factors, each 0 or 1/(1-p), from 64 random uint32: 16 bits decide one factor.
INLINE void dropout_factors128(const tune_dropout *d, uint32_t row, uint32_t chunk, f32x16 *factors) {
  u32x16 bits[4];
  philox64(d, row, chunk, bits);
  for (int j = 0; j < 4; j++) {
    factors[2 * j] = (f32x16)((i32x16)((bits[j] & 0xffff) >= d->threshold) & (i32x16)splat(d->scale));
    factors[2 * j + 1] = (f32x16)((i32x16)((bits[j] >> 16) >= d->threshold) & (i32x16)splat(d->scale));
  }
}

/// y = dropout(x) for one row of d numbers; y may be x.
INLINE void dropout_row(const tune_dropout *dropout, uint32_t row, const float *x, float *y, long d) {
  f32x16 factors[8];
  for (long first = 0; first < d; first += 8 * LANES) {
    dropout_factors128(dropout, row, (uint32_t)(first / (8 * LANES)), factors);
    long left = d - first < 8 * LANES ? d - first : 8 * LANES, c = 0;
    for (; c + LANES <= left; c += LANES) store(y + first + c, load(x + first + c) * factors[c / LANES]);
    if (c < left) store_partial(y + first + c, load_partial(x + first + c, left - c) * factors[c / LANES], left - c);
  }
}

#endif
