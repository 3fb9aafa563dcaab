/// Shared by the kernels that are written for AVX-512.
#ifndef TUNE_AVX512_H
#define TUNE_AVX512_H

#include <immintrin.h>

#include "common.h"

#define TARGET_AVX512 __attribute__((target("arch=x86-64-v4")))
#define TARGET_AVX512BF16 __attribute__((target("arch=x86-64-v4,avx512bf16")))

/// sum + x·y for units of two bfloat16, of which x is the same in all lanes.
#define MULTIPLY_ADD_BF16(x, y, sum) \
  ((f32x16)_mm512_dpbf16_ps((__m512)(sum), (__m512bh)_mm512_set1_ps(x), (__m512bh)(y)))

/// a·x, rounded before it is added to anything. Of a sum of two products the compiler fuses one with the addition, and not the
/// same one in every tile: the rounding would depend on how the rows are divided.
TARGET_AVX512 INLINE f32x16 rounded_product(float a, f32x16 x) {
  return (f32x16)_mm512_mul_round_ps(_mm512_set1_ps(a), (__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

#endif
