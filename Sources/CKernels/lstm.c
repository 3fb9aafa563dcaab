/// One step of an LSTM for several sequences, and its backward. The products are GEMMs of the caller.
#include "common.h"

INLINE f32x16 sigmoid(f32x16 x) { return 1 / (1 + fast_exp(-x)); }

// The functions for three instruction sets only call the others: vectors cannot be arguments there.
INLINE void step(float *gates, const float *previous, float *cell, float *hidden, long m, long h) {
  for (long s = 0; s < m; s++) {
    float *row = gates + s * 4 * h;
    for (long k = 0; k < h; k += LANES) {
      long rest = h - k;
      f32x16 i = sigmoid(load_partial(row + k, rest)), f = sigmoid(load_partial(row + h + k, rest));
      f32x16 g = fast_tanh(load_partial(row + 2 * h + k, rest)), o = sigmoid(load_partial(row + 3 * h + k, rest));
      f32x16 c = i * g;
      if (previous) c += f * load_partial(previous + s * h + k, rest);
      store_partial(row + k, i, rest);
      store_partial(row + h + k, f, rest);
      store_partial(row + 2 * h + k, g, rest);
      store_partial(row + 3 * h + k, o, rest);
      store_partial(cell + s * h + k, c, rest);
      store_partial(hidden + s * h + k, o * fast_tanh(c), rest);
    }
  }
}

CLONES void tune_lstm(float *gates, const float *previous, float *cell, float *hidden, long m, long h) {
  step(gates, previous, cell, hidden, m, h);
}

INLINE void step_backward(float *gates, const float *previous, const float *cell, const float *dhidden, float *dcell,
                          long m, long h) {
  for (long s = 0; s < m; s++) {
    float *row = gates + s * 4 * h;
    for (long k = 0; k < h; k += LANES) {
      long rest = h - k, at = s * h + k;
      f32x16 i = load_partial(row + k, rest), f = load_partial(row + h + k, rest);
      f32x16 g = load_partial(row + 2 * h + k, rest), o = load_partial(row + 3 * h + k, rest);
      f32x16 tanh_c = fast_tanh(load_partial(cell + at, rest)), dh = load_partial(dhidden + at, rest);
      f32x16 dc = load_partial(dcell + at, rest) + dh * o * (1 - tanh_c * tanh_c);
      f32x16 before = previous ? load_partial(previous + at, rest) : splat(0);
      store_partial(row + k, dc * g * i * (1 - i), rest);
      store_partial(row + h + k, dc * before * f * (1 - f), rest);
      store_partial(row + 2 * h + k, dc * i * (1 - g * g), rest);
      store_partial(row + 3 * h + k, dh * tanh_c * o * (1 - o), rest);
      store_partial(dcell + at, dc * f, rest);
    }
  }
}

CLONES void tune_lstm_backward(float *gates, const float *previous, const float *cell, const float *dhidden,
                               float *dcell, long m, long h) {
  step_backward(gates, previous, cell, dhidden, dcell, m, h);
}
