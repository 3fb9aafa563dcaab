#include "common.h"

CLONES void tune_scale_columns(const float *x, long xstride, const float *gain, float *y, long ystride, long n, long d,
                       float beta) {
  for (long i = 0; i < n; i++) {
    const float *from = x + i * xstride;
    float *to = y + i * ystride;
    if (beta == 0)
      for (long j = 0; j < d; j++) to[j] = gain[j] * from[j];
    else
      for (long j = 0; j < d; j++) to[j] = gain[j] * from[j] + beta * to[j];
  }
}

CLONES void tune_column_dots(const float *restrict x, long xstride, const float *restrict y, long ystride,
                      float *restrict sums, long n, long d, float beta) {
  if (beta == 0) memset(sums, 0, d * sizeof(float));
  for (long i = 0; i < n; i++)
    for (long j = 0; j < d; j++) sums[j] += x[i * xstride + j] * y[i * ystride + j];
}
