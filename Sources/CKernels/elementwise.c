/// Elementwise kernels: arithmetic, bfloat16 conversion, dropout, sums, activation functions and their derivatives.
#include "common.h"

CLONES void tune_fill_rows(const float *restrict row, float *restrict y, long n, long d) {
  for (long i = 0; i < n; i++) memcpy(y + i * d, row, d * sizeof(float));
}

CLONES void tune_add(const float *restrict x, float *restrict y, long count) {
  for (long i = 0; i < count; i++) y[i] += x[i];
}

CLONES void tune_add_scaled(const float *h, const float *u, float *y, long count, float scale) {
  for (long i = 0; i < count; i++) y[i] = h[i] + scale * u[i];
}

CLONES void tune_scale(const float *restrict x, float *restrict y, long count, float scale, float beta) {
  if (beta == 0)
    for (long i = 0; i < count; i++) y[i] = scale * x[i];
  else
    for (long i = 0; i < count; i++) y[i] += scale * x[i];
}

CLONES void tune_multiply(const float *a, const float *b, float *y, long count, float beta) {
  if (beta == 0)
    for (long i = 0; i < count; i++) y[i] = a[i] * b[i];
  else
    for (long i = 0; i < count; i++) y[i] += a[i] * b[i];
}

CLONES void tune_fp32_to_bf16(const float *restrict x, uint16_t *restrict y, long count) {
  for (long i = 0; i < count; i++) y[i] = fp32_to_bf16(x[i]);
}

CLONES void tune_bf16_to_fp32(const uint16_t *restrict x, float *restrict y, long count) {
  for (long i = 0; i < count; i++) y[i] = bf16_to_fp32(x[i]);
}

CLONES void tune_multiply_bf16(const float *a, const uint16_t *b, float *restrict y, long count, float beta) {
  if (beta == 0)
    for (long i = 0; i < count; i++) y[i] = a[i] * bf16_to_fp32(b[i]);
  else
    for (long i = 0; i < count; i++) y[i] += a[i] * bf16_to_fp32(b[i]);
}

CLONES void tune_apply_dropout(const float *x, float *y, long n, long d, const tune_dropout *dropout) {
  for (long i = 0; i < n; i++) dropout_row(dropout, (uint32_t)i, x + i * d, y + i * d, d);
}

CLONES void tune_column_sums(const float *restrict x, long stride, float *restrict sums, long n, long d, float beta) {
  if (beta == 0) memset(sums, 0, d * sizeof(float));
  for (long i = 0; i < n; i++)
    for (long j = 0; j < d; j++) sums[j] += x[i * stride + j];
}

CLONES void tune_mean_rows(const float *x, float *y, long n, long d) {
  for (long first = 0; first < d; first += 64) {
    long count = d - first < 64 ? d - first : 64;
    double sums[64] = {};  // Float32 would lose digits over thousands of rows
    for (long i = 0; i < n; i++)
      for (long j = 0; j < count; j++) sums[j] += x[i * d + first + j];
    for (long j = 0; j < count; j++) y[first + j] = n > 0 ? (float)(sums[j] / n) : 0;
  }
}

CLONES void tune_spread_rows(const float *row, float *y, long n, long d, float beta) {
  for (long i = 0; i < n; i++)
    for (long j = 0; j < d; j++) y[i * d + j] = (beta == 0 ? 0 : y[i * d + j]) + row[j] / n;
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

CLONES double tune_dot(const float *x, const float *y, long count) {
  FREE_ORDER
  double sum = 0;
  for (long i = 0; i < count; i++) sum += (double)x[i] * y[i];
  return sum;
}

/// erf as a rational function on [-4, 4], beyond which it is ±1 in Float32. source: the minimax fit in Eigen and XLA
INLINE f32x16 fast_erf(f32x16 x) {
  x = where(x < -4, splat(-4), x);
  x = where(x > 4, splat(4), x);
  f32x16 s = x * x;
  f32x16 p = s * -2.72614225801306e-10f + 2.77068142495902e-08f;
  p = p * s - 2.10102402082508e-06f;
  p = p * s - 5.69250639462346e-05f;
  p = p * s - 7.34990630326855e-04f;
  p = p * s - 2.95459980854025e-03f;
  p = p * s - 1.60960333262415e-02f;
  f32x16 q = s * -1.45660718464996e-05f - 2.13374055278905e-04f;
  q = q * s - 1.68282697438203e-03f;
  q = q * s - 7.37332916720468e-03f;
  q = q * s - 1.42647390514189e-02f;
  return x * p / q;
}

INLINE void gelu(f32x16 v, f32x16 *y, f32x16 *derivative) {
  f32x16 cdf = 0.5f + 0.5f * fast_erf(v * 0.70710678118654752f);
  *y = v * cdf;
  *derivative = cdf + v * 0.39894228040143268f * fast_exp(-0.5f * v * v);
}

INLINE void gelu_tanh(f32x16 v, f32x16 *y, f32x16 *derivative) {
  const float c = 0.79788456080286536f, k = 0.044715f;
  f32x16 u = fast_tanh(c * (v + k * v * v * v));
  *y = 0.5f * v * (1 + u);
  *derivative = 0.5f * (1 + u) + 0.5f * v * (1 - u * u) * c * (1 + 3 * k * v * v);
}

INLINE void relu(f32x16 v, f32x16 *y, f32x16 *derivative) {
  *y = where(v > 0, v, splat(0));
  *derivative = where(v > 0, splat(1), splat(0));
}

/// SiLU: v·σ(v), with σ by e^(-|v|), which never overflows.
INLINE void silu(f32x16 v, f32x16 *y, f32x16 *derivative) {
  f32x16 e = fast_exp(-(f32x16)((i32x16)v & 0x7fffffff)), one = splat(1);
  f32x16 sigmoid = where(v > 0, one, e) / (1 + e);
  *y = v * sigmoid;
  *derivative = sigmoid + *y * (1 - sigmoid);
}

INLINE void tanh_activation(f32x16 v, f32x16 *y, f32x16 *derivative) {
  *y = fast_tanh(v);
  *derivative = 1 - *y * *y;
}

// Without a derivative.
INLINE void plain_tanh(f32x16 v, f32x16 *y, f32x16 *derivative) { *y = fast_tanh(v); }
INLINE void plain_exp(f32x16 v, f32x16 *y, f32x16 *derivative) { *y = fast_exp(v); }
INLINE void plain_erf(f32x16 v, f32x16 *y, f32x16 *derivative) { *y = fast_erf(v); }

/// y = f(x) and derivative = f'(x) of `count` numbers; `derivative` may be NULL. It may also be x: 16 numbers are read
/// before their derivatives are written.
#define MAP(f)                                                                        \
  INLINE void map_##f(const float *x, float *y, float *derivative, long count) {      \
    f32x16 value, slope;                                                              \
    long i = 0;                                                                       \
    for (; i + LANES <= count; i += LANES) {                                          \
      f(load(x + i), &value, &slope);                                                 \
      store(y + i, value);                                                            \
      if (derivative) store(derivative + i, slope);                                   \
    }                                                                                 \
    if (i == count) return;                                                           \
    f(load_partial(x + i, count - i), &value, &slope);                                \
    store_partial(y + i, value, count - i);                                           \
    if (derivative) store_partial(derivative + i, slope, count - i);                  \
  }
MAP(gelu)
MAP(gelu_tanh)
MAP(relu)
MAP(silu)
MAP(tanh_activation)
MAP(plain_tanh)
MAP(plain_exp)
MAP(plain_erf)

INLINE void activate(const float *x, float *y, float *derivative, long count, int activation) {
  switch (activation) {
    case TUNE_GELU: map_gelu(x, y, derivative, count); break;
    case TUNE_GELU_TANH: map_gelu_tanh(x, y, derivative, count); break;
    case TUNE_SILU: map_silu(x, y, derivative, count); break;
    case TUNE_TANH: map_tanh_activation(x, y, derivative, count); break;
    default: map_relu(x, y, derivative, count);
  }
}

CLONES void tune_activate(const float *x, float *y, float *derivative, long count, int activation) {
  activate(x, y, derivative, count, activation);
}

CLONES void tune_activate_bf16(const float *x, float *y, uint16_t *derivative, long count, int activation) {
  float chunk_derivative[512];
  for (long first = 0; first < count; first += 512) {
    long chunk = count - first < 512 ? count - first : 512;
    activate(x + first, y + first, chunk_derivative, chunk, activation);
    for (long i = 0; i < chunk; i++) derivative[first + i] = fp32_to_bf16(chunk_derivative[i]);
  }
}

enum { CHUNK = 512 };

/// `tune_activate_gated` with derivatives in one of two precisions, or in none. Each chunk is read before its results
/// are written, so y and `derivatives` may be x.
INLINE void activate_gated(const float *x, float *y, float *derivatives, uint16_t *derivatives_bf16, long n, long m,
                           int activation) {
  float f[CHUNK], slope[CHUNK], b[CHUNK];
  int saves = derivatives || derivatives_bf16;
  for (long i = 0; i < n; i++)
    for (long first = 0; first < m; first += CHUNK) {
      long count = m - first < CHUNK ? m - first : CHUNK, at = i * 2 * m + first;
      memcpy(b, x + at + m, count * sizeof(float));
      activate(x + at, f, saves ? slope : NULL, count, activation);
      for (long j = 0; j < count; j++) {
        y[i * m + first + j] = f[j] * b[j];
        if (saves) slope[j] *= b[j];
      }
      if (derivatives) {
        memcpy(derivatives + at, slope, count * sizeof(float));
        memcpy(derivatives + at + m, f, count * sizeof(float));
      } else if (derivatives_bf16) {
        for (long j = 0; j < count; j++) derivatives_bf16[at + j] = fp32_to_bf16(slope[j]);
        for (long j = 0; j < count; j++) derivatives_bf16[at + m + j] = fp32_to_bf16(f[j]);
      }
    }
}

CLONES void tune_activate_gated(const float *x, float *y, float *derivatives, long n, long m, int activation) {
  activate_gated(x, y, derivatives, NULL, n, m, activation);
}

CLONES void tune_activate_gated_bf16(const float *x, float *y, uint16_t *derivatives, long n, long m, int activation) {
  activate_gated(x, y, NULL, derivatives, n, m, activation);
}

void tune_gated_backward(const float *dy, const float *derivatives, float *dx, long n, long m, float beta) {
  for (long i = 0; i < 2 * n; i++) tune_multiply(dy + i / 2 * m, derivatives + i * m, dx + i * m, m, beta);
}

void tune_gated_backward_bf16(const float *dy, const uint16_t *derivatives, float *dx, long n, long m, float beta) {
  for (long i = 0; i < 2 * n; i++) tune_multiply_bf16(dy + i / 2 * m, derivatives + i * m, dx + i * m, m, beta);
}

CLONES void tune_tanh(const float *x, float *y, long count) { map_plain_tanh(x, y, NULL, count); }
CLONES void tune_exp(const float *x, float *y, long count) { map_plain_exp(x, y, NULL, count); }
CLONES void tune_erf(const float *x, float *y, long count) { map_plain_erf(x, y, NULL, count); }

CLONES void tune_tanh_backward(const float *y, const float *dy, float *dx, long count, float beta) {
  if (beta == 0)
    for (long i = 0; i < count; i++) dx[i] = dy[i] * (1 - y[i] * y[i]);
  else
    for (long i = 0; i < count; i++) dx[i] += dy[i] * (1 - y[i] * y[i]);
}

CLONES void tune_dropout_bits(const tune_dropout *dropout, uint32_t row, uint32_t chunk, uint32_t *bits) {
  u32x16 lanes[4];
  philox64(dropout, row, chunk, lanes);
  memcpy(bits, lanes, sizeof lanes);
}
