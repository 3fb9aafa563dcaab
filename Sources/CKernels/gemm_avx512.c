/// The GEMM for CPUs with AVX-512, over Float32 or bfloat16, which VDPBF16PS multiplies in pairs.
#ifdef __x86_64__
#include "avx512.h"
#include "gemm.h"

/// A tile of 14 × 32 sums fills 28 of the 32 registers.
enum { VECTORS = 2, PANEL = 2 * LANES, GROUP = PANEL, TILE_ROWS = 14, DEPTH = MOST_DEPTH, FEW_WEIGHTS = 8 * TILE_ROWS };

INLINE __mmask16 first_mask(long count) { return count < LANES ? (1u << count) - 1 : 0xffff; }

/// 16 numbers from `index` on as Float32; those beyond the first `count` are 0.
TARGET_AVX512 INLINE __m512 load_fp32(const tune_matrix *x, long index, long count) {
  const float *from = (const float *)x->base + index;
  if (!x->bf16) return count >= LANES ? _mm512_loadu_ps(from) : _mm512_maskz_loadu_ps(first_mask(count), from);
  __m256i bits = _mm256_maskz_loadu_epi16(first_mask(count), (const uint16_t *)x->base + index);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

/// The same, rounded to bfloat16.
TARGET_AVX512BF16 INLINE __m256i load_bf16(const tune_matrix *x, long index, long count) {
  if (!x->bf16) return (__m256i)_mm512_cvtneps_pbh(load_fp32(x, index, count));
  const uint16_t *from = (const uint16_t *)x->base + index;
  return count >= LANES ? _mm256_loadu_epi16(from) : _mm256_maskz_loadu_epi16(first_mask(count), from);
}

/// 16 units along the depth, which is contiguous in memory, from `index` on; numbers beyond the first `count` are 0.
TARGET_AVX512 INLINE __m512 load_along_fp32(const tune_matrix *x, long index, long count) {
  return load_fp32(x, index, count);
}
TARGET_AVX512BF16 INLINE __m512 load_along_bf16(const tune_matrix *x, long index, long count) {
  if (x->bf16 && count >= 2 * LANES) return (__m512)_mm512_loadu_epi16((const uint16_t *)x->base + index);
  __m256i low = load_bf16(x, index, count), high = {};
  if (count > LANES) high = load_bf16(x, index + LANES, count - LANES);
  return (__m512)_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/// One unit of each of 16 columns, which are contiguous in memory: one depth, or two of bfloat16 where `two_depths`.
/// Columns beyond the first `count` are 0.
TARGET_AVX512 INLINE __m512 load_across_fp32(const tune_matrix *x, long index, long count, int two_depths) {
  (void)two_depths;
  return load_fp32(x, index, count);
}
TARGET_AVX512BF16 INLINE __m512 load_across_bf16(const tune_matrix *x, long index, long count, int two_depths) {
  __m512i units = _mm512_cvtepu16_epi32(load_bf16(x, index, count));
  if (two_depths) units |= _mm512_slli_epi32(_mm512_cvtepu16_epi32(load_bf16(x, index + x->stride, count)), 16);
  return (__m512)units;
}

#define GEMM_NAME(x) x##_fp32
#define GEMM_TARGET TARGET_AVX512
#define VALUES_PER_UNIT 1
#define MULTIPLY_ADD(x, y, sum) ((sum) + (x) * (y))
#include "gemm_template.h"
#undef GEMM_NAME
#undef GEMM_TARGET
#undef VALUES_PER_UNIT
#undef MULTIPLY_ADD

#define GEMM_NAME(x) x##_bf16
#define GEMM_TARGET TARGET_AVX512BF16
#define VALUES_PER_UNIT 2
#define MULTIPLY_ADD MULTIPLY_ADD_BF16
#include "gemm_template.h"

void tune_gemm_avx512(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m, long k, float alpha,
                      float beta, const float *bias, gemm_buffers *buffers) {
  gemm_fp32(a, b, c, ldc, n, m, k, alpha, beta, bias, buffers);
}

void tune_gemm_avx512bf16(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m, long k,
                          float alpha, float beta, const float *bias, gemm_buffers *buffers) {
  gemm_bf16(a, b, c, ldc, n, m, k, alpha, beta, bias, buffers);
}
#endif
