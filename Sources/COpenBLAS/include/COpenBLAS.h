/// Access to OpenBLAS, which is loaded at run time: its core is chosen for this CPU, and the program starts without it.
/// Row-major single precision only. Calls run on the calling thread. Also facts about the CPU and the process's memory.
#ifndef COPENBLAS_H
#define COPENBLAS_H

/// Loads OpenBLAS once; later calls do nothing. `core` overrides the automatic choice ("Haswell", "SkylakeX", …); NULL
/// keeps it. Returns NULL on success, else an error message.
const char *tune_blas_open(const char *core);

/// The core that OpenBLAS uses ("Cooperlake"), or "none" before it is loaded.
const char *tune_blas_core(void);

/// C [m, n] = alpha·op(A) [m, k]·op(B) [k, n] + beta·C, row-major, as cblas_sgemm.
void tune_sgemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
                const float *b, int ldb, float beta, float *c, int ldc);

/// Whether the loaded OpenBLAS contains LAPACK, as Debian's does. The two functions below require it.
int tune_has_lapack(void);

/// A [m, n] = U [m, k]·diag(s [k])·Vt [k, n], k = min(m, n), s in descending order; row-major, A is overwritten.
/// Returns 0, or the `info` of LAPACK's sgesdd.
int tune_svd(float *a, int m, int n, float *u, float *s, float *vt);

/// A [m, n] = Q [m, k]·R [k, n], k = min(m, n), R upper triangular; row-major, A is overwritten.
/// Returns 0, or the `info` of LAPACK's sgelqf or sorglq.
int tune_qr(float *a, int m, int n, float *q, float *r);

/// The widest SIMD extension of this CPU ("AVX-512 + BF16").
const char *tune_cpu_vectors(void);

/// The number of CPUs that this process may use.
int tune_cpu_count(void);

/// Returns freed memory to the system. From then on, blocks of 1 MB and more return as soon as they are freed; by
/// default glibc raises this threshold as a program frees large blocks.
void tune_return_freed_memory(void);

/// The peak resident set size of this process in bytes (VmHWM; getrusage's maximum would include the parent's).
long tune_peak_memory(void);

#endif
