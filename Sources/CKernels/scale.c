/// Per-column scaling of strided matrices, and the dot products of columns that are its gradient.
#include "common.h"

CLONES void tune_scale_columns(const float *x, long x_stride, const float *gain, float *y, long y_stride, long n,
                               long d, float beta) {
  for (long i = 0; i < n; i++) {
    const float *from = x + i * x_stride;
    float *to = y + i * y_stride;
    if (beta == 0)
      for (long j = 0; j < d; j++) to[j] = gain[j] * from[j];
    else
      for (long j = 0; j < d; j++) to[j] = gain[j] * from[j] + beta * to[j];
  }
}

CLONES void tune_column_dots(const float *restrict x, long x_stride, const float *restrict y, long y_stride,
                             float *restrict sums, long n, long d, float beta) {
  if (beta == 0) memset(sums, 0, d * sizeof(float));
  for (long i = 0; i < n; i++)
    for (long j = 0; j < d; j++) sums[j] += x[i * x_stride + j] * y[i * y_stride + j];
}
