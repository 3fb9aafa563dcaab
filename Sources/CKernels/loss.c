/// Losses of classes, sets of classes and numbers. Their gradients overwrite the logits.
#include "common.h"

/// Replaces a row of logits by its softmax; returns log Σ e^logit.
INLINE float softmax_row(float *row, long classes) {
  FREE_ORDER
  long whole = classes / LANES * LANES, rest = classes - whole;
  float top = row[0];
  for (long c = 1; c < classes; c++) top = row[c] > top ? row[c] : top;
  f32x16 sums = {};
  for (long c = 0; c < whole; c += LANES) {
    f32x16 e = fast_exp(load(row + c) - top);
    sums += e;
    store(row + c, e);
  }
  if (rest > 0) {
    f32x16 e = fast_exp(load_partial(row + whole, rest) - top);
    sums += where(first_lanes(rest), e, splat(0));
    store_partial(row + whole, e, rest);
  }
  float sum = reduce_sum(sums);
  float inverse = 1 / sum;
  for (long c = 0; c < classes; c++) row[c] *= inverse;
  return top + logf(sum);
}

/// Σ weights·logits of one row; `weights` may be NULL: then each is 1.
INLINE float weighted_sum(const float *row, const float *weights, long classes) {
  FREE_ORDER
  float sum = 0;
  if (weights)
    for (long c = 0; c < classes; c++) sum += weights[c] * row[c];
  else
    for (long c = 0; c < classes; c++) sum += row[c];
  return sum;
}

CLONES double tune_cross_entropy(float *logits, const int32_t *targets, const float *weights, long n, long classes,
                                 float smoothing, float norm) {
  double loss = 0;
  float total_weight = classes, smoothing_per_class = smoothing / classes;
  if (weights) {
    total_weight = 0;
    for (long c = 0; c < classes; c++) total_weight += weights[c];
  }
  for (long i = 0; i < n; i++) {
    float *row = logits + i * classes;
    long target = targets[i];
    if (target < 0) {
      memset(row, 0, classes * sizeof(float));
      continue;
    }
    if (classes == 1) {
      // The softmax of one class is constant. AdamW would turn what rounding leaves of its gradient into full steps.
      loss += row[0] - row[0];  // 0; NaN if the logit is not finite
      row[0] = 0;
      continue;
    }
    float target_weight = (1 - smoothing) * (weights ? weights[target] : 1), target_logit = row[target];
    float logit_sum = smoothing_per_class > 0 ? weighted_sum(row, weights, classes) : 0;
    float lse = softmax_row(row, classes);
    loss += target_weight * (lse - target_logit) + smoothing_per_class * (total_weight * lse - logit_sum);
    float scale = (target_weight + smoothing_per_class * total_weight) / norm, offset = smoothing_per_class / norm;
    if (weights)
      for (long c = 0; c < classes; c++) row[c] = row[c] * scale - offset * weights[c];
    else
      for (long c = 0; c < classes; c++) row[c] = row[c] * scale - offset;
    row[target] -= target_weight / norm;
  }
  return loss / norm;
}

/// log(1 + e^x), without overflow.
INLINE float softplus(float x) { return (x > 0 ? x : 0) + log1pf(expf(-fabsf(x))); }
INLINE float sigmoid(float x) {
  float e = expf(-fabsf(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

double tune_binary_cross_entropy(float *logits, const float *targets, const float *positive_weights, long n,
                                 long classes, float norm) {
  double loss = 0;
  float scale = 1 / (norm * classes);
  for (long i = 0; i < n * classes; i++) {
    float x = logits[i], y = targets[i], weight = positive_weights ? positive_weights[i % classes] : 1;
    if (isnan(y)) {
      logits[i] = 0;
      continue;
    }
    loss += weight * y * softplus(-x) + (1 - y) * softplus(x);
    logits[i] = scale * ((1 - y) * sigmoid(x) - weight * y * sigmoid(-x));
  }
  return loss * scale;
}

double tune_binary_divergence(const float *logits, const float *teacher, float *gradient, long n, long classes,
                              float inverse_temperature, float gradient_scale) {
  double sum = 0;
  for (long i = 0; i < n * classes; i++) {
    float x = logits[i] * inverse_temperature, t = teacher[i] * inverse_temperature, q = sigmoid(t);
    sum += q * (softplus(-x) - softplus(-t)) + (1 - q) * (softplus(x) - softplus(t));
    if (gradient) gradient[i] = gradient_scale / classes * (sigmoid(x) - q);
  }
  return sum / classes;
}

double tune_mean_squared_error(float *logits, const float *targets, long n, float norm) {
  double loss = 0;
  for (long i = 0; i < n; i++) {
    float difference = isnan(targets[i]) ? 0 : logits[i] - targets[i];
    loss += (double)difference * difference;
    logits[i] = 2 * difference / norm;
  }
  return loss / norm;
}
