/// Squared error and cosine distance between two matrices, and their gradients. Sums run in Double, because
/// a small distance is the difference of large terms.
#include "common.h"

CLONES double tune_squared_error(const float *x, const float *t, float *dx, long count, float gradient_scale,
                                 float beta) {
  FREE_ORDER
  double total = 0;
  for (long i = 0; i < count; i++) {
    double gap = (double)x[i] - t[i];
    total += gap * gap;
  }
  if (dx && beta == 0)
    for (long i = 0; i < count; i++) dx[i] = gradient_scale * (x[i] - t[i]);
  else if (dx)
    for (long i = 0; i < count; i++) dx[i] += gradient_scale * (x[i] - t[i]);
  return total;
}

/// x·t, |x|² + eps and |t|² + eps.
INLINE void dot_and_norms(const float *x, const float *t, long d, double *dot, double *x2, double *t2) {
  FREE_ORDER
  double xt = 0, xx = 0, tt = 0;
  for (long c = 0; c < d; c++) {
    double a = x[c], b = t[c];
    xt += a * b;
    xx += a * a;
    tt += b * b;
  }
  // torch's CosineEmbeddingLoss also adds eps to each squared norm.
  *dot = xt;
  *x2 = xx + 1e-12;
  *t2 = tt + 1e-12;
}

CLONES double tune_cosine_distance(const float *x, const float *t, float *dx, long n, long d, float gradient_scale,
                                   float beta) {
  double loss = 0;
  for (long i = 0; i < n; i++) {
    const float *a = x + i * d, *b = t + i * d;
    double dot, x2, t2;
    dot_and_norms(a, b, d, &dot, &x2, &t2);
    double norms = sqrt(x2 * t2);
    loss += 1 - dot / norms;
    if (!dx) continue;
    // gradient_scale·(x·(x·t)/|x|² - t)/(|x||t|), as one difference, which is exactly 0 where x = t.
    float factor = (float)(gradient_scale / norms), projection = (float)(dot / x2);
    float *y = dx + i * d;
    if (beta == 0)
      for (long c = 0; c < d; c++) y[c] = factor * (projection * a[c] - b[c]);
    else
      for (long c = 0; c < d; c++) y[c] += factor * (projection * a[c] - b[c]);
  }
  return loss;
}
