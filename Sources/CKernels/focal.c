/// Focal losses (Lin et al. 2017): cross-entropies in which an example counts less the more certain it already is.
#include "common.h"

/// log(1 + e^x), without overflow.
INLINE double softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }

double tune_focal_cross_entropy(float *logits, const int32_t *targets, const float *weights, long n, long classes,
                                float gamma, float norm) {
  double loss = 0;
  for (long i = 0; i < n; i++) {
    float *row = logits + i * classes;
    long target = targets[i];
    if (target < 0) {
      memset(row, 0, classes * sizeof(float));
      continue;
    }
    // The sum over the other classes, by their distance from the target's logit: 1 - p is exact also where p is near 1.
    double top = row[0], others = 0;
    for (long c = 1; c < classes; c++) top = row[c] > top ? row[c] : top;
    for (long c = 0; c < classes; c++)
      if (c != target) others += exp(row[c] - top);
    double own = exp(row[target] - top), sum = own + others, p = own / sum, q = others / sum;
    double minus_log_p = q < 0.5 ? -log1p(-q) : top + log(sum) - row[target];
    double weight = weights ? weights[target] : 1, factor = q > 0 ? pow(q, gamma) : 0;
    loss += weight * factor * minus_log_p + (row[target] - row[target]);  // NaN if the logit is not finite
    // d loss / d log p, divided by q: dx_target = slope·q, dx_c = -slope·p_c
    double slope = q > 0 ? -weight * factor * (gamma * p * minus_log_p / q + 1) / norm : 0;
    for (long c = 0; c < classes; c++) row[c] = (float)(-slope * exp(row[c] - top) / sum);
    row[target] = (float)(slope * q);
  }
  return loss / norm;
}

double tune_focal_binary_cross_entropy(float *logits, const float *targets, const float *positive_weights, long n,
                                       long classes, float gamma, float norm) {
  double loss = 0, scale = 1 / ((double)norm * classes);
  for (long i = 0; i < n * classes; i++) {
    double x = logits[i], y = targets[i], weight = positive_weights ? positive_weights[i % classes] : 1;
    if (isnan(y)) {
      logits[i] = 0;
      continue;
    }
    double p = 1 / (1 + exp(-x)), q = 1 / (1 + exp(x));
    double applies = pow(q, gamma), not = pow(p, gamma);
    loss += weight * y * applies * softplus(-x) + (1 - y) * not * softplus(x);
    logits[i] = (float)(scale * ((1 - y) * not * (gamma * q * softplus(x) + p) -
                                 weight * y * applies * (gamma * p * softplus(-x) + q)));
  }
  return loss * scale;
}
