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
  for (long i = 0; i < count; i++) y[i] = narrow(x[i]);
}

CLONES void tune_bf16_to_fp32(const uint16_t *restrict x, float *restrict y, long count) {
  for (long i = 0; i < count; i++) y[i] = widen(x[i]);
}

CLONES void tune_multiply_bf16(const float *a, const uint16_t *b, float *restrict y, long count, float beta) {
  if (beta == 0)
    for (long i = 0; i < count; i++) y[i] = a[i] * widen(b[i]);
  else
    for (long i = 0; i < count; i++) y[i] += a[i] * widen(b[i]);
}

CLONES void tune_apply_dropout(const float *x, float *y, long n, long d, const tune_dropout *dropout) {
  for (long i = 0; i < n; i++) drop_row(dropout, (uint32_t)i, x + i * d, y + i * d, d);
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

/// tanh through e^(-2|x|); near 0 the odd series, where the quotient would lose digits.
INLINE lanes fast_tanh(lanes x) {
  lanes a = (lanes)((ints)x & 0x7fffffff), e = fast_exp(-2 * a);
  lanes quotient = (1 - e) / (1 + e), s = x * x;
  lanes series = a * (1 + s * (-1.0f / 3 + s * (2.0f / 15 - s * (17.0f / 315))));
  return (lanes)((ints)choose(a < 0.1f, series, quotient) | ((ints)x & INT32_MIN));
}

/// erf(x) as a rational function on [-4, 4], beyond which it is ±1 in Float32 (the minimax fit of Eigen and XLA).
INLINE lanes fast_erf(lanes x) {
  x = choose(x < -4, splat(-4), x);
  x = choose(x > 4, splat(4), x);
  lanes s = x * x;
  lanes p = s * -2.72614225801306e-10f + 2.77068142495902e-08f;
  p = p * s - 2.10102402082508e-06f;
  p = p * s - 5.69250639462346e-05f;
  p = p * s - 7.34990630326855e-04f;
  p = p * s - 2.95459980854025e-03f;
  p = p * s - 1.60960333262415e-02f;
  lanes q = s * -1.45660718464996e-05f - 2.13374055278905e-04f;
  q = q * s - 1.68282697438203e-03f;
  q = q * s - 7.37332916720468e-03f;
  q = q * s - 1.42647390514189e-02f;
  return x * p / q;
}

INLINE void gelu(lanes v, lanes *y, lanes *slope) {
  lanes area = 0.5f + 0.5f * fast_erf(v * 0.70710678118654752f);
  *y = v * area;
  *slope = area + v * 0.39894228040143268f * fast_exp(-0.5f * v * v);
}

INLINE void gelu_tanh(lanes v, lanes *y, lanes *slope) {
  const float c = 0.79788456080286536f, k = 0.044715f;
  lanes u = fast_tanh(c * (v + k * v * v * v));
  *y = 0.5f * v * (1 + u);
  *slope = 0.5f * (1 + u) + 0.5f * v * (1 - u * u) * c * (1 + 3 * k * v * v);
}

INLINE void relu(lanes v, lanes *y, lanes *slope) {
  *y = choose(v > 0, v, splat(0));
  *slope = choose(v > 0, splat(1), splat(0));
}

/// σ through e^(-|v|), which never overflows.
INLINE void silu(lanes v, lanes *y, lanes *slope) {
  lanes e = fast_exp(-(lanes)((ints)v & 0x7fffffff)), one = splat(1);
  lanes share = choose(v > 0, one, e) / (1 + e);
  *y = v * share;
  *slope = share + *y * (1 - share);
}

INLINE void squash(lanes v, lanes *y, lanes *slope) {
  *y = fast_tanh(v);
  *slope = 1 - *y * *y;
}

INLINE void only_tanh(lanes v, lanes *y, lanes *slope) { *y = fast_tanh(v); }
INLINE void only_exp(lanes v, lanes *y, lanes *slope) { *y = fast_exp(v); }
INLINE void only_erf(lanes v, lanes *y, lanes *slope) { *y = fast_erf(v); }

/// y = f(x) and slope = f'(x) of `count` numbers. All of x's lanes are read before slope's are written: it may be x.
#define SWEEP(f)                                                                      \
  INLINE void sweep_##f(const float *x, float *y, float *slope, long count) {         \
    lanes to, by;                                                                     \
    long i = 0;                                                                       \
    for (; i + LANES <= count; i += LANES) {                                          \
      f(load(x + i), &to, &by);                                                       \
      store(y + i, to);                                                               \
      if (slope) store(slope + i, by);                                                \
    }                                                                                 \
    if (i == count) return;                                                           \
    f(load_some(x + i, count - i), &to, &by);                                         \
    store_some(y + i, to, count - i);                                                 \
    if (slope) store_some(slope + i, by, count - i);                                  \
  }
SWEEP(gelu)
SWEEP(gelu_tanh)
SWEEP(relu)
SWEEP(silu)
SWEEP(squash)
SWEEP(only_tanh)
SWEEP(only_exp)
SWEEP(only_erf)

INLINE void activate(const float *x, float *y, float *slope, long count, int activation) {
  switch (activation) {
    case TUNE_GELU: sweep_gelu(x, y, slope, count); break;
    case TUNE_GELU_TANH: sweep_gelu_tanh(x, y, slope, count); break;
    case TUNE_SILU: sweep_silu(x, y, slope, count); break;
    case TUNE_TANH: sweep_squash(x, y, slope, count); break;
    default: sweep_relu(x, y, slope, count);
  }
}

CLONES void tune_activate(const float *x, float *y, float *slope, long count, int activation) {
  activate(x, y, slope, count, activation);
}

CLONES void tune_activate_bf16(const float *x, float *y, uint16_t *slope, long count, int activation) {
  float piece[512];
  for (long first = 0; first < count; first += 512) {
    long here = count - first < 512 ? count - first : 512;
    activate(x + first, y + first, piece, here, activation);
    for (long i = 0; i < here; i++) slope[first + i] = narrow(piece[i]);
  }
}

CLONES void tune_tanh(const float *x, float *y, long count) { sweep_only_tanh(x, y, NULL, count); }
CLONES void tune_exp(const float *x, float *y, long count) { sweep_only_exp(x, y, NULL, count); }
CLONES void tune_erf(const float *x, float *y, long count) { sweep_only_erf(x, y, NULL, count); }

CLONES void tune_tanh_backward(const float *y, const float *dy, float *dx, long count, float beta) {
  if (beta == 0)
    for (long i = 0; i < count; i++) dx[i] = dy[i] * (1 - y[i] * y[i]);
  else
    for (long i = 0; i < count; i++) dx[i] += dy[i] * (1 - y[i] * y[i]);
}

CLONES void tune_dropout_bits(const tune_dropout *dropout, uint32_t row, uint32_t chunk, uint32_t *drawn) {
  words w[4];
  random64(dropout, row, chunk, w);
  memcpy(drawn, w, sizeof w);
}
