/// Scaled dot-product attention over one packed sequence, a head at a time. Probabilities are never kept: forward leaves
/// one log-sum-exp per row and head, from which backward makes them again (Dao et al. 2022, FlashAttention, alg. 4).
#include "common.h"

enum { ROWS = 4, BLOCK = 32 };

/// One tile of C, `rows` × (vectors·16): A's element (i, p) is a[i·ai + p·ap]; B is row-major.
#define TILE(rows, vectors)                                                                            \
  {                                                                                                    \
    lanes sum[rows][vectors];                                                                          \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++) sum[r][q] = add ? load(c + (i + r) * ldc + j + q * LANES) : (lanes){0}; \
    for (long p = 0; p < k; p++)                                                                       \
      for (int r = 0; r < rows; r++) {                                                                 \
        float left = a[(i + r) * ai + p * ap];                                                         \
        for (int q = 0; q < vectors; q++) sum[r][q] += left * load(b + p * ldb + j + q * LANES);       \
      }                                                                                                \
    for (int r = 0; r < rows; r++)                                                                     \
      for (int q = 0; q < vectors; q++) store(c + (i + r) * ldc + j + q * LANES, sum[r][q]);           \
  }

/// C [m, n] (+)= A [m, k]·B [k, n]; small enough to live in the nearest cache, so nothing is packed.
INLINE void product(const float *restrict a, long ai, long ap, const float *restrict b, long ldb, float *restrict c,
                    long ldc, long m, long n, long k, int add) {
  long j = 0;
  for (; j + 2 * LANES <= n; j += 2 * LANES) {
    long i = 0;
    for (; i + ROWS <= m; i += ROWS) TILE(4, 2)
    for (; i < m; i++) TILE(1, 2)
  }
  for (; j + LANES <= n; j += LANES) {
    long i = 0;
    for (; i + 2 * ROWS <= m; i += 2 * ROWS) TILE(8, 1)
    for (; i < m; i++) TILE(1, 1)
  }
  for (; j < n; j++)  // widths that are no multiple of 16: only tiny models have them
    for (long i = 0; i < m; i++) {
      float sum = add ? c[i * ldc + j] : 0;
      for (long p = 0; p < k; p++) sum += a[i * ai + p * ap] * b[p * ldb + j];
      c[i * ldc + j] = sum;
    }
}

/// One round of a perfect shuffle; four of them transpose 16 × 16.
INLINE void shuffle(const lanes *from, lanes *to) {
  for (int i = 0; i < 8; i++) {
    to[2 * i] = __builtin_shufflevector(from[i], from[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    to[2 * i + 1] =
        __builtin_shufflevector(from[i], from[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  }
}

/// y [width, padded] = transpose of x [t, width] with row stride ld; columns from t on are 0.
INLINE void transpose(const float *x, long ld, float *y, long t, long padded, long width) {
  for (long j = 0; j < padded; j += LANES) {
    long rows = t - j < LANES ? t - j : LANES, c = 0;
    for (; c + LANES <= width; c += LANES) {
      lanes even[LANES], odd[LANES];
      for (int r = 0; r < LANES; r++) even[r] = r < rows ? load(x + (j + r) * ld + c) : (lanes){0};
      shuffle(even, odd);
      shuffle(odd, even);
      shuffle(even, odd);
      shuffle(odd, even);
      for (int r = 0; r < LANES; r++) store(y + (c + r) * padded + j, even[r]);
    }
    for (; c < width; c++)
      for (int r = 0; r < LANES; r++) y[c * padded + j + r] = r < rows ? x[(j + r) * ld + c] : 0;
  }
}

INLINE long padded_length(long t) { return (t + LANES - 1) / LANES * LANES; }

long tune_attention_scratch(long t, long width) {
  return padded_length(t) * (2 * width + 2 * BLOCK) + BLOCK * 64 + 64;
}

/// factor [rows, padded]: the keep-or-drop factors of query rows first… of one head.
INLINE void drop_probabilities(const tune_dropout *dropout, float *p, long rows, long padded, long t, long first,
                               long heads, long head) {
  long blocks = (t + 63) / 64;
  float factor[64];
  for (long i = 0; i < rows; i++)
    for (long b = 0; b < blocks; b++) {
      long width = padded - b * 64 < 64 ? padded - b * 64 : 64;
      dropout64(dropout, (uint32_t)(((first + i) * heads + head) * blocks + b), factor);
      for (long j = 0; j < width; j++) p[i * padded + b * 64 + j] *= factor[j];
    }
}

CLONES void tune_attention(const float *qkv, float *context, float *lse, float *scratch, long t, long heads,
                           long width, long row, const tune_dropout *dropout) {
  FREE_ORDER
  long d = heads * width, ld = 3 * d, padded = padded_length(t);
  float scale = 1 / sqrtf((float)width), *keys = scratch, *p = keys + padded * width;
  for (long head = 0; head < heads; head++) {
    const float *q = qkv + head * width, *k = q + d, *v = k + d;
    transpose(k, ld, keys, t, padded, width);
    for (long first = 0; first < t; first += BLOCK) {
      long rows = t - first < BLOCK ? t - first : BLOCK;
      product(q + first * ld, ld, 1, keys, padded, p, padded, rows, padded, width, 0);
      for (long i = 0; i < rows; i++) {
        float *s = p + i * padded, top = s[0], sum = 0;
        for (long j = 1; j < t; j++) top = s[j] > top ? s[j] : top;
        for (long j = t; j < padded; j++) s[j] = -1e30f;
        for (long j = 0; j < padded; j++) {
          s[j] = fast_exp((s[j] - top) * scale);
          sum += j < t ? s[j] : 0;
        }
        float inverse = 1 / sum;
        for (long j = 0; j < t; j++) s[j] *= inverse;
        lse[(first + i) * heads + head] = top * scale + logf(sum);
      }
      if (dropout) drop_probabilities(dropout, p, rows, padded, t, row + first, heads, head);
      product(p, padded, 1, v, ld, context + first * d + head * width, d, rows, width, t, 0);
    }
  }
}

CLONES void tune_attention_backward(const float *qkv, const float *context, const float *lse, const float *dcontext,
                                    float *dqkv, float *scratch, long t, long heads, long width, long row,
                                    const tune_dropout *dropout) {
  FREE_ORDER
  long d = heads * width, ld = 3 * d, padded = padded_length(t), blocks = (t + 63) / 64;
  float scale = 1 / sqrtf((float)width), factor[64];
  float *keys = scratch, *values = keys + padded * width, *p = values + padded * width, *dp = p + BLOCK * padded;
  for (long head = 0; head < heads; head++) {
    const float *q = qkv + head * width, *k = q + d, *v = k + d;
    float *dq = dqkv + head * width, *dk = dq + d, *dv = dk + d;
    transpose(k, ld, keys, t, padded, width);
    transpose(v, ld, values, t, padded, width);
    for (long first = 0; first < t; first += BLOCK) {
      long rows = t - first < BLOCK ? t - first : BLOCK;
      const float *out = context + first * d + head * width, *dout = dcontext + first * d + head * width;
      product(q + first * ld, ld, 1, keys, padded, p, padded, rows, padded, width, 0);
      product(dout, d, 1, values, padded, dp, padded, rows, padded, width, 0);
      for (long i = 0; i < rows; i++) {
        float *s = p + i * padded, *ds = dp + i * padded, level = lse[(first + i) * heads + head], delta = 0;
        for (long c = 0; c < width; c++) delta += out[i * d + c] * dout[i * d + c];
        for (long b = 0; b < blocks; b++) {
          long from = b * 64, end = from + 64 < t ? from + 64 : t;
          if (dropout) {
            dropout64(dropout, (uint32_t)(((row + first + i) * heads + head) * blocks + b), factor);
            for (long j = from; j < end; j++) {
              float probability = fast_exp(s[j] * scale - level);
              ds[j] = probability * (ds[j] * factor[j - from] - delta) * scale;
              s[j] = probability * factor[j - from];
            }
          } else {
            for (long j = from; j < end; j++) {
              s[j] = fast_exp(s[j] * scale - level);
              ds[j] = s[j] * (ds[j] - delta) * scale;
            }
          }
        }
      }
      product(dp, padded, 1, k, ld, dq + first * ld, ld, rows, width, t, 0);
      product(dp, 1, padded, q + first * ld, ld, dk, ld, t, width, rows, first > 0);
      product(p, 1, padded, dout, d, dv, ld, t, width, rows, first > 0);
    }
  }
}
