/// Shared by the GEMM kernels: their blocks, and a thread's memory for packed operands.
///
/// Blocked as in Goto & van de Geijn 2008: B's panel [DEPTH, 16 or 32] stays in the L1 and L2 caches while A's rows are
/// streamed. The inner loop works in units of four bytes along the depth: one Float32, or two adjacent bfloat16.
#ifndef TUNE_GEMM_H
#define TUNE_GEMM_H

#include "common.h"

enum { MOST_DEPTH = 768, ROWS = 42 * 14, PAD = LANES };
/// A product of at most 128 rows of A reads the weights in place.
enum { FEW_ROWS = 128 };

/// One thread's packed rows of A and packed panels of B.
typedef struct {
  float a[(ROWS + PAD) * (MOST_DEPTH + PAD)], b[2 * LANES * MOST_DEPTH];
} gemm_buffers;

/// Prefetches what the next panel reads, while this one is multiplied.
INLINE void prefetch(const tune_matrix *x, long index) {
  __builtin_prefetch((const char *)x->base + index * (x->bf16 ? 2 : 4), 0, 2);
}

/// c [n, m] = alpha·a·b + beta·c + bias, one function for each kernel; see `tune_gemm`.
typedef void gemm_kernel(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m, long k,
                         float alpha, float beta, const float *bias, gemm_buffers *buffers);
gemm_kernel tune_gemm_simd, tune_gemm_avx512, tune_gemm_avx512bf16;

#endif
