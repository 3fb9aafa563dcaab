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
typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(4)));

INLINE lanes load(const float *p) { return *(const lanes *)p; }
INLINE void store(float *p, lanes v) { *(lanes *)p = v; }

/// e^x to 2 units in the last place; x is held within ±87.3, so the result is never 0 nor infinite.
/// Cody and Waite's reduction, Cephes' polynomial (Moshier 1989, expf.c).
INLINE float fast_exp(float x) {
  x = x < -87.3f ? -87.3f : x;
  x = x > 88.3f ? 88.3f : x;
  const float magic = 12582912.0f;  // 1.5·2^23: adding it rounds to the nearest whole number
  float n = (x * 1.44269504088896341f + magic) - magic;
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float y = 1.9875691500e-4f;
  y = y * r + 1.3981999507e-3f;
  y = y * r + 8.3334519073e-3f;
  y = y * r + 4.1665795894e-2f;
  y = y * r + 1.6666665459e-1f;
  y = y * r + 5.0000001201e-1f;
  y = y * r * r + r + 1.0f;
  union { int32_t i; float f; } power = {.i = ((int32_t)n + 127) << 23};
  return y * power.f;
}

/// 64 keep-or-drop factors (0 or 1/(1-p)) for block `block` of a site: Philox 4×32-10 (Salmon et al. 2011), sixteen
/// counters side by side. A pure function of its arguments, so backward draws the same mask again.
INLINE void dropout64(const tune_dropout *d, uint32_t block, float *restrict factor) {
  uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
  for (int i = 0; i < LANES; i++) {
    c0[i] = block * LANES + i;
    c1[i] = d->site;
    c2[i] = d->step;
    c3[i] = d->shard;
  }
  uint32_t k0 = d->key[0], k1 = d->key[1];
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < LANES; i++) {
      uint64_t p0 = (uint64_t)0xD2511F53u * c0[i], p1 = (uint64_t)0xCD9E8D57u * c2[i];
      c0[i] = (uint32_t)(p1 >> 32) ^ c1[i] ^ k0;
      c1[i] = (uint32_t)p1;
      c2[i] = (uint32_t)(p0 >> 32) ^ c3[i] ^ k1;
      c3[i] = (uint32_t)p0;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  float scale = d->scale;
  for (int i = 0; i < LANES; i++) {
    factor[i] = c0[i] >= d->threshold ? scale : 0;
    factor[i + LANES] = c1[i] >= d->threshold ? scale : 0;
    factor[i + 2 * LANES] = c2[i] >= d->threshold ? scale : 0;
    factor[i + 3 * LANES] = c3[i] >= d->threshold ? scale : 0;
  }
}

#endif
