/// Per-column rescaling of a linear layer's output around its bias, as in DoRA.
#include "common.h"

CLONES void tune_rescale(float *restrict y, long stride, const float *restrict gain, const float *restrict bias,
                         float *restrict z, long n, long d) {
  for (long i = 0; i < n; i++)
    for (long j = 0; j < d; j++) {
      float b = bias ? bias[j] : 0, raw = y[i * stride + j] - b;
      if (z) z[i * d + j] = raw;
      y[i * stride + j] = gain[j] * raw + b;
    }
}

CLONES void tune_add_rescaled(const float *restrict z, const float *restrict base, const float *restrict gain,
                              float *restrict y, long stride, long n, long d) {
  for (long i = 0; i < n; i++)
    for (long j = 0; j < d; j++) y[i * stride + j] += gain[j] * z[i * d + j] - base[i * d + j];
}
