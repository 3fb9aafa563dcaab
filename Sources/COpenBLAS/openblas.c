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
static const char *wanted_core;
static char fault[512];
static sgemm_function *sgemm;
static char *(*core_name)(void);

// OpenBLAS of Debian 12 (0.3.21) knows no CPU younger than 2022 by name, and an exported OPENBLAS_CORETYPE would bind it
// to somebody else's choice. NULL: its own detection, which knows the older ones best.
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
  if (!found) snprintf(fault, sizeof fault, "libopenblas.so.0 has no %s", name);
  return found;
}

static void open_library(void) {
  const char *core = wanted_core ? wanted_core : best_core();
  if (core) setenv("OPENBLAS_CORETYPE", core, 1);
  else unsetenv("OPENBLAS_CORETYPE");
  unsetenv("OPENBLAS_L2_SIZE");  // read at the same moment, and as misleading when it is another machine's
  // One thread from the start: the library's own pool would only spin. Replicas are our threads.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libopenblas.so", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(fault, sizeof fault, "OpenBLAS is missing (%s). On Debian: apt-get install libopenblas0", dlerror());
    return;
  }
  sgemm = (sgemm_function *)symbol(library, "cblas_sgemm");
  void (*set_threads)(int) = (void (*)(int))symbol(library, "openblas_set_num_threads");
  core_name = (char *(*)(void))symbol(library, "openblas_get_corename");
  if (!fault[0]) set_threads(1);
}

const char *tune_blas_open(const char *core) {
  wanted_core = core;
  pthread_once(&once, open_library);
  return fault[0] ? fault : NULL;
}

const char *tune_blas_core(void) { return core_name ? core_name() : "none"; }

void tune_sgemm(int transposeA, int transposeB, int m, int n, int k, float alpha, const float *a, int lda,
                const float *b, int ldb, float beta, float *c, int ldc) {
  sgemm(ROW_MAJOR, transposeA ? TRANSPOSE : NO_TRANSPOSE, transposeB ? TRANSPOSE : NO_TRANSPOSE, m, n, k, alpha, a, lda,
        b, ldb, beta, c, ldc);
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

void tune_give_memory_back(void) {
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
