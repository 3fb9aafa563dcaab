#include "common.h"

/// A row of logits becomes its softmax; returns log Σ e^logit.
INLINE float soften(float *row, long classes) {
  FREE_ORDER
  long full = classes / LANES * LANES, rest = classes - full;
  float top = row[0];
  for (long c = 1; c < classes; c++) top = row[c] > top ? row[c] : top;
  lanes sums = {};
  for (long c = 0; c < full; c += LANES) {
    lanes e = fast_exp(load(row + c) - top);
    sums += e;
    store(row + c, e);
  }
  if (rest > 0) {
    lanes e = fast_exp(load_some(row + full, rest) - top);
    sums += choose(first_lanes(rest), e, splat(0));
    store_some(row + full, e, rest);
  }
  float sum = sum_lanes(sums);
  float inverse = 1 / sum;
  for (long c = 0; c < classes; c++) row[c] *= inverse;
  return top + logf(sum);
}

/// Σ weights·logits of one row; all weights are 1 where there are none.
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
  float all = classes, share = smoothing / classes;
  if (weights) {
    all = 0;
    for (long c = 0; c < classes; c++) all += weights[c];
  }
  for (long i = 0; i < n; i++) {
    float *row = logits + i * classes;
    long target = targets[i];
    if (target < 0) {
      memset(row, 0, classes * sizeof(float));
      continue;
    }
    float own = (1 - smoothing) * (weights ? weights[target] : 1), aim = row[target];
    float smooth = share > 0 ? weighted_sum(row, weights, classes) : 0;
    float lse = soften(row, classes);
    loss += own * (lse - aim) + share * (all * lse - smooth);
    float slope = (own + share * all) / norm, even = share / norm;
    if (weights)
      for (long c = 0; c < classes; c++) row[c] = row[c] * slope - even * weights[c];
    else
      for (long c = 0; c < classes; c++) row[c] = row[c] * slope - even;
    row[target] -= own / norm;
  }
  return loss / norm;
}
