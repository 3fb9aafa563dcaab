#include "common.h"

CLONES void tune_embed(const tune_matrix *words, int rounded, const float *positions, const float *types,
                       const int32_t *ids, const int32_t *places, const int32_t *kinds, float *y, long n, long d) {
  for (long i = 0; i < n; i++) {
    long word = ids[i] < 0 ? 0 : (long)ids[i] * words->stride;
    const float *w = (const float *)words->base + word;
    const float *p = positions + (long)places[i] * d;
    float *row = y + i * d;
    if (ids[i] < 0) {
      memset(row, 0, d * sizeof(float));
    } else if (words->half) {
      const uint16_t *half = (const uint16_t *)words->base + word;
      for (long j = 0; j < d; j++) row[j] = widen(half[j]);
    } else if (rounded) {
      for (long j = 0; j < d; j++) row[j] = widen(narrow(w[j]));
    } else {
      for (long j = 0; j < d; j++) row[j] = w[j];
    }
    if (types) {
      const float *t = types + (long)kinds[i] * d;
      for (long j = 0; j < d; j++) row[j] = row[j] + t[j] + p[j];
    } else {
      for (long j = 0; j < d; j++) row[j] += p[j];
    }
  }
}

CLONES void tune_scatter_add(const float *dy, const int32_t *ids, float *table, long n, long d) {
  for (long i = 0; i < n; i++) {
    if (ids[i] < 0) continue;
    float *row = table + (long)ids[i] * d;
    for (long j = 0; j < d; j++) row[j] += dy[i * d + j];
  }
}
