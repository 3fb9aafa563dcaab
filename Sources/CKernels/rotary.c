/// Rotary position embeddings.
#include "common.h"

/// One head: the pairs (x[i], x[i + half]) are rotated; y may be x.
INLINE void rotate_head(const float *x, const float *cosines, const float *sines, float *y, long half, float direction,
                        float beta) {
  for (long i = 0; i < half; i++) {
    float a = x[i], b = x[i + half], c = cosines[i], s = direction * sines[i];
    float first = a * c - b * s, second = b * c + a * s;
    y[i] = beta == 0 ? first : y[i] + first;
    y[i + half] = beta == 0 ? second : y[i + half] + second;
  }
}

CLONES void tune_rotate(const float *x, const float *table, const int32_t *positions, float *y, long n, long d,
                        long head_size, float direction, float beta) {
  long half = head_size / 2;
  for (long i = 0; i < n; i++) {
    const float *cosines = table + positions[i] * head_size, *xi = x + i * 3 * d;
    float *yi = y + i * 3 * d;
    for (long head = 0; head < 2 * d; head += head_size)
      rotate_head(xi + head, cosines, cosines + half, yi + head, half, direction, beta);
    if (xi == yi) continue;
    for (long j = 2 * d; j < 3 * d; j++) yi[j] = beta == 0 ? xi[j] : yi[j] + xi[j];
  }
}
