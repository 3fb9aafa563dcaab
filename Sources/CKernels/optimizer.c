#include "common.h"

CLONES void tune_adamw(float *restrict p, const float *restrict g, float *restrict m, float *restrict v, long count,
                       float clip, float rate1, float root2, float beta1, float beta2, float eps, float shrink) {
  // Not sqrtf: it may set errno, and a loop that calls it is not vectorised.
  for (long i = 0; i < count; i++) {
    float slope = g[i] * clip;
    m[i] = beta1 * m[i] + (1 - beta1) * slope;
    v[i] = beta2 * v[i] + (1 - beta2) * slope * slope;
    p[i] = p[i] * shrink - rate1 * m[i] / (__builtin_elementwise_sqrt(v[i]) / root2 + eps);
  }
}
