/// A linear-chain CRF, in Double.
#include "common.h"

/// log Σ e^x over c numbers.
INLINE double log_sum_exp(const double *x, long c) {
  double top = x[0], sum = 0;
  for (long i = 1; i < c; i++) top = x[i] > top ? x[i] : top;
  for (long i = 0; i < c; i++) sum += exp(x[i] - top);
  return top + log(sum);
}

double tune_chain(float *emissions, const int32_t *tags, const float *start, const float *transitions,
                  const float *end, double *gradients, double *scratch, long n, long c, float scale) {
  double *alpha = scratch, *beta = alpha + n * c, *next = beta + c, *sums = next + c;
  double *dstart = gradients, *dtransitions = dstart + c, *dend = dtransitions + c * c;
  if (c == 1) {
    // There is one sequence of tags. AdamW would turn what rounding leaves of its gradient into full steps.
    double zero = 0;  // NaN if an emission is not finite
    for (long t = 0; t < n; t++) zero += emissions[t] - emissions[t], emissions[t] = 0;
    return zero;
  }
  // alpha[t, j] = log Σ of the scores of all tags of words 0…t that end with j
  for (long j = 0; j < c; j++) alpha[j] = (double)start[j] + emissions[j];
  for (long t = 1; t < n; t++)
    for (long j = 0; j < c; j++) {
      for (long i = 0; i < c; i++) sums[i] = alpha[(t - 1) * c + i] + transitions[i * c + j];
      alpha[t * c + j] = log_sum_exp(sums, c) + emissions[t * c + j];
    }
  for (long j = 0; j < c; j++) sums[j] = alpha[(n - 1) * c + j] + end[j];
  double log_z = log_sum_exp(sums, c);

  double score = (double)start[tags[0]] + end[tags[n - 1]];
  for (long t = 0; t < n; t++) {
    score += emissions[t * c + tags[t]];
    if (t > 0) score += transitions[tags[t - 1] * c + tags[t]];
  }
  // beta[i] = log Σ of the scores of all tags of words t+1… after tag i of word t
  for (long j = 0; j < c; j++) beta[j] = end[j];
  for (long t = n - 1; t >= 0; t--) {
    float *row = emissions + t * c;
    if (t > 0) {
      for (long j = 0; j < c; j++) next[j] = row[j] + beta[j];
      for (long i = 0; i < c; i++)
        for (long j = 0; j < c; j++)
          dtransitions[i * c + j] += exp(alpha[(t - 1) * c + i] + transitions[i * c + j] + next[j] - log_z);
      dtransitions[tags[t - 1] * c + tags[t]] -= 1;
    }
    for (long j = 0; j < c; j++) {
      double gradient = exp(alpha[t * c + j] + beta[j] - log_z) - (j == tags[t]);
      row[j] = (float)(gradient * scale);
      if (t == 0) dstart[j] += gradient;
      if (t == n - 1) dend[j] += gradient;
    }
    if (t > 0)
      for (long i = 0; i < c; i++) {
        for (long j = 0; j < c; j++) sums[j] = transitions[i * c + j] + next[j];
        beta[i] = log_sum_exp(sums, c);
      }
  }
  return log_z - score;
}
