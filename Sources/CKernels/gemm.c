/// General matrix multiplication for CPUs with AVX-512, over Float32 or bfloat16 matrices, transposed or not. One panel
/// of B at a time is packed for the inner loop. A is read in place, unless it must be transposed or rounded.
///
/// The inner loop works in units of four bytes along the depth: one Float32, or two adjacent bfloat16, which VDPBF16PS
/// multiplies in pairs. Blocked as in Goto & van de Geijn 2008: B's [DEPTH, 32] panel stays in the L1 and L2 caches
/// while A's rows are streamed.
#include <pthread.h>
#include <stdlib.h>

#include "avx512.h"

enum { PANEL = 2 * LANES, DEPTH = 768, ROWS = 42 * 14, PAD = LANES };
/// A product of at most 128 rows of A reads the weights in place, 14 at a time, and has 112 columns in a temporary
/// tile.
enum { FEW_ROWS = 128, WEIGHTS = 14, FEW_WEIGHTS = 8 * WEIGHTS };

/// One thread's packed rows of A and packed panel of B.
typedef struct {
  float a[(ROWS + PAD) * (DEPTH + PAD)], b[PANEL * DEPTH];
} gemm_buffers;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void make_key(void) { pthread_key_create(&key, free); }

static gemm_buffers *thread_buffers(void) {
  static _Thread_local gemm_buffers *buffers;
  if (buffers) return buffers;
  pthread_once(&once, make_key);
  buffers = aligned_alloc(64, (sizeof(gemm_buffers) + 63) / 64 * 64);
  if (!buffers) abort();
  pthread_setspecific(key, buffers);  // frees them when the thread ends
  return buffers;
}

int tune_gemm_supported(int bf16) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         (!bf16 || __builtin_cpu_supports("avx512bf16"));
}

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

/// Prefetches what the next panel reads, while this one is multiplied.
INLINE void prefetch(const tune_matrix *x, long index) {
  __builtin_prefetch((const char *)x->base + index * (x->bf16 ? 2 : 4), 0, 2);
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

void tune_gemm(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m, long k, float alpha,
               float beta, const float *bias, int bf16) {
  (bf16 ? gemm_bf16 : gemm_fp32)(a, b, c, ldc, n, m, k, alpha, beta, bias, thread_buffers());
}
