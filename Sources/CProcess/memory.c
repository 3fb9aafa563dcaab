// Replaces the C library's allocation functions and pthread_create by ones that end the program with a sentence where
// those fail. Swift, libdispatch and others would crash, or wait forever for another thread.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "say.h"

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void say_megabytes(unsigned long bytes) {
  char digits[24], *start = digits + sizeof digits - 1;
  *start = 0;
  unsigned long value = bytes / 1000000 + (bytes % 1000000 > 0);
  do *--start = (char)('0' + value % 10);
  while (value /= 10);
  say(start);
  say(" MB");
}

// Does not return.
static void end(const char *what, size_t size) {
  static atomic_flag has_ended = ATOMIC_FLAG_INIT;
  while (atomic_flag_test_and_set(&has_ended)) pause();
  say("\nError: ");
  say(what);
  if (size > 0) {
    say(": ");
    say_megabytes(size);
    say(" more are required");
  }
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    say("; the limit of this process is ");
    say_megabytes(limit.rlim_cur);
    say(" (ulimit -v)");
  }
  say(". Use fewer --threads, smaller batches or a higher limit. The last snapshot of a run is intact: continue with "
      "--resume.\n");
  _exit(1);
}

static void *checked(void *pointer, size_t size) {
  if (!pointer && size > 0) end("out of memory", size);
  return pointer;
}

void *malloc(size_t size) { return checked(__libc_malloc(size), size); }
void *calloc(size_t count, size_t size) { return checked(__libc_calloc(count, size), count * size); }
void *realloc(void *pointer, size_t size) { return checked(__libc_realloc(pointer, size), size); }
void *memalign(size_t alignment, size_t size) { return checked(__libc_memalign(alignment, size), size); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **pointer, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  *pointer = memalign(alignment, size);
  return 0;
}

typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  static _Atomic(create_function *) next;
  create_function *create = atomic_load(&next);
  if (!create) {
    create = (create_function *)dlsym(RTLD_NEXT, "pthread_create");
    atomic_store(&next, create);
  }
  int code = create(thread, attributes, body, argument);
  if (code == EAGAIN) end("a thread cannot be started (see ulimit -u and ulimit -v)", 0);
  return code;
}
