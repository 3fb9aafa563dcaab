/// Embedding lookup (word + position + token type), and the scatter-add of its gradient.
#include "common.h"

/// y [d] += row `index` of a table.
INLINE void add_row(const float *table, long index, float *y, long d) {
  for (long j = 0; j < d; j++) y[j] += table[index * d + j];
}

CLONES void tune_embed(const tune_matrix *word_embeddings, int round_to_bf16, const float *position_embeddings,
                       const float *token_type_embeddings, const int32_t *token_ids, const int32_t *position_ids,
                       const int32_t *token_type_ids, float *y, long n, long d) {
  for (long i = 0; i < n; i++) {
    long offset = token_ids[i] < 0 ? 0 : (long)token_ids[i] * word_embeddings->stride;
    const float *w = (const float *)word_embeddings->base + offset;
    float *row = y + i * d;
    if (token_ids[i] == TUNE_ROW_IS_SET) {
      // The sum begins with what y has.
    } else if (token_ids[i] < 0) {
      memset(row, 0, d * sizeof(float));
    } else if (word_embeddings->bf16) {
      const uint16_t *bf16 = (const uint16_t *)word_embeddings->base + offset;
      for (long j = 0; j < d; j++) row[j] = bf16_to_fp32(bf16[j]);
    } else if (round_to_bf16) {
      for (long j = 0; j < d; j++) row[j] = bf16_to_fp32(fp32_to_bf16(w[j]));
    } else {
      for (long j = 0; j < d; j++) row[j] = w[j];
    }
    if (token_type_embeddings) add_row(token_type_embeddings, token_type_ids[i], row, d);
    if (position_embeddings) add_row(position_embeddings, position_ids[i], row, d);
  }
}

CLONES void tune_scatter_add(const float *dy, const int32_t *ids, float *table, long n, long d) {
  for (long i = 0; i < n; i++) {
    if (ids[i] < 0) continue;
    float *row = table + (long)ids[i] * d;
    for (long j = 0; j < d; j++) row[j] += dy[i * d + j];
  }
}
