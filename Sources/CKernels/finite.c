/// Searches for NaN and infinite numbers in the floating-point formats of files.
#include "common.h"

/// Defines a search through numbers of `type` at any address. They are compared in blocks without branches, for speed.
#define SEARCH(name, type, is_bad)                                   \
  CLONES long name(const void *numbers, long count) {                \
    typedef type number __attribute__((aligned(1), may_alias));      \
    const number *x = numbers;                                       \
    enum { BLOCK = 1024 };                                           \
    for (long start = 0; start < count; start += BLOCK) {            \
      long end = count - start < BLOCK ? count : start + BLOCK;      \
      type found = 0;                                                \
      for (long i = start; i < end; i++) found |= is_bad(x[i]);      \
      if (!found) continue;                                          \
      for (long i = start; i < end; i++) if (is_bad(x[i])) return i; \
    }                                                                \
    return -1;                                                       \
  }

#define HAS_EXPONENT(x, mask) (((x) & (mask)) == (mask))
#define BAD_FP16(x) HAS_EXPONENT(x, 0x7C00)
#define BAD_BF16(x) HAS_EXPONENT(x, 0x7F80)
#define BAD_FP32(x) HAS_EXPONENT(x, 0x7F800000)
/// Also numbers that Float32 rounds to infinity: from FLT_MAX plus half of its last place.
#define BAD_FP64(x) (((x) & 0x7FFFFFFFFFFFFFFF) >= 0x47EFFFFFF0000000)

SEARCH(tune_find_not_finite_fp16, uint16_t, BAD_FP16)
SEARCH(tune_find_not_finite_bf16, uint16_t, BAD_BF16)
SEARCH(tune_find_not_finite_fp32, uint32_t, BAD_FP32)
SEARCH(tune_find_not_finite_fp64, uint64_t, BAD_FP64)
