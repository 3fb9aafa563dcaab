/// Loops over pointers. Each allocates nothing, knows no class, and runs on the calling thread.
/// Letters: n rows (tokens), d columns (width), t tokens of one sequence, h heads. All arrays are row-major Float32.
/// Order of arguments: inputs, outputs, sizes, settings.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One dropout site. An element is dropped when its 16 random bits are below `threshold` (p·2^16); kept ones are times
/// `scale`.
/// NULL wherever a kernel takes a pointer to it: no dropout.
typedef struct {
  uint32_t key[2], step, shard, site, threshold;
  float scale;
} tune_dropout;

/// A matrix as it lies: Float32 numbers, or bfloat16 where `half`; rows are `stride` numbers apart. `transposed`: its
/// transpose is meant.
typedef struct {
  const void *base;
  long stride;
  int transposed, half;
} tune_matrix;

// Elementwise (elementwise.c)
void tune_fill_rows(const float *row, float *y, long n, long d);
void tune_add(const float *x, float *y, long count);
/// y = h + scale·u; `y` may be either.
void tune_add_scaled(const float *h, const float *u, float *y, long count, float scale);
/// y = scale·x + beta·y.
void tune_scale(const float *x, float *y, long count, float scale, float beta);
void tune_multiply(const float *a, const float *b, float *y, long count, float beta);
/// y = a·b (+ beta·y), b being bfloat16.
void tune_multiply_bf16(const float *a, const uint16_t *b, float *y, long count, float beta);
/// y = x rounded to bfloat16, to nearest with ties to even; and back, exactly.
void tune_fp32_to_bf16(const float *x, uint16_t *y, long count);
void tune_bf16_to_fp32(const uint16_t *x, float *y, long count);
void tune_apply_dropout(const float *x, float *y, long n, long d, const tune_dropout *dropout);
void tune_column_sums(const float *x, long stride, float *sums, long n, long d, float beta);
void tune_tanh(const float *x, float *y, long count);
void tune_tanh_backward(const float *y, const float *dy, float *dx, long count, float beta);
double tune_sum_squares(const float *x, long count);

/// y = f(x); slope = f'(x) where slope is not NULL (it may be x itself).
enum tune_activation { TUNE_GELU, TUNE_GELU_TANH, TUNE_RELU, TUNE_SILU, TUNE_TANH };
void tune_activate(const float *x, float *y, float *slope, long count, int activation);
void tune_activate_bf16(const float *x, float *y, uint16_t *slope, long count, int activation);

void tune_exp(const float *x, float *y, long count);
void tune_erf(const float *x, float *y, long count);
/// The 64 random words behind 128 keep-or-drop decisions of a row; word 16·j + i is the j-th of Philox's counter i.
void tune_dropout_bits(const tune_dropout *dropout, uint32_t row, uint32_t chunk, uint32_t *words);

// Scale (scale.c): x, y [n, d], rows apart by their strides; gain, sums [d]
/// y = gain·x + beta·y, column by column; y may be x.
void tune_scale_columns(const float *x, long xstride, const float *gain, float *y, long ystride, long n, long d, float beta);
/// sums = Σ over rows of x·y, added to where beta is not 0.
void tune_column_dots(const float *x, long xstride, const float *y, long ystride, float *sums, long n, long d, float beta);

// Rescale (rescale.c): columns of y, x have rows `stride` apart; z, base are dense [n, d]; gain, bias are [d].
/// z = y - bias; y = gain·z + bias. `z` may be NULL.
void tune_rescale(float *y, long stride, const float *gain, const float *bias, float *z, long n, long d);
/// y += gain·z - base.
void tune_add_rescaled(const float *z, const float *base, const float *gain, float *y, long stride, long n, long d);

// Norm (norm.c)
/// z = residual + dropout(x); y = gain·(z - mean)/√(variance + eps) + bias. `z`, `residual` may be NULL; `y` may be `z`.
void tune_add_norm(const float *x, const float *residual, const float *gain, const float *bias, float *z, float *y,
                   float *mean, float *rstd, long n, long d, float eps, const tune_dropout *dropout);
/// dz from dy; dgain and dbias (each may be NULL) are added to.
void tune_norm_backward(const float *dy, const float *z, const float *mean, const float *rstd, const float *gain,
                        float *dz, float *dgain, float *dbias, long n, long d);

// Product (gemm.c)
/// Whether this CPU serves `tune_gemm` (AVX-512), and with `half` its bfloat16 arithmetic (AVX512-BF16).
int tune_gemm_supported(int half);
/// c [n, m] = alpha·a [n, k]·b [k, m] + beta·c + bias [m]; k > 0; the bias may be NULL; c is not read where
/// beta is 0.
/// `half`: both are rounded to bfloat16 first. Sums are Float32 in either case.
/// A thread's first call allocates its blocks, 2 MB.
void tune_gemm(const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m, long k, float alpha,
                  float beta, const float *bias, int half);

// Attention (attention.c)
/// Floats of scratch that one call needs.
long tune_attention_scratch(long t, long width);
/// One sequence: context [t, h·width] (row stride h·width) from qkv [t, 3·h·width]; lse [t, h].
/// `row` is the sequence's first row in the batch: it counts the dropout's random words.
void tune_attention(const float *qkv, float *context, float *lse, float *scratch, long t, long heads, long width,
                    long row, const tune_dropout *dropout);
void tune_attention_backward(const float *qkv, const float *context, const float *lse, const float *dcontext,
                             float *dqkv, float *scratch, long t, long heads, long width, long row,
                             const tune_dropout *dropout);

// Embedding (embedding.c)
/// `rounded`: words are rounded to bfloat16 as they are read.
/// y[i] = words[ids[i]] + positions[places[i]] + types[kinds[i]]; no word where ids[i] < 0.
void tune_embed(const tune_matrix *words, int rounded, const float *positions, const float *types, const int32_t *ids,
                const int32_t *places, const int32_t *kinds, float *y, long n, long d);
/// table[ids[i]] += dy[i]; nothing where ids[i] < 0.
void tune_scatter_add(const float *dy, const int32_t *ids, float *table, long n, long d);

// Loss (loss.c)
/// Cross-entropy over rows with a target ≥ 0, as torch's CrossEntropyLoss(weight, label_smoothing, reduction: sum)/norm.
/// logits [n, c] become their own gradient; returns the loss. `weights` [c] may be NULL.
double tune_cross_entropy(float *logits, const int32_t *targets, const float *weights, long n, long classes,
                          float smoothing, float norm);

// Divergence (divergence.c)
/// Σ over rows of KL(softmax(sharpness·teacher) ‖ softmax(sharpness·logits)), both [n, c]; gradient [n, c] =
/// slope·(the student's probabilities - the teacher's). `gradient` may be `teacher`, or NULL.
double tune_divergence(const float *logits, const float *teacher, float *gradient, long n, long classes,
                       float sharpness, float slope);
/// The same where of each row's teacher only the logarithms [n, k] of its k probabilities at the classes top [n, k] are
/// known; all other classes are one outcome. Rows of `gradient` are `stride` apart, or 0: then it is one row of scratch.
double tune_top_divergence(const float *logits, const int32_t *top, const float *logs, float *gradient, long stride,
                           long n, long classes, long k, float sharpness, float slope);
/// The k ≤ c largest of log softmax(sharpness·logits) a row, in falling order, the lower class first among equals:
/// top [n, k], logs [n, k].
void tune_top_k(const float *logits, int32_t *top, float *logs, long n, long classes, long k, float sharpness);

// Distance (distance.c)
/// Σ (x - t)²; dx = slope·(x - t) + beta·dx. `dx` may be `t` where beta is 0, or NULL.
double tune_squared_error(const float *x, const float *t, float *dx, long count, float slope, float beta);
/// Σ over rows of 1 - cos(x, t), both [n, d]; dx [n, d] = scale·its gradient + beta·dx. `dx` may be NULL.
double tune_cosine_distance(const float *x, const float *t, float *dx, long n, long d, float scale, float beta);

// Optimizer (optimizer.c)
/// One decoupled AdamW step (Loshchilov & Hutter 2019) over `count` numbers; g is times `clip` first.
/// rate1 = lr/(1-β1^step), root2 = √(1-β2^step), shrink = 1 - lr·weight_decay.
void tune_adamw(float *p, const float *g, float *m, float *v, long count, float clip, float rate1, float root2,
                float beta1, float beta2, float eps, float shrink);
/// The same of gradient descent: m = momentum·m + g, p = p·shrink - rate·(m, or g + momentum·m where nesterov); without
/// m, rate·g.
void tune_sgd(float *p, const float *g, float *m, long count, float clip, float rate, float momentum, bool nesterov,
              float shrink);
/// The same of Lion: p moves by ±rate along β1·m + (1-β1)·g, then m = β2·m + (1-β2)·g.
void tune_lion(float *p, const float *g, float *m, long count, float clip, float rate, float beta1, float beta2,
               float shrink);
/// Adafactor's first sweep over rows g [n, d] of a matrix: row_means [n] get `share` of the means of (clip·g)² + 1e-30,
/// column_sums [d] their sums over these rows.
void tune_adafactor_means(const float *g, long n, long d, float clip, float share, float *row_means, float *column_sums);
/// Σ u² of u = clip·g / √(row_means / row_mean) · factors, where factors [d] are 1/√ of the columns' means.
double tune_adafactor_squares(const float *g, const float *row_means, const float *factors, long n, long d, float clip,
                              float row_mean);
/// p = p·shrink - rate·u.
void tune_adafactor(float *p, const float *g, const float *row_means, const float *factors, long n, long d, float clip,
                    float row_mean, float rate, float shrink);
/// x moves `share` of the way to `end`; 1: it is `end`. As torch.lerp.
void tune_lerp(float *x, const float *end, long count, float share);
/// x and y change places.
void tune_swap(float *x, float *y, long count);
#endif
