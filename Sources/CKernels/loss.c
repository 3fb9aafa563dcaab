#include "common.h"

/// A row of logits becomes its softmax; returns log Σ e^logit.
INLINE float soften(float *row, long classes) {
  FREE_ORDER
  float top = row[0], sum = 0;
  for (long c = 1; c < classes; c++) top = row[c] > top ? row[c] : top;
  for (long c = 0; c < classes; c++) {
    row[c] = fast_exp(row[c] - top);
    sum += row[c];
  }
  float inverse = 1 / sum;
  for (long c = 0; c < classes; c++) row[c] *= inverse;
  return top + logf(sum);
}

CLONES double tune_cross_entropy(float *logits, const int32_t *targets, const float *weights, long n, long classes,
                                 float smoothing, float norm) {
  double loss = 0;
  float all = 0;
  for (long c = 0; c < classes; c++) all += weights ? weights[c] : 1;
  float share = smoothing / classes;
  for (long i = 0; i < n; i++) {
    float *row = logits + i * classes;
    long target = targets[i];
    if (target < 0) {
      memset(row, 0, classes * sizeof(float));
      continue;
    }
    float own = (1 - smoothing) * (weights ? weights[target] : 1), aim = row[target], smooth = 0;
    if (share > 0)
      for (long c = 0; c < classes; c++) smooth += (weights ? weights[c] : 1) * row[c];
    float lse = soften(row, classes);
    loss += own * (lse - aim) + share * (all * lse - smooth);
    float slope = (own + share * all) / norm;
    for (long c = 0; c < classes; c++) row[c] = row[c] * slope - share * (weights ? weights[c] : 1) / norm;
    row[target] -= own / norm;
  }
  return loss / norm;
}

CLONES void tune_softmax(float *logits, long n, long classes) {
  for (long i = 0; i < n; i++) soften(logits + i * classes, classes);
}
