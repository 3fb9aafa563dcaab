/// Optimizer updates: AdamW, SGD, Lion and Adafactor. Also the interpolation and the swap that weight averages use.
#include "common.h"

CLONES void tune_adamw(float *restrict p, const float *restrict g, float *restrict m, float *restrict v, long count,
                       float clip_factor, float step_size, float bias_correction2_sqrt, float beta1, float beta2,
                       float eps, float decay_factor) {
  // Not sqrtf: it may set errno, and a loop that calls it is not vectorized.
  for (long i = 0; i < count; i++) {
    float gradient = g[i] * clip_factor;
    m[i] = beta1 * m[i] + (1 - beta1) * gradient;
    v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
    p[i] = p[i] * decay_factor - step_size * m[i] / (__builtin_elementwise_sqrt(v[i]) / bias_correction2_sqrt + eps);
  }
}

CLONES void tune_sgd(float *restrict p, const float *restrict g, float *restrict m, long count, float clip_factor,
                     float learning_rate, float momentum, bool nesterov, float decay_factor) {
  if (!m) {
    for (long i = 0; i < count; i++) p[i] = p[i] * decay_factor - learning_rate * (g[i] * clip_factor);
    return;
  }
  // Nesterov: the update is g + momentum·m instead of m.
  float momentum_weight = nesterov ? momentum : 1, gradient_weight = nesterov ? 1 : 0;
  for (long i = 0; i < count; i++) {
    float gradient = g[i] * clip_factor;
    m[i] = momentum * m[i] + gradient;
    p[i] = p[i] * decay_factor - learning_rate * (gradient_weight * gradient + momentum_weight * m[i]);
  }
}

CLONES void tune_lion(float *restrict p, const float *restrict g, float *restrict m, long count, float clip_factor,
                      float learning_rate, float beta1, float beta2, float decay_factor) {
  for (long i = 0; i < count; i++) {
    float gradient = g[i] * clip_factor, direction = beta1 * m[i] + (1 - beta1) * gradient;
    float sign = direction > 0 ? 1.0f : direction < 0 ? -1.0f : 0.0f;
    p[i] = p[i] * decay_factor - learning_rate * sign;
    m[i] = beta2 * m[i] + (1 - beta2) * gradient;
  }
}

CLONES void tune_adafactor_means(const float *restrict g, long n, long d, float clip_factor, float weight,
                                 float *restrict row_means, float *restrict column_sums) {
  FREE_ORDER
  for (long c = 0; c < d; c++) column_sums[c] = 0;
  for (long i = 0; i < n; i++, g += d) {
    float sum = 0;
    for (long c = 0; c < d; c++) {
      float gradient = g[c] * clip_factor, square = gradient * gradient + 1e-30f;
      sum += square;
      column_sums[c] += square;
    }
    row_means[i] = (1 - weight) * row_means[i] + weight * (sum / d);
  }
}

CLONES double tune_adafactor_squares(const float *restrict g, const float *restrict row_means,
                                     const float *restrict column_factors, long n, long d, float clip_factor,
                                     float row_mean) {
  FREE_ORDER
  double total = 0;
  for (long i = 0; i < n; i++, g += d) {
    float factor = clip_factor / __builtin_elementwise_sqrt(row_means[i] / row_mean), sum = 0;
    for (long c = 0; c < d; c++) {
      float update = g[c] * factor * column_factors[c];
      sum += update * update;
    }
    total += sum;
  }
  return total;
}

CLONES void tune_adafactor(float *restrict p, const float *restrict g, const float *restrict row_means,
                           const float *restrict column_factors, long n, long d, float clip_factor, float row_mean,
                           float learning_rate, float decay_factor) {
  for (long i = 0; i < n; i++, p += d, g += d) {
    float factor = clip_factor / __builtin_elementwise_sqrt(row_means[i] / row_mean);
    for (long c = 0; c < d; c++) p[c] = p[c] * decay_factor - learning_rate * (g[c] * factor * column_factors[c]);
  }
}

CLONES void tune_lerp(float *restrict x, const float *restrict end, long count, float weight) {
  if (weight < 0.5f) {
    for (long i = 0; i < count; i++) x[i] = x[i] + weight * (end[i] - x[i]);
  } else {
    for (long i = 0; i < count; i++) x[i] = end[i] - (end[i] - x[i]) * (1 - weight);
  }
}

CLONES void tune_swap(float *restrict x, float *restrict y, long count) {
  for (long i = 0; i < count; i++) {
    float t = x[i];
    x[i] = y[i];
    y[i] = t;
  }
}
