/// The one door to OpenBLAS: opened at run time, so that its core is chosen for the CPU that is here and the program
/// starts without it. Row-major single precision only; every call runs on the calling thread unless told otherwise.
#ifndef COPENBLAS_H
#define COPENBLAS_H

/// Opens OpenBLAS once; later calls are free. `core` overrules the choice ("Haswell", "SkylakeX", …; NULL: choose).
/// Returns NULL when it is open, else what went wrong, in words.
const char *tune_blas_open(const char *core);

/// The core that OpenBLAS runs on ("Cooperlake"), or "none" while it is closed.
const char *tune_blas_core(void);

/// C [m, n] = alpha·op(A) [m, k]·op(B) [k, n] + beta·C, row-major, as cblas_sgemm.
void tune_sgemm(int transposeA, int transposeB, int m, int n, int k, float alpha, const float *a, int lda,
                const float *b, int ldb, float beta, float *c, int ldc);

/// Whether the OpenBLAS that is open has LAPACK in it, as Debian's has; the two below need it.
int tune_has_lapack(void);

/// A [m, n] = U [m, k]·diag(s [k])·Vt [k, n], k = min(m, n), s falling; row-major, A is lost. Returns 0, or where LAPACK's
/// sgesdd gave up.
int tune_svd(float *a, int m, int n, float *u, float *s, float *vt);

/// A [m, n] = Q [m, k]·R [k, n], k = min(m, n), R upper triangular; row-major, A is lost. Returns 0, or LAPACK's fault.
int tune_qr(float *a, int m, int n, float *q, float *r);

/// The widest vectors of this CPU ("AVX-512 + BF16").
const char *tune_cpu_vectors(void);

/// The CPUs that this process may use.
int tune_cpu_count(void);

/// Gives the system what is freed by now, and from now on blocks of 1 MB and more at once; glibc would learn to keep them.
void tune_return_freed_memory(void);

/// The largest resident set of this program so far, in bytes (VmHWM; getrusage's would include the parent's).
long tune_peak_memory(void);

#endif
