/// Loads OpenBLAS with the core that suits this CPU, and calls its sgemm and LAPACK; CPU and memory queries.
#define _GNU_SOURCE
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef void sgemm_function(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *,
                            int);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *requested_core;
static char fault[512];
static sgemm_function *sgemm;
static char *(*core_name)(void);

// LAPACK by its Fortran names: column-major, all arguments by reference, string lengths at the end.
static void (*sgesdd)(const char *, const int *, const int *, float *, const int *, float *, float *, const int *,
                      float *, const int *, float *, const int *, int *, int *, size_t);
static void (*sgelqf)(const int *, const int *, float *, const int *, float *, float *, const int *, int *);
static void (*sorglq)(const int *, const int *, const int *, float *, const int *, const float *, float *, const int *,
                      int *);

// OpenBLAS of Debian 12 (0.3.21) does not recognize CPUs newer than 2022, and an exported OPENBLAS_CORETYPE may have
// been meant for another program or machine. NULL: OpenBLAS's own detection, which is right for older CPUs.
static const char *best_core(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bf16")) return "Cooperlake";
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return __builtin_cpu_is("amd") ? "Zen" : "Haswell";
  return NULL;
}

static void *symbol(void *library, const char *name) {
  void *found = dlsym(library, name);
  if (!found)
    snprintf(fault, sizeof fault, "OpenBLAS has no symbol %s. On Debian: apt-get install libopenblas0.", name);
  return found;
}

static void open_library(void) {
  const char *core = requested_core ? requested_core : best_core();
  if (core) setenv("OPENBLAS_CORETYPE", core, 1);
  else unsetenv("OPENBLAS_CORETYPE");
  unsetenv("OPENBLAS_L2_SIZE");  // also read at load time, and wrong if it was set for another machine
  // One thread: OpenBLAS's own pool would only spin, because the parallelism is in Replicas.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libopenblas.so", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(fault, sizeof fault, "Cannot load OpenBLAS (%s). On Debian: apt-get install libopenblas0.", dlerror());
    return;
  }
  sgemm = (sgemm_function *)symbol(library, "cblas_sgemm");
  void (*set_threads)(int) = (void (*)(int))symbol(library, "openblas_set_num_threads");
  core_name = (char *(*)(void))symbol(library, "openblas_get_corename");
  if (!fault[0]) set_threads(1);
  *(void **)&sgesdd = dlsym(library, "sgesdd_");
  *(void **)&sgelqf = dlsym(library, "sgelqf_");
  *(void **)&sorglq = dlsym(library, "sorglq_");
}

const char *tune_blas_open(const char *core) {
  requested_core = core;
  pthread_once(&once, open_library);
  return fault[0] ? fault : NULL;
}

const char *tune_blas_core(void) { return core_name ? core_name() : "none"; }

void tune_sgemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
                const float *b, int ldb, float beta, float *c, int ldc) {
  sgemm(ROW_MAJOR, transpose_a ? TRANSPOSE : NO_TRANSPOSE, transpose_b ? TRANSPOSE : NO_TRANSPOSE, m, n, k, alpha, a,
        lda, b, ldb, beta, c, ldc);
}

int tune_has_lapack(void) { return sgesdd && sgelqf && sorglq; }

static int minimum(int a, int b) { return a < b ? a : b; }

// A row-major matrix read as column-major is its transpose: Aᵀ = (Vᵀ)ᵀ·S·Uᵀ.
int tune_svd(float *a, int m, int n, float *u, float *s, float *vt) {
  int k = minimum(m, n), info = 0, lwork = -1;
  int *iwork = malloc(8 * (size_t)k * sizeof(int));
  float optimal_lwork = 0;
  sgesdd("S", &n, &m, a, &n, s, vt, &n, u, &k, &optimal_lwork, &lwork, iwork, &info, 1);
  lwork = (int)optimal_lwork + 1;
  float *work = malloc((size_t)lwork * sizeof(float));
  sgesdd("S", &n, &m, a, &n, s, vt, &n, u, &k, work, &lwork, iwork, &info, 1);
  free(work);
  free(iwork);
  return info;
}

// Column-major, Aᵀ = L·Qᵀ: the columns of L are the rows of R, and already in R's row-major order.
int tune_qr(float *a, int m, int n, float *q, float *r) {
  int k = minimum(m, n), info = 0, lwork = 64 * (m > n ? m : n);
  float *tau = malloc((size_t)k * sizeof(float)), *work = malloc((size_t)lwork * sizeof(float));
  sgelqf(&n, &m, a, &n, tau, work, &lwork, &info);
  for (int i = 0; i < k; i++)
    for (int j = 0; j < n; j++) r[(size_t)i * n + j] = j < i ? 0 : a[(size_t)i * n + j];
  if (info == 0) sorglq(&k, &m, &k, a, &n, tau, work, &lwork, &info);
  for (int i = 0; i < m; i++)
    for (int j = 0; j < k; j++) q[(size_t)i * k + j] = a[(size_t)i * n + j];
  free(work);
  free(tau);
  return info;
}

const char *tune_cpu_vectors(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bf16")) return "AVX-512 + BF16";
  if (__builtin_cpu_supports("avx512f")) return "AVX-512";
  if (__builtin_cpu_supports("avx2")) return "AVX2";
  return "SSE2";
}

int tune_cpu_count(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

void tune_return_freed_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  malloc_trim(0);
}

long tune_peak_memory(void) {
  FILE *status = fopen("/proc/self/status", "r");
  if (!status) return 0;
  char line[256];
  long kilobytes = 0;
  while (fgets(line, sizeof line, status) && sscanf(line, "VmHWM: %ld", &kilobytes) != 1) continue;
  fclose(status);
  return kilobytes * 1024;
}
