#include "common.h"

CLONES void tune_fill_rows(const float *restrict row, float *restrict y, long n, long d) {
  for (long i = 0; i < n; i++) memcpy(y + i * d, row, d * sizeof(float));
}

CLONES void tune_add(const float *restrict x, float *restrict y, long count) {
  for (long i = 0; i < count; i++) y[i] += x[i];
}

CLONES void tune_multiply(const float *a, const float *b, float *y, long count, float beta) {
  if (beta == 0)
    for (long i = 0; i < count; i++) y[i] = a[i] * b[i];
  else
    for (long i = 0; i < count; i++) y[i] += a[i] * b[i];
}

CLONES void tune_apply_dropout(const float *x, float *y, long n, long d, const tune_dropout *dropout) {
  float factor[64];
  long blocks = (d + 63) / 64;
  for (long i = 0; i < n; i++)
    for (long b = 0; b < blocks; b++) {
      long first = i * d + b * 64, width = d - b * 64 < 64 ? d - b * 64 : 64;
      dropout64(dropout, (uint32_t)(i * blocks + b), factor);
      for (long j = 0; j < width; j++) y[first + j] = x[first + j] * factor[j];
    }
}

CLONES void tune_column_sums(const float *restrict x, long stride, float *restrict sums, long n, long d, float beta) {
  if (beta == 0) memset(sums, 0, d * sizeof(float));
  for (long i = 0; i < n; i++)
    for (long j = 0; j < d; j++) sums[j] += x[i * stride + j];
}

CLONES double tune_sum_squares(const float *x, long count) {
  FREE_ORDER
  double total = 0;
  for (long first = 0; first < count; first += 4096) {
    long end = first + 4096 < count ? first + 4096 : count;
    double sum = 0;
    for (long i = first; i < end; i++) sum += (double)x[i] * x[i];
    total += sum;
  }
  return total;
}

CLONES int tune_all_finite(const float *x, long count) {
  uint32_t bad = 0;
  const uint32_t *bits = (const uint32_t *)x;
  for (long i = 0; i < count; i++) bad |= (bits[i] & 0x7f800000u) == 0x7f800000u;
  return !bad;
}

/// tanh through e^(-2|x|); near 0 the odd series, where the quotient would lose digits.
INLINE float fast_tanh(float x) {
  float a = fabsf(x), e = fast_exp(-2 * a);
  float quotient = (1 - e) / (1 + e), s = x * x;
  float series = a * (1 + s * (-1.0f / 3 + s * (2.0f / 15 - s * (17.0f / 315))));
  float y = a < 0.1f ? series : quotient;
  return x < 0 ? -y : y;
}

/// erf(x) as a rational function on [-4, 4], beyond which it is ±1 in Float32 (the minimax fit of Eigen and XLA).
INLINE float fast_erf(float x) {
  x = x < -4 ? -4 : x;
  x = x > 4 ? 4 : x;
  float s = x * x;
  float p = -2.72614225801306e-10f;
  p = p * s + 2.77068142495902e-08f;
  p = p * s - 2.10102402082508e-06f;
  p = p * s - 5.69250639462346e-05f;
  p = p * s - 7.34990630326855e-04f;
  p = p * s - 2.95459980854025e-03f;
  p = p * s - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * s - 2.13374055278905e-04f;
  q = q * s - 1.68282697438203e-03f;
  q = q * s - 7.37332916720468e-03f;
  q = q * s - 1.42647390514189e-02f;
  return x * p / q;
}

CLONES void tune_tanh(const float *x, float *y, long count) {
  for (long i = 0; i < count; i++) y[i] = fast_tanh(x[i]);
}

CLONES void tune_tanh_backward(const float *y, const float *dy, float *dx, long count, float beta) {
  for (long i = 0; i < count; i++) dx[i] = (beta == 0 ? 0 : dx[i]) + dy[i] * (1 - y[i] * y[i]);
}

/// Φ-form and tanh-form GELU, and relu: value and slope at one place.
INLINE void gelu(float v, float *y, float *slope) {
  float area = 0.5f + 0.5f * fast_erf(v * 0.70710678118654752f);
  *y = v * area;
  *slope = area + v * 0.39894228040143268f * fast_exp(-0.5f * v * v);
}

INLINE void gelu_tanh(float v, float *y, float *slope) {
  const float c = 0.79788456080286536f, k = 0.044715f;
  float u = fast_tanh(c * (v + k * v * v * v));
  *y = 0.5f * v * (1 + u);
  *slope = 0.5f * (1 + u) + 0.5f * v * (1 - u * u) * c * (1 + 3 * k * v * v);
}

INLINE void relu(float v, float *y, float *slope) {
  *y = v > 0 ? v : 0;
  *slope = v > 0;
}

// Through local arrays, because slope may be x, and a loop whose arrays may overlap is not vectorised.
#define SWEEP(f)                                                                          \
  for (long first = 0; first < count; first += 256) {                                     \
    float from[256], to[256], by[256];                                                    \
    long width = count - first < 256 ? count - first : 256;                               \
    memcpy(from, x + first, width * sizeof(float));                                       \
    for (long i = 0; i < width; i++) f(from[i], to + i, by + i);                          \
    memcpy(y + first, to, width * sizeof(float));                                         \
    if (slope) memcpy(slope + first, by, width * sizeof(float));                          \
  }

CLONES void tune_activate(const float *x, float *y, float *slope, long count, int activation) {
  switch (activation) {
    case TUNE_GELU: SWEEP(gelu) break;
    case TUNE_GELU_TANH: SWEEP(gelu_tanh) break;
    default: SWEEP(relu)
  }
}
