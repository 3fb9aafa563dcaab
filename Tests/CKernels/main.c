/// Every kernel of CKernels that all CPUs have, on the same random numbers: `main FILE` writes the results, `main --compare FILE`
/// compares them with those of another CPU. scripts/test-arm.sh runs the first on this machine, the second under an emulator.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

static FILE *file;
static int compares, kernels, faults;

/// `count` random numbers between -1 and 1, the same everywhere.
static float *numbers(long count) {
  static uint32_t state = 1;
  float *x = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
  for (long i = 0; i < count; i++) x[i] = (float)((state = state * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1;
  return x;
}

static int32_t *classes(long count, int32_t limit) {
  float *x = numbers(count);
  int32_t *y = malloc(count * sizeof *y);
  for (long i = 0; i < count; i++) y[i] = (int32_t)((x[i] + 1) / 2 * limit) % limit;
  free(x);
  return y;
}

/// The largest difference must be at most `tolerance` times the largest number.
static void check(const char *name, const float *x, long count, double tolerance) {
  kernels++;
  if (!compares) {
    fwrite(x, sizeof(float), count, file);
    return;
  }
  float *expected = malloc(count * sizeof(float));
  if (fread(expected, sizeof(float), count, file) != (size_t)count) exit(2);
  double largest = 0, worst = 0;
  for (long i = 0; i < count; i++) largest = fmax(largest, fabs((double)expected[i]));
  for (long i = 0; i < count; i++) {
    double difference = fabs((double)x[i] - expected[i]);
    worst = isnan(difference) ? INFINITY : fmax(worst, difference);
  }
  if (!(worst <= tolerance * largest)) faults++, printf("%s: differs by %g of %g\n", name, worst, largest);
  free(expected);
}

static void check_double(const char *name, double x) {
  float y = (float)x;
  check(name, &y, 1, 1e-6);
}

static void check_bits(const char *name, const void *x, long bytes) {
  float *y = malloc(bytes * sizeof(float));
  for (long i = 0; i < bytes; i++) y[i] = ((const uint8_t *)x)[i];
  check(name, y, bytes, 0);
  free(y);
}

static const tune_dropout dropout = {{1, 2}, 3, 0, 5, 6553, 7, 1 / 0.9f};

static void elementwise(void) {
  enum { N = 13, D = 203, COUNT = N * D };
  float *x = numbers(COUNT), *y = numbers(COUNT), *z = numbers(2 * COUNT), *row = numbers(D);
  uint16_t half[2 * COUNT];
  uint32_t bits[64];
  for (int i = 0; i < COUNT; i++) x[i] *= 6;
  tune_fp32_to_bf16(x, half, COUNT), check_bits("fp32_to_bf16", half, sizeof(uint16_t) * COUNT);
  tune_bf16_to_fp32(half, z, COUNT), check("bf16_to_fp32", z, COUNT, 0);
  tune_exp(x, z, COUNT), check("exp", z, COUNT, 1e-6);
  tune_erf(x, z, COUNT), check("erf", z, COUNT, 1e-6);
  tune_tanh(x, z, COUNT), check("tanh", z, COUNT, 1e-6);
  tune_tanh_backward(z, x, y, COUNT, 1), check("tanh_backward", y, COUNT, 1e-6);
  for (int f = TUNE_GELU; f <= TUNE_TANH; f++) {
    tune_activate(x, y, z, COUNT, f), check("activate", y, COUNT, 1e-6), check("its derivative", z, COUNT, 1e-5);
    tune_activate_bf16(x, y, half, COUNT, f), check("activate_bf16", y, COUNT, 1e-6);
  }
  float *gated = numbers(2 * COUNT), *derivatives = numbers(2 * COUNT);
  tune_activate_gated(gated, y, derivatives, N, D, TUNE_GELU), check("activate_gated", y, COUNT, 1e-6);
  tune_gated_backward(y, derivatives, z, N, D, 0), check("gated_backward", z, 2 * COUNT, 1e-5);
  tune_activate_gated_bf16(gated, y, half, N, D, TUNE_GELU), check("activate_gated_bf16", y, COUNT, 1e-6);
  tune_fill_rows(row, y, N, D), tune_add(x, y, COUNT), tune_add_scaled(x, y, y, COUNT, 0.3f), check("add", y, COUNT, 1e-6);
  tune_scale(x, y, COUNT, 0.5f, 1), tune_multiply(x, y, z, COUNT, 0), check("multiply", z, COUNT, 1e-6);
  tune_fp32_to_bf16(x, half, COUNT), tune_multiply_bf16(x, half, z, COUNT, 1), check("multiply_bf16", z, COUNT, 1e-6);
  tune_apply_dropout(x, y, N, D, &dropout), check("apply_dropout", y, COUNT, 0);
  tune_dropout_bits(&dropout, 3, 1, bits), check_bits("dropout_bits", bits, sizeof bits);
  tune_column_sums(x, D, row, N, D, 0), check("column_sums", row, D, 1e-6);
  tune_mean_rows(x, row, N, D), check("mean_rows", row, D, 1e-6);
  tune_spread_rows(row, y, N, D, 1), check("spread_rows", y, COUNT, 1e-6);
  check_double("sum_squares", tune_sum_squares(x, COUNT)), check_double("dot", tune_dot(x, y, COUNT));
  tune_scale_columns(x, D, row, y, D, N, D, 1), check("scale_columns", y, COUNT, 1e-6);
  tune_column_dots(x, D, y, D, row, N, D, 0), check("column_dots", row, D, 1e-5);
  tune_rescale(y, D, row, x, z, N, D), check("rescale", y, COUNT, 1e-6);
  tune_add_rescaled(z, x, row, y, D, N, D), check("add_rescaled", y, COUNT, 1e-6);
  check_double("squared_error", tune_squared_error(x, y, z, COUNT, 0.1f, 0)), check("its gradient", z, COUNT, 1e-6);
  check_double("cosine_distance", tune_cosine_distance(x, y, z, N, D, 1, 0)), check("its gradient", z, COUNT, 1e-5);
  x[77] = NAN;
  tune_fp32_to_bf16(x, half, COUNT);
  float found[] = {(float)tune_find_not_finite_fp32(x, COUNT), (float)tune_find_not_finite_bf16(half, COUNT)};
  check("find_not_finite", found, 2, 0);
}

static void normalization(void) {
  enum { N = 9, D = 384 };
  float *x = numbers(N * D), *residual = numbers(N * D), *gain = numbers(D), *bias = numbers(D), *z = numbers(N * D);
  float *y = numbers(N * D), *mean = numbers(N), *rstd = numbers(N), *dz = numbers(N * D), *dgain = numbers(D);
  tune_add_norm(x, residual, gain, bias, z, y, mean, rstd, N, D, 1e-12f, &dropout), check("add_norm", y, N * D, 1e-5);
  tune_norm_backward(x, z, mean, rstd, gain, dz, dgain, bias, N, D), check("norm_backward", dz, N * D, 1e-5);
  check("its gain's gradient", dgain, D, 1e-5);
  tune_add_residual(x, residual, z, N, D, &dropout), check("add_residual", z, N * D, 1e-6);
}

static void products(void) {
  static const long shapes[][3] = {{1, 1, 1}, {17, 33, 9}, {64, 8, 70}, {29, 16, 3}, {595, 20, 33}, {128, 96, 771}, {5, 801, 17}};
  for (int s = 0; s < 7; s++)
    for (int mix = 0; mix < 16; mix++) {
      long n = shapes[s][0], m = shapes[s][1], k = shapes[s][2];
      int left = mix & 1, right = mix >> 1 & 1, half = mix >> 2 & 1, adds = mix >> 3;
      float *a = numbers(n * k), *b = numbers(k * m), *c = numbers(n * m), *bias = numbers(m);
      uint16_t *rounded = malloc(k * m * sizeof *rounded);
      tune_fp32_to_bf16(b, rounded, k * m);
      tune_matrix x = {a, left ? n : k, left, 0}, y = {half ? (void *)rounded : b, right ? k : m, right, half};
      tune_gemm(TUNE_GEMM_SIMD, &x, &y, c, m, n, m, k, adds ? -2 : 1, adds ? 0.25f : 0, adds ? NULL : bias);
      check("gemm", c, n * m, 2e-6);
      free(a), free(b), free(c), free(bias), free(rounded);
    }
}

static void int8(void) {
  enum { ROWS = 19, INPUTS = 100, OUTPUTS = 70, PADDED = 96 };
  float *x = numbers(ROWS * INPUTS), *w = numbers(OUTPUTS * INPUTS), *c = numbers(ROWS * OUTPUTS), *bias = numbers(OUTPUTS);
  tune_int8_rows rows = {calloc(ROWS, 112), numbers(ROWS), numbers(ROWS), ROWS, 112};
  tune_int8_panels panels = {aligned_alloc(64, PADDED * INPUTS), numbers(PADDED), numbers(PADDED), OUTPUTS, INPUTS};
  tune_int8_quantize(x, INPUTS, INPUTS, &rows, 0, ROWS), check_bits("int8_quantize", rows.values, ROWS * 112);
  tune_int8_pack(w, &panels), check_bits("int8_pack", panels.values, PADDED * INPUTS);
  tune_int8_unpack(&panels, w), check("int8_unpack", w, OUTPUTS * INPUTS, 1e-6);
  tune_int8_gemm(TUNE_INT8_PLAIN, &rows, &panels, 0, OUTPUTS, bias, c, OUTPUTS), check("int8_gemm", c, ROWS * OUTPUTS, 1e-6);
}

static void attention(void) {
  enum { T = 150, HEADS = 3, SIZE = 32, D = HEADS * SIZE };
  float *qkv = numbers(T * 3 * D), *context = numbers(T * D), *lse = numbers(T * HEADS), *dcontext = numbers(T * D);
  float *dqkv = numbers(T * 3 * D), *table = numbers(T * SIZE), *cells = numbers(T * D), *gates = numbers(T * 4 * D);
  int32_t *positions = classes(T, T);
  long size = tune_attention_scratch(T, SIZE), tiles = tune_attention_tiles_scratch(T, SIZE);
  float *scratch = numbers(size > tiles ? size : tiles);
  tune_attention(qkv, context, lse, scratch, T, HEADS, SIZE, 0, &dropout, 0, HEADS), check("attention", context, T * D, 1e-5);
  tune_attention_backward(qkv, context, lse, dcontext, dqkv, scratch, T, HEADS, SIZE, 0, &dropout, 0, HEADS);
  check("attention_backward", dqkv, T * 3 * D, 1e-5);
  for (long window = -1; window < 60; window += 30) {
    tune_sequence sequence = {T, HEADS, SIZE, window, 0, &dropout};
    for (int h = 0; h < HEADS; h++) tune_attention_tiles(qkv, context, lse, scratch, &sequence, h, 0, T);
    check("attention_tiles", context, T * D, 1e-5);
    for (int h = 0; h < HEADS; h++)
      tune_attention_tiles_backward(qkv, context, lse, dcontext, dqkv, scratch, &sequence, h, 0, T);
    check("attention_tiles_backward", dqkv, T * 3 * D, 1e-5);
  }
  tune_rotate(qkv, table, positions, dqkv, T, D, SIZE, 1, 0), check("rotate", dqkv, T * 3 * D, 1e-6);
  tune_lstm(gates, NULL, cells, context, T, D), check("lstm", context, T * D, 1e-6);
  tune_lstm_backward(gates, NULL, cells, dcontext, context, T, D), check("lstm_backward", gates, T * 4 * D, 1e-5);
}

static void embedding(void) {
  enum { N = 31, D = 96, WORDS = 50 };
  float *words = numbers(WORDS * D), *positions = numbers(WORDS * D), *types = numbers(2 * D), *y = numbers(N * D);
  int32_t *ids = classes(N, WORDS), *type_ids = classes(N, 2);
  tune_matrix table = {words, D, 0, 0};
  ids[3] = -1;
  tune_embed(&table, 1, positions, types, ids, classes(N, WORDS), type_ids, y, N, D), check("embed", y, N * D, 1e-6);
  tune_scatter_add(y, ids, words, N, D), check("scatter_add", words, WORDS * D, 1e-6);
}

static void losses(void) {
  enum { N = 21, C = 37, K = 5 };
  float *x = numbers(N * C), *teacher = numbers(N * C), *weights = numbers(C), *gradient = numbers(N * C), *top = numbers(N * K);
  int32_t *targets = classes(N, C), top_classes[N * K];
  for (int i = 0; i < C; i++) weights[i] = fabsf(weights[i]);
  for (int i = 0; i < N * C; i++) teacher[i] = i % 3 ? 0.5f + teacher[i] / 2 : NAN;
#define LOSS(call, count)                                             \
  {                                                                   \
    float *logits = malloc(N * C * sizeof(float));                    \
    memcpy(logits, x, N * C * sizeof(float));                         \
    check_double(#call, call), check("its gradient", logits, count, 1e-5); \
    free(logits);                                                     \
  }
  LOSS(tune_cross_entropy(logits, targets, weights, N, C, 0.1f, 3), N * C)
  LOSS(tune_binary_cross_entropy(logits, teacher, weights, N, C, 3), N * C)
  LOSS(tune_focal_cross_entropy(logits, targets, weights, N, C, 2, 3), N * C)
  LOSS(tune_focal_binary_cross_entropy(logits, teacher, weights, N, C, 2, 3), N * C)
  LOSS(tune_mean_squared_error(logits, teacher, N, 3), N)
  teacher = numbers(N * C);
  check_double("divergence", tune_divergence(x, teacher, gradient, N, C, 0.5f, 2)), check("its gradient", gradient, N * C, 1e-5);
  check_double("binary_divergence", tune_binary_divergence(x, teacher, gradient, N, C, 0.5f, 2));
  check("its gradient", gradient, N * C, 1e-5);
  tune_top_k(teacher, top_classes, top, N, C, K, 0.5f), check("top_k", top, N * K, 1e-6);
  check_bits("its classes", top_classes, sizeof top_classes);
  check_double("top_divergence", tune_top_divergence(x, top_classes, top, gradient, C, N, C, K, 0.5f, 2));
  check("its gradient", gradient, N * C, 1e-5);
  double gradients[C * (C + 2)] = {}, scratch[(N + 3) * C];
  float *transitions = numbers(C * C);
  check_double("chain", tune_chain(x, targets, weights, transitions, weights, gradients, scratch, N, C, 0.5f));
  check("its gradient", x, N * C, 1e-5);
}

static void optimizers(void) {
  enum { N = 7, D = 111, COUNT = N * D };
  float *p = numbers(COUNT), *g = numbers(COUNT), *m = numbers(COUNT), *v = numbers(COUNT), *rows = numbers(N), *sums = numbers(D);
  for (int i = 0; i < COUNT; i++) v[i] = fabsf(v[i]);
  for (int i = 0; i < D; i++) sums[i] = fabsf(sums[i]);
  for (int i = 0; i < N; i++) rows[i] = fabsf(rows[i]) + 1;
  tune_adamw(p, g, m, v, COUNT, 0.9f, 0.01f, 0.5f, 0.9f, 0.999f, 1e-8f, 0.99f), check("adamw", p, COUNT, 1e-5);
  tune_sgd(p, g, m, COUNT, 0.9f, 0.01f, 0.9f, true, 0.99f), check("sgd", p, COUNT, 1e-5);
  tune_lion(p, g, m, COUNT, 0.9f, 0.01f, 0.9f, 0.99f, 0.99f), check("lion", m, COUNT, 1e-5);
  tune_adafactor_means(g, N, D, 0.9f, 0.3f, rows, sums), check("adafactor_means", sums, D, 1e-5);
  check_double("adafactor_squares", tune_adafactor_squares(g, rows, sums, N, D, 0.9f, 0.7f));
  tune_adafactor(p, g, rows, sums, N, D, 0.9f, 0.7f, 0.01f, 0.99f), check("adafactor", p, COUNT, 1e-5);
  tune_lerp(p, g, COUNT, 0.25f), tune_swap(p, g, COUNT), check("lerp", g, COUNT, 1e-5);
}

int main(int count, char **arguments) {
  compares = count == 3 && !strcmp(arguments[1], "--compare");
  if (count < 2 || !(file = fopen(arguments[count - 1], compares ? "rb" : "wb"))) return 2;
  elementwise(), normalization(), products(), int8(), attention(), embedding(), losses(), optimizers();
  if (compares) printf("%d results compared, %d differ\n", kernels, faults);
  return fclose(file) || faults > 0;
}
