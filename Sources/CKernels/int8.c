/// Products of activations and int8 weights, for inference: rows of activations are quantized to 8 bits when they are
/// used, sums are exact in 32 bits. With VPDPBUSD where the CPU has it, else with AVX2's VPMADDWD, else in plain C; all give the same sums.
///
/// Weights are stored in panels of 32 outputs: for every four inputs the four weights of each output.
#include "common.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { PANEL = 2 * LANES };
/// Quantized rows that stay in the L2 cache while all weights are streamed.
enum { BLOCK_BYTES = 384 << 10, BLOCK_ROWS = 14 };

typedef uint32_t uint32_unaligned __attribute__((aligned(1)));
typedef uint8_t u8x16 __attribute__((vector_size(LANES), aligned(1)));
typedef int8_t i8x16 __attribute__((vector_size(LANES), aligned(1)));

/// 16 numbers; those beyond the first `count` are `other`.
INLINE f32x16 load_or(const float *x, long count, float other) {
  return count < LANES ? where(first_lanes(count), load_partial(x, count), splat(other)) : load(x);
}

/// values = round((x - minimum)/scale), from 0 to 255. A row with a number that is not finite gets a scale that is not.
INLINE void quantize_row(const float *x, long columns, uint8_t *values, float *scale, float *minimum) {
  f32x16 low = splat(x[0]), high = low, poison = {};
  for (long i = 0; i < columns; i += LANES) {
    f32x16 v = load_or(x + i, columns - i, x[0]);
    low = where(v < low, v, low), high = maximum(high, v), poison += 0 * v;
  }
  float least = -reduce_max(-low), width = reduce_max(high) - least, inverse = width > 0 ? 255 / width : 0;
  *scale = width / 255 + reduce_sum(poison);
  *minimum = least;
  for (long i = 0; i < columns; i += LANES) {
    i32x16 rounded = __builtin_convertvector((load_or(x + i, columns - i, least) - least) * inverse + 0.5f, i32x16);
    *(u8x16 *)(values + i) = __builtin_convertvector(rounded, u8x16);
  }
}

CLONES void tune_int8_quantize(const float *x, long ldx, long columns, const tune_int8_rows *rows, long first,
                               long count) {
  for (long r = first; r < first + count; r++)
    quantize_row(x + r * ldx, columns, rows->values + r * rows->stride, rows->scale + r, rows->minimum + r);
}

/// One output's weights into a panel. The inputs are padded with 0 to a multiple of 4.
/// - Returns: the sum of the quantized weights.
INLINE int32_t pack_row(const float *w, long inputs, int8_t *panel, float *scale) {
  f32x16 most = {};
  for (long i = 0; i < inputs; i += LANES) {
    f32x16 v = load_or(w + i, inputs - i, 0);
    most = maximum(most, maximum(v, -v));
  }
  float largest = reduce_max(most), inverse = largest > 0 ? 127 / largest : 0;
  i32x16 sum = {};
  for (long i = 0; i < inputs; i += LANES) {
    f32x16 scaled = load_or(w + i, inputs - i, 0) * inverse;
    i32x16 rounded = __builtin_convertvector(scaled + where(scaled < 0, splat(-0.5f), splat(0.5f)), i32x16);
    i8x16 bytes = __builtin_convertvector(rounded, i8x16);
    for (long u = 0; u < 4 && i + 4 * u < inputs; u++) memcpy(panel + (i / 4 + u) * PANEL * 4, (char *)&bytes + 4 * u, 4);
    sum += rounded;
  }
  *scale = largest / 127;
  int32_t total = 0;
  for (int i = 0; i < LANES; i++) total += sum[i];
  return total;
}

CLONES void tune_int8_pack(const float *w, const tune_int8_panels *packed) {
  long inputs = packed->inputs, units = (inputs + 3) / 4;
  memset(packed->values, 0, (packed->outputs + PANEL - 1) / PANEL * units * PANEL * 4);
  for (long row = 0; row < (packed->outputs + PANEL - 1) / PANEL * PANEL; row++) {
    int8_t *panel = packed->values + row / PANEL * units * PANEL * 4 + row % PANEL * 4;
    packed->scale[row] = packed->sums[row] = 0;
    if (row < packed->outputs) {
      int32_t sum = pack_row(w + row * inputs, inputs, panel, packed->scale + row);
      packed->sums[row] = (float)sum * packed->scale[row];
    }
  }
}

void tune_int8_unpack(const tune_int8_panels *packed, float *w) {
  long inputs = packed->inputs, units = (inputs + 3) / 4;
  for (long row = 0; row < packed->outputs; row++) {
    const int8_t *from = packed->values + row / PANEL * units * PANEL * 4 + row % PANEL * 4;
    for (long i = 0; i < inputs; i++) w[row * inputs + i] = packed->scale[row] * from[i / 4 * PANEL * 4 + i % 4];
  }
}

#ifdef __x86_64__
#define INT8_NAME(x) x##_avx512vnni
#define INT8_TARGET __attribute__((target("arch=x86-64-v4,avx512vnni")))
#define MOST_ROWS 14
#define MOST_COLUMNS 32
#define ADD_PRODUCTS(sum, four, weights) \
  (*(sum) = (i32x16)_mm512_dpbusd_epi32((__m512i) * (sum), _mm512_set1_epi32((int)(four)), (__m512i) * (weights)))
#include "int8_template.h"

#define TARGET_AVX2 __attribute__((target("arch=x86-64-v3")))

/// In 16 bits, the even and the odd bytes apart; a sum of two products of such fits in 32 bits.
TARGET_AVX2 INLINE void dot_avx2(i32x16 *sum, uint32_t four, const i32x16 *weights) {
  __m256i x = _mm256_set1_epi32((int)four), even = _mm256_and_si256(x, _mm256_set1_epi16(255)), odd = _mm256_srli_epi16(x, 8);
  __m256i *to = (__m256i *)sum;
  for (int h = 0; h < 2; h++) {
    __m256i w = _mm256_loadu_si256((const __m256i *)weights + h);
    __m256i even_weights = _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8), odd_weights = _mm256_srai_epi16(w, 8);
    to[h] = _mm256_add_epi32(to[h], _mm256_madd_epi16(even, even_weights));
    to[h] = _mm256_add_epi32(to[h], _mm256_madd_epi16(odd, odd_weights));
  }
}

#define INT8_NAME(x) x##_avx2
#define INT8_TARGET TARGET_AVX2
#define MOST_ROWS 4
#define MOST_COLUMNS 16
#define ADD_PRODUCTS dot_avx2
#include "int8_template.h"

#define TARGET_AVXVNNI __attribute__((target("arch=x86-64-v3,avxvnni")))

TARGET_AVXVNNI INLINE void dot_avxvnni(i32x16 *sum, uint32_t four, const i32x16 *weights) {
  __m256i *to = (__m256i *)sum;
  for (int h = 0; h < 2; h++)
    to[h] = _mm256_dpbusd_avx_epi32(to[h], _mm256_set1_epi32((int)four), ((const __m256i *)weights)[h]);
}

#define INT8_NAME(x) x##_avxvnni
#define INT8_TARGET TARGET_AVXVNNI
#define MOST_ROWS 6
#define MOST_COLUMNS 16
#define ADD_PRODUCTS dot_avxvnni
#include "int8_template.h"

#endif

INLINE void dot_plain(i32x16 *sum, uint32_t four, const i32x16 *weights) {
  for (int b = 0; b < 4; b++) *sum += (*weights << (24 - 8 * b) >> 24) * (int32_t)(four >> 8 * b & 255);
}

#define INT8_NAME(x) x##_plain
#define INT8_TARGET CLONES
#define MOST_ROWS 4
#define MOST_COLUMNS 32
#define ADD_PRODUCTS dot_plain
#include "int8_template.h"

typedef void multiply_panel(const uint8_t *x, long stride, const float *scale, const float *minimum, const int8_t *panel,
                            const float *w_scale, const float *w_sums, const float *bias, float *c, long ldc, long rows,
                            long units, long columns, const int8_t *next);

#ifdef __x86_64__
int tune_int8_supported(int kernel) {
  __builtin_cpu_init();
  if (kernel == TUNE_INT8_AVX512VNNI)
    return MAY_USE_AVX512 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
  if (kernel == TUNE_INT8_AVXVNNI) return __builtin_cpu_supports("avxvnni");
  return kernel == TUNE_INT8_PLAIN || __builtin_cpu_supports("avx2");
}

static multiply_panel *kernel_of(int kernel) {
  return kernel == TUNE_INT8_AVX512VNNI ? multiply_panel_avx512vnni
         : kernel == TUNE_INT8_AVXVNNI  ? multiply_panel_avxvnni
         : kernel == TUNE_INT8_AVX2     ? multiply_panel_avx2
                                        : multiply_panel_plain;
}
#else
int tune_int8_supported(int kernel) { return kernel == TUNE_INT8_PLAIN; }
static multiply_panel *kernel_of(int kernel) { return kernel == TUNE_INT8_PLAIN ? multiply_panel_plain : NULL; }
#endif

void tune_int8_gemm(int kernel, const tune_int8_rows *x, const tune_int8_panels *w, long first, long last,
                    const float *bias, float *c, long ldc) {
  long units = (w->inputs + 3) / 4, block = BLOCK_BYTES / x->stride / BLOCK_ROWS * BLOCK_ROWS;
  if (block < BLOCK_ROWS) block = BLOCK_ROWS;
  for (long i = 0; i < x->rows; i += block)
    for (long j = first; j < last; j += PANEL) {
      const int8_t *panel = w->values + j * units * 4;
      kernel_of(kernel)(
          x->values + i * x->stride, x->stride, x->scale + i, x->minimum + i, panel, w->scale + j, w->sums + j,
          bias ? bias + j : NULL, c + i * ldc + j - first, ldc, x->rows - i < block ? x->rows - i : block, units,
          last - j < PANEL ? last - j : PANEL, j + PANEL < last ? panel + PANEL * units * 4 : panel);
    }
}
