/// Layer normalization, with the residual addition and the dropout in front of it, and its gradient.
#include "common.h"

CLONES void tune_add_norm(const float *x, const float *residual, const float *gain, const float *bias, float *z,
                          float *y, float *mean, float *rstd, long n, long d, float eps, const tune_dropout *dropout) {
  FREE_ORDER
  for (long i = 0; i < n; i++) {
    const float *xi = x + i * d;
    float *zi = (z ? z : y) + i * d, *yi = y + i * d;
    if (dropout) {
      dropout_row(dropout, (uint32_t)i, xi, zi, d);
      if (residual) for (long j = 0; j < d; j++) zi[j] += residual[i * d + j];
    } else if (residual) {
      for (long j = 0; j < d; j++) zi[j] = xi[j] + residual[i * d + j];
    } else if (zi != xi) {
      memcpy(zi, xi, d * sizeof(float));
    }
    float sum = 0, squares = 0;
    for (long j = 0; j < d; j++) sum += zi[j];
    float m = sum / d;
    for (long j = 0; j < d; j++) squares += (zi[j] - m) * (zi[j] - m);
    float r = 1 / sqrtf(squares / d + eps);  // eps inside the root, as in BERT
    if (!bias)
      for (long j = 0; j < d; j++) yi[j] = (zi[j] - m) * r * gain[j];
    else if (z)
      for (long j = 0; j < d; j++) yi[j] = (zi[j] - m) * r * gain[j] + bias[j];
    else  // in place; separate, because a loop over arrays that may overlap is not vectorized
      for (long j = 0; j < d; j++) yi[j] = (yi[j] - m) * r * gain[j] + bias[j];
    mean[i] = m;
    rstd[i] = r;
  }
}

CLONES void tune_add_residual(const float *x, const float *residual, float *z, long n, long d,
                              const tune_dropout *dropout) {
  for (long i = 0; i < n; i++) {
    const float *xi = x + i * d, *ri = residual + i * d;
    float *zi = z + i * d;
    if (dropout) dropout_row(dropout, (uint32_t)i, xi, zi, d);
    const float *term = dropout ? zi : xi;
    for (long j = 0; j < d; j++) zi[j] = term[j] + ri[j];
  }
}

CLONES void tune_norm_backward(const float *dy, const float *z, const float *mean, const float *rstd,
                               const float *gain, float *dz, float *dgain, float *dbias, long n, long d) {
  FREE_ORDER
  for (long i = 0; i < n; i++) {
    const float *dyi = dy + i * d, *zi = z + i * d;
    float *dzi = dz + i * d, m = mean[i], r = rstd[i], sum = 0, dot = 0;
    for (long j = 0; j < d; j++) {
      float g = dyi[j] * gain[j];
      sum += g;
      dot += g * (zi[j] - m);
    }
    sum /= d;
    dot *= r * r / d;
    for (long j = 0; j < d; j++) dzi[j] = r * (dyi[j] * gain[j] - sum - (zi[j] - m) * dot);
    if (dgain) for (long j = 0; j < d; j++) dgain[j] += dyi[j] * (zi[j] - m) * r;
    if (dbias) for (long j = 0; j < d; j++) dbias[j] += dyi[j];
  }
}
