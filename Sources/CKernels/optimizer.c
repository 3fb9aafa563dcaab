#include "common.h"

CLONES void tune_adamw(float *restrict p, const float *restrict g, float *restrict m, float *restrict v, long count,
                       float clip, float rate1, float root2, float beta1, float beta2, float eps, float shrink) {
  // Not sqrtf: it may set errno, and a loop that calls it is not vectorised.
  for (long i = 0; i < count; i++) {
    float slope = g[i] * clip;
    m[i] = beta1 * m[i] + (1 - beta1) * slope;
    v[i] = beta2 * v[i] + (1 - beta2) * slope * slope;
    p[i] = p[i] * shrink - rate1 * m[i] / (__builtin_elementwise_sqrt(v[i]) / root2 + eps);
  }
}

CLONES void tune_sgd(float *restrict p, const float *restrict g, float *restrict m, long count, float clip, float rate,
                     float momentum, bool nesterov, float shrink) {
  if (!m) {
    for (long i = 0; i < count; i++) p[i] = p[i] * shrink - rate * (g[i] * clip);
    return;
  }
  // Nesterov's looks one step ahead: the gradient once more, and the velocity times the momentum.
  float ahead = nesterov ? momentum : 1, now = nesterov ? 1 : 0;
  for (long i = 0; i < count; i++) {
    float slope = g[i] * clip;
    m[i] = momentum * m[i] + slope;
    p[i] = p[i] * shrink - rate * (now * slope + ahead * m[i]);
  }
}

CLONES void tune_lion(float *restrict p, const float *restrict g, float *restrict m, long count, float clip, float rate,
                      float beta1, float beta2, float shrink) {
  for (long i = 0; i < count; i++) {
    float slope = g[i] * clip, toward = beta1 * m[i] + (1 - beta1) * slope;
    float sign = toward > 0 ? 1.0f : toward < 0 ? -1.0f : 0.0f;
    p[i] = p[i] * shrink - rate * sign;
    m[i] = beta2 * m[i] + (1 - beta2) * slope;
  }
}

CLONES void tune_adafactor_means(const float *restrict g, long n, long d, float clip, float share,
                                 float *restrict row_means, float *restrict column_sums) {
  FREE_ORDER
  for (long c = 0; c < d; c++) column_sums[c] = 0;
  for (long i = 0; i < n; i++, g += d) {
    float sum = 0;
    for (long c = 0; c < d; c++) {
      float slope = g[c] * clip, square = slope * slope + 1e-30f;
      sum += square;
      column_sums[c] += square;
    }
    row_means[i] = (1 - share) * row_means[i] + share * (sum / d);
  }
}

CLONES double tune_adafactor_squares(const float *restrict g, const float *restrict row_means,
                                     const float *restrict factors, long n, long d, float clip, float row_mean) {
  FREE_ORDER
  double total = 0;
  for (long i = 0; i < n; i++, g += d) {
    float factor = clip / __builtin_elementwise_sqrt(row_means[i] / row_mean), sum = 0;
    for (long c = 0; c < d; c++) {
      float update = g[c] * factor * factors[c];
      sum += update * update;
    }
    total += sum;
  }
  return total;
}

CLONES void tune_adafactor(float *restrict p, const float *restrict g, const float *restrict row_means,
                           const float *restrict factors, long n, long d, float clip, float row_mean, float rate,
                           float shrink) {
  for (long i = 0; i < n; i++, p += d, g += d) {
    float factor = clip / __builtin_elementwise_sqrt(row_means[i] / row_mean);
    for (long c = 0; c < d; c++) p[c] = p[c] * shrink - rate * (g[c] * factor * factors[c]);
  }
}

CLONES void tune_lerp(float *restrict x, const float *restrict end, long count, float share) {
  if (share < 0.5f) {
    for (long i = 0; i < count; i++) x[i] = x[i] + share * (end[i] - x[i]);
  } else {
    for (long i = 0; i < count; i++) x[i] = end[i] - (end[i] - x[i]) * (1 - share);
  }
}

CLONES void tune_swap(float *restrict x, float *restrict y, long count) {
  for (long i = 0; i < count; i++) {
    float t = x[i];
    x[i] = y[i];
    y[i] = t;
  }
}
