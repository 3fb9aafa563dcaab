/// The GEMM for other CPUs with vectors, over Float32: AVX2 with FMA, or Arm's NEON.
#include "gemm.h"

#ifdef __x86_64__
#define TARGET_SIMD __attribute__((target("arch=x86-64-v3")))
#else
#define TARGET_SIMD
#endif

/// A tile of 6 × 16 sums fills 12 of AVX2's 16 registers, and a panel of B [384, 16] most of an L1 cache of 32 KiB.
enum { VECTORS = 1, PANEL = LANES, GROUP = 4 * PANEL, TILE_ROWS = 6, DEPTH = 384, FEW_WEIGHTS = 16 * TILE_ROWS };

/// a·x, rounded before it is added to anything. Without the barrier the compiler fuses one of two products with the addition,
/// and not the same one in every tile: the rounding would depend on how the rows are divided.
TARGET_SIMD INLINE f32x16 rounded_product(float a, f32x16 x) {
  if (a == 1) return x;
  x *= a;
  __asm__("" : "+m"(x));
  return x;
}

/// 16 numbers from `index` on as Float32; those beyond the first `count` are 0.
TARGET_SIMD INLINE f32x16 load_along_fp32(const tune_matrix *x, long index, long count) {
  if (!x->bf16) {
    const float *from = (const float *)x->base + index;
    return count >= LANES ? load(from) : load_partial(from, count);
  }
  u16x16 bits = {};
  memcpy(&bits, (const uint16_t *)x->base + index, count >= LANES ? sizeof bits : count * sizeof(uint16_t));
  return (f32x16)(__builtin_convertvector(bits, u32x16) << 16);
}

TARGET_SIMD INLINE f32x16 load_across_fp32(const tune_matrix *x, long index, long count, int two_depths) {
  (void)two_depths;
  return load_along_fp32(x, index, count);
}

#define GEMM_NAME(x) x##_fp32
#define GEMM_TARGET TARGET_SIMD
#define VALUES_PER_UNIT 1
#define MULTIPLY_ADD(x, y, sum) ((sum) + (x) * (y))
#define UNROLL _Pragma("clang loop unroll_count(4)")
#define FETCH_C(address) __builtin_prefetch(address, 1, 3)
#include "gemm_template.h"

void tune_gemm_simd(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m, long k, float alpha,
                    float beta, const float *bias, gemm_buffers *buffers) {
  gemm_fp32(a, b, c, ldc, n, m, k, alpha, beta, bias, buffers);
}
