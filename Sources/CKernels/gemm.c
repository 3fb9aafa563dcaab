/// The product of two matrices for CPUs with AVX-512: what is laid out for the inner loop is one panel of B at a time,
/// from Float32 or bfloat16 numbers, transposed or not; A is read where it lies unless it must be turned or rounded.
///
/// The inner loop works in units of four bytes along the depth: one Float32, or two bfloat16 side by side, as
/// VDPBF16PS reads them. Blocks as in Goto & van de Geijn 2008: B's [DEPTH, 32] panel stays in the nearer caches while
/// A's rows pass.
#include <immintrin.h>
#include <pthread.h>
#include <stdlib.h>

#include "common.h"

enum { PANEL = 2 * LANES, DEPTH = 768, ROWS = 42 * 14, PAD = LANES };

/// A thread's own: rows of A, a panel of B.
typedef struct {
  float a[(ROWS + PAD) * (DEPTH + PAD)], b[PANEL * DEPTH];
} blocks;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void make_key(void) { pthread_key_create(&key, free); }

static blocks *own_blocks(void) {
  static _Thread_local blocks *own;
  if (own) return own;
  pthread_once(&once, make_key);
  own = aligned_alloc(64, (sizeof(blocks) + 63) / 64 * 64);
  if (!own) abort();
  pthread_setspecific(key, own);  // so that it is freed when the thread ends
  return own;
}

#define WIDE __attribute__((target("arch=x86-64-v4")))
#define HALF __attribute__((target("arch=x86-64-v4,avx512bf16")))

int tune_gemm_supported(int half) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && (!half || __builtin_cpu_supports("avx512bf16"));
}

INLINE __mmask16 first(long count) { return count < LANES ? (1u << count) - 1 : 0xffff; }

/// `count` of 16 numbers as Float32; the others are 0.
WIDE INLINE __m512 floats(const tune_matrix *x, long place, long count) {
  const float *from = (const float *)x->base + place;
  if (!x->half) return count >= LANES ? _mm512_loadu_ps(from) : _mm512_maskz_loadu_ps(first(count), from);
  __m256i bits = _mm256_maskz_loadu_epi16(first(count), (const uint16_t *)x->base + place);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

/// The same, rounded to bfloat16.
HALF INLINE __m256i halves(const tune_matrix *x, long place, long count) {
  if (!x->half) return (__m256i)_mm512_cvtneps_pbh(floats(x, place, count));
  const uint16_t *from = (const uint16_t *)x->base + place;
  return count >= LANES ? _mm256_loadu_epi16(from) : _mm256_maskz_loadu_epi16(first(count), from);
}

/// 16 units along the depth from `place` on, of which `count` numbers are there.
WIDE INLINE __m512 along_floats(const tune_matrix *x, long place, long count) { return floats(x, place, count); }
HALF INLINE __m512 along_halves(const tune_matrix *x, long place, long count) {
  if (x->half && count >= 2 * LANES) return (__m512)_mm512_loadu_epi16((const uint16_t *)x->base + place);
  __m256i low = halves(x, place, count), high = {};
  if (count > LANES) high = halves(x, place + LANES, count - LANES);
  return (__m512)_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/// What the next panel will read here: on its way while this one is multiplied.
INLINE void soon(const tune_matrix *x, long place) {
  __builtin_prefetch((const char *)x->base + place * (x->half ? 2 : 4), 0, 2);
}

/// 16 units across: one depth (or two, where `both`) of 16 columns, of which `count` are there.
WIDE INLINE __m512 across_floats(const tune_matrix *x, long place, long count, int both) {
  (void)both;
  return floats(x, place, count);
}
HALF INLINE __m512 across_halves(const tune_matrix *x, long place, long count, int both) {
  __m512i units = _mm512_cvtepu16_epi32(halves(x, place, count));
  if (both) units |= _mm512_slli_epi32(_mm512_cvtepu16_epi32(halves(x, place + x->stride, count)), 16);
  return (__m512)units;
}

#define AT(place) (*(anywhere *)(place))

#define NAME(x) x##_floats
#define TARGET WIDE
#define PER 1
#define MULTIPLY(x, y, sum) ((sum) + (x) * (y))
#include "gemm_template.h"
#undef NAME
#undef TARGET
#undef PER
#undef MULTIPLY

#define NAME(x) x##_halves
#define TARGET HALF
#define PER 2
#define MULTIPLY(x, y, sum) ((lanes)_mm512_dpbf16_ps((__m512)(sum), (__m512bh)_mm512_set1_ps(x), (__m512bh)(y)))
#include "gemm_template.h"

void tune_gemm(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m, long k, float alpha,
                  float beta, const float *bias, int half) {
  (half ? product_halves : product_floats)(a, b, c, ldc, n, m, k, alpha, beta, bias, own_blocks());
}
