#pragma once
#include <string.h>
#include <unistd.h>

// Writes to standard error without allocating memory.
static inline void say(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) return;
}
