/// General matrix multiplication over Float32 or bfloat16 matrices, transposed or not: the choice of the kernel, and its memory.
#include <pthread.h>
#include <stdlib.h>

#include "gemm.h"

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

#ifdef __x86_64__
int tune_gemm_supported(int kernel) {
  __builtin_cpu_init();
  if (kernel == TUNE_GEMM_SIMD) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return MAY_USE_AVX512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         (kernel == TUNE_GEMM_AVX512 || __builtin_cpu_supports("avx512bf16"));
}

void tune_gemm(int kernel, const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m, long k,
               float alpha, float beta, const float *bias) {
  (kernel == TUNE_GEMM_SIMD     ? tune_gemm_simd
   : kernel == TUNE_GEMM_AVX512 ? tune_gemm_avx512
                                : tune_gemm_avx512bf16)(a, b, c, ldc, n, m, k, alpha, beta, bias, thread_buffers());
}
#else
int tune_gemm_supported(int kernel) { return kernel == TUNE_GEMM_SIMD; }

void tune_gemm(int kernel, const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m, long k,
               float alpha, float beta, const float *bias) {
  (void)kernel;
  tune_gemm_simd(a, b, c, ldc, n, m, k, alpha, beta, bias, thread_buffers());
}
#endif
