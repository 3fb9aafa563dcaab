/// Compute kernels over plain pointers. A kernel allocates nothing and runs on the calling thread.
/// Letters: n rows (tokens), d columns (hidden size), t tokens in one sequence, h heads. Arrays are row-major Float32.
/// Order of arguments: inputs, outputs, sizes, settings. Strides count numbers, from one row to the next.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Lets the other hardware thread of this core run, in a loop that waits.
static inline void tune_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Dropout at one site of the model. An element is dropped when its 16 random bits are below `threshold` (p·2^16); the
/// others are multiplied by `scale` (1/(1-p)). `first_row` is the number of the first row that a kernel gets. Wherever a
/// kernel takes a pointer to it, NULL means no dropout.
typedef struct {
  uint32_t key[2], step, shard, site, threshold, first_row;
  float scale;
} tune_dropout;

/// A matrix in memory: Float32 numbers, or bfloat16 where `bf16`; rows are `stride` numbers apart. Where `transposed`,
/// the matrix meant is the transpose of the one in memory.
typedef struct {
  const void *base;
  long stride;
  int transposed, bf16;
} tune_matrix;

// Elementwise (elementwise.c)
/// Each of the n rows of y = row.
void tune_fill_rows(const float *row, float *y, long n, long d);
/// y += x.
void tune_add(const float *x, float *y, long count);
/// y = h + scale·u; y may be h or u.
void tune_add_scaled(const float *h, const float *u, float *y, long count, float scale);
/// y = scale·x where beta is 0, else y += scale·x.
void tune_scale(const float *x, float *y, long count, float scale, float beta);
/// y = a·b where beta is 0, else y += a·b.
void tune_multiply(const float *a, const float *b, float *y, long count, float beta);
/// The same with b in bfloat16.
void tune_multiply_bf16(const float *a, const uint16_t *b, float *y, long count, float beta);
/// y = x rounded to bfloat16, to nearest with ties to even; and the exact conversion back.
void tune_fp32_to_bf16(const float *x, uint16_t *y, long count);
void tune_bf16_to_fp32(const uint16_t *x, float *y, long count);
/// y = dropout(x); y may be x.
void tune_apply_dropout(const float *x, float *y, long n, long d, const tune_dropout *dropout);
/// sums [d] = Σ over rows of x where beta is 0, else they are added to.
void tune_column_sums(const float *x, long stride, float *sums, long n, long d, float beta);
/// y [d] = the mean of the n rows of x, summed in Double; 0 where n is 0.
void tune_mean_rows(const float *x, float *y, long n, long d);
/// Each of the n rows of y = row / n where beta is 0, else it is added to.
void tune_spread_rows(const float *row, float *y, long n, long d, float beta);
void tune_tanh(const float *x, float *y, long count);
/// dx = dy·(1 - y²) where beta is 0, else it is added to.
void tune_tanh_backward(const float *y, const float *dy, float *dx, long count, float beta);
double tune_sum_squares(const float *x, long count);
/// Σ x·y, summed in Double.
double tune_dot(const float *x, const float *y, long count);

/// y = f(x); derivative = f'(x), unless it is NULL (it may be x).
enum tune_activation { TUNE_GELU, TUNE_GELU_TANH, TUNE_RELU, TUNE_SILU, TUNE_TANH };
void tune_activate(const float *x, float *y, float *derivative, long count, int activation);
void tune_activate_bf16(const float *x, float *y, uint16_t *derivative, long count, int activation);

/// x = a, b side by side [n, 2m]: y [n, m] = f(a)·b; derivatives [n, 2m] = f'(a)·b, f(a), unless it is NULL. y and
/// `derivatives` may be x (one of them).
void tune_activate_gated(const float *x, float *y, float *derivatives, long n, long m, int activation);
void tune_activate_gated_bf16(const float *x, float *y, uint16_t *derivatives, long n, long m, int activation);
/// dx [n, 2m] = dy·derivatives, for a and for b, where beta is 0, else it is added to.
void tune_gated_backward(const float *dy, const float *derivatives, float *dx, long n, long m, float beta);
void tune_gated_backward_bf16(const float *dy, const uint16_t *derivatives, float *dx, long n, long m, float beta);

void tune_exp(const float *x, float *y, long count);
void tune_erf(const float *x, float *y, long count);
/// The 64 random uint32 behind the dropout of 128 elements of a row; bits[16·j + i] is output j of Philox counter i.
void tune_dropout_bits(const tune_dropout *dropout, uint32_t row, uint32_t chunk, uint32_t *bits);

// Finite (finite.c): little-endian numbers at any address
/// The index of the first number that is NaN or infinite, or would be as Float32; -1 if there is none.
long tune_find_not_finite_fp16(const void *numbers, long count);
long tune_find_not_finite_bf16(const void *numbers, long count);
long tune_find_not_finite_fp32(const void *numbers, long count);
long tune_find_not_finite_fp64(const void *numbers, long count);

// Scale (scale.c): x, y [n, d] with a stride each; gain, sums [d]
/// y = gain·x + beta·y, column by column; y may be x.
void tune_scale_columns(const float *x, long x_stride, const float *gain, float *y, long y_stride, long n, long d,
                        float beta);
/// sums = Σ over rows of x·y where beta is 0, else they are added to.
void tune_column_dots(const float *x, long x_stride, const float *y, long y_stride, float *sums, long n, long d,
                      float beta);

// Rescale (rescale.c): y [n, d] with row stride `stride`; z, base [n, d] contiguous; gain, bias [d]
/// z = y - bias; y = gain·z + bias. `bias` (0) and `z` may be NULL.
void tune_rescale(float *y, long stride, const float *gain, const float *bias, float *z, long n, long d);
/// y += gain·z - base.
void tune_add_rescaled(const float *z, const float *base, const float *gain, float *y, long stride, long n, long d);

// Layer normalization (norm.c)
/// z = residual + dropout(x); y = gain·(z - mean)/√(variance + eps) + bias. z, residual and bias may be NULL; y may
/// be z.
void tune_add_norm(const float *x, const float *residual, const float *gain, const float *bias, float *z, float *y,
                   float *mean, float *rstd, long n, long d, float eps, const tune_dropout *dropout);
/// z = residual + dropout(x).
void tune_add_residual(const float *x, const float *residual, float *z, long n, long d, const tune_dropout *dropout);
/// dz from dy; dgain and dbias (each may be NULL) are added to.
void tune_norm_backward(const float *dy, const float *z, const float *mean, const float *rstd, const float *gain,
                        float *dz, float *dgain, float *dbias, long n, long d);

// Matrix multiplication (gemm.c)
enum { TUNE_GEMM_SIMD, TUNE_GEMM_AVX512, TUNE_GEMM_AVX512BF16 };
int tune_gemm_supported(int kernel);
/// c [n, m] = alpha·a [n, k]·b [k, m] + beta·c + bias [m]; k > 0. `bias` may be NULL; c is not read where beta is 0.
/// TUNE_GEMM_AVX512BF16 rounds a and b to bfloat16 first. Sums are Float32 in any case.
/// The first call of a thread allocates its packing buffers, 2 MB.
void tune_gemm(int kernel, const tune_matrix *a, const tune_matrix *b, float *c, long ldc, long n, long m, long k,
               float alpha, float beta, const float *bias);

// Products with frozen bfloat16 weights that were packed once (gemm_panels.c), where TUNE_GEMM_AVX512BF16 is supported
/// Rounds w [n, k] to bfloat16, and stores it in panels of 32 rows. n and k are multiples of 32.
void tune_pack_panels(const float *w, uint16_t *panels, long n, long k);
void tune_unpack_panels(const uint16_t *panels, float *w, long n, long k);
/// Rounds x [n, k] to bfloat16.
void tune_round_rows(const float *x, long ldx, uint16_t *rounded, long ld, long n, long k);
/// c [n, m] = x [n, k]·wᵀ + bias [m] for m rows of w, which begin at `panels`; rounded x. `bias` may be NULL.
void tune_gemm_panels(const uint16_t *x, long ldx, const uint16_t *panels, const float *bias, float *c, long ldc, long n,
                      long m, long k);

// Products with int8 weights (int8.c)
enum { TUNE_INT8_PLAIN, TUNE_INT8_AVX2, TUNE_INT8_AVXVNNI, TUNE_INT8_AVX512VNNI };
/// Whether this CPU can run the kernel.
int tune_int8_supported(int kernel);
/// Rows of activations, quantized: about minimum[r] + scale[r]·values[r, i]. `stride` is a multiple of 16.
typedef struct {
  uint8_t *values;
  float *scale, *minimum;
  long rows, stride;
} tune_int8_rows;
/// Weights [outputs, inputs], packed. All three arrays are padded to multiples of 32 outputs, `values` also of 4 inputs, and
/// aligned to 64 bytes.
typedef struct {
  int8_t *values;
  float *scale, *sums;
  long outputs, inputs;
} tune_int8_panels;
/// Quantizes rows first...first + count of x [·, inputs], each with its own scale and minimum, into the same rows of q.
void tune_int8_quantize(const float *x, long ldx, long inputs, const tune_int8_rows *q, long first, long count);
/// Packs w [outputs, inputs], each output with its own scale, max |w|/127.
void tune_int8_pack(const float *w, const tune_int8_panels *packed);
/// The weights that the panels stand for.
void tune_int8_unpack(const tune_int8_panels *packed, float *w);
/// c [rows, last - first] = x·wᵀ + bias for outputs from `first` to `last`; `first` is a multiple of 32. `bias` [outputs] may
/// be NULL. Sums are exact, the same for all kernels.
void tune_int8_gemm(int kernel, const tune_int8_rows *x, const tune_int8_panels *w, long first, long last,
                    const float *bias, float *c, long ldc);

// Attention (attention.c)
/// The number of scratch floats that one call needs.
long tune_attention_scratch(long t, long head_size);
/// One sequence: context [t, h·head_size] from qkv [t, 3·h·head_size]; lse [t, h].
/// Only the heads [from, to) are computed.
/// `first_row` is the sequence's first row in the batch; the dropout's random bits depend on it.
void tune_attention(const float *qkv, float *context, float *lse, float *scratch, long t, long heads, long head_size,
                    long first_row, const tune_dropout *dropout, long from, long to);
void tune_attention_backward(const float *qkv, const float *context, const float *lse, const float *dcontext,
                             float *dqkv, float *scratch, long t, long heads, long head_size, long first_row,
                             const tune_dropout *dropout, long from, long to);

// Attention by tiles (attention_tiles.c), for long sequences and windows
/// One sequence of t rows, of which row 0 has number `first_row` in the batch. Row i reads the rows j with
/// |i - j| ≤ window; all rows where window < 0.
typedef struct {
  long t, heads, head_size, window, first_row;
  const tune_dropout *dropout;
} tune_sequence;

/// The number of scratch floats that one call needs, which reads `keys` keys.
long tune_attention_tiles_scratch(long keys, long head_size);
/// As `tune_attention`, for one head and the queries [from, to).
void tune_attention_tiles(const float *qkv, float *context, float *lse, float *scratch, const tune_sequence *sequence,
                          long head, long from, long to);
/// As `tune_attention_backward`, for one head and the keys [from, to). Must be called for all keys, in order.
void tune_attention_tiles_backward(const float *qkv, const float *context, const float *lse, const float *dcontext,
                                   float *dqkv, float *scratch, const tune_sequence *sequence, long head, long from,
                                   long to);

// Attention with products of bfloat16 numbers (attention_bf16.c), for CPUs where TUNE_GEMM_AVX512BF16 is supported, and head sizes
// that are a multiple of 16; of any length and window. As the three functions above, and `lse` is of base 2.
long tune_attention_bf16_scratch(long keys, long head_size);
void tune_attention_bf16(const float *qkv, float *context, float *lse, float *scratch, const tune_sequence *sequence,
                         long head, long from, long to);
void tune_attention_bf16_backward(const float *qkv, const float *context, const float *lse, const float *dcontext,
                                  float *dqkv, float *scratch, const tune_sequence *sequence, long head, long from,
                                  long to);

// LSTM (lstm.c): one step of m sequences. gates [m, 4h]: i, f, g, o; cells [m, h], those of the step before may be NULL: 0
/// The sums of the gates are overwritten by σ(i), σ(f), tanh(g), σ(o).
/// cell = σ(f)·previous + σ(i)·tanh(g); hidden = σ(o)·tanh(cell)
void tune_lstm(float *gates, const float *previous, float *cell, float *hidden, long m, long h);
/// The gradients of the sums overwrite the gates; dcell [m, h] of this step becomes that of the step before.
void tune_lstm_backward(float *gates, const float *previous, const float *cell, const float *dhidden, float *dcell,
                        long m, long h);

// Rotary position embeddings (rotary.c)
/// Rotates the pairs (i, i + head_size/2) of each head of q and k, x [n, 3d] as for attention, by `direction` (1 or -1)
/// times the angle of the row's position; v is copied. `table` holds for each position the head_size/2 cosines, then
/// the sines. y is added to where beta is 1; y may be x where beta is 0.
void tune_rotate(const float *x, const float *table, const int32_t *positions, float *y, long n, long d, long head_size,
                 float direction, float beta);

// Embedding (embedding.c)
#define TUNE_ROW_IS_SET (-2)
/// y[i] = word_embeddings[token_ids[i]] (+ position_embeddings[position_ids[i]])
///      + token_type_embeddings[token_type_ids[i]]
/// No word embedding is added where token_ids[i] < 0; where it is TUNE_ROW_IS_SET, the sum begins with what y has. `position_embeddings` and `token_type_embeddings` may be NULL.
/// `round_to_bf16`: Float32 word embeddings are rounded to bfloat16 as they are read.
void tune_embed(const tune_matrix *word_embeddings, int round_to_bf16, const float *position_embeddings,
                const float *token_type_embeddings, const int32_t *token_ids, const int32_t *position_ids,
                const int32_t *token_type_ids, float *y, long n, long d);
/// table[ids[i]] += dy[i]; rows with ids[i] < 0 are skipped.
void tune_scatter_add(const float *dy, const int32_t *ids, float *table, long n, long d);

// Loss (loss.c)
/// Cross-entropy over rows with a target ≥ 0, divided by `norm`, as torch's CrossEntropyLoss(weight, label_smoothing,
/// reduction='sum') / norm. logits [n, c] are replaced by their gradient; returns the loss. `weights` [c] may be NULL.
double tune_cross_entropy(float *logits, const int32_t *targets, const float *weights, long n, long classes,
                          float smoothing, float norm);
/// logits, targets [n, classes] from 0 to 1, or NaN: no target; positive_weights [classes] may be NULL.
/// Returns the sum over rows of the mean over classes, divided by `norm`. The gradient overwrites the logits.
double tune_binary_cross_entropy(float *logits, const float *targets, const float *positive_weights, long n,
                                 long classes, float norm);
/// As tune_cross_entropy without smoothing, in which a target's loss counts (1 - p)^gamma (focal.c).
double tune_focal_cross_entropy(float *logits, const int32_t *targets, const float *weights, long n, long classes,
                                float gamma, float norm);
/// As tune_binary_cross_entropy, in which a class that applies counts (1 - p)^gamma, and one that does not p^gamma.
double tune_focal_binary_cross_entropy(float *logits, const float *targets, const float *positive_weights, long n,
                                       long classes, float gamma, float norm);
/// logits, targets [n]; NaN: no target. Returns the sum of the squared errors, divided by `norm`. The gradient overwrites
/// the logits.
double tune_mean_squared_error(float *logits, const float *targets, long n, float norm);

// A linear-chain CRF (chain.c): start [c], transitions [c, c] from row to column, end [c]
/// Returns log Z - score of the tags of one sequence: emissions [n, c], 0 < n. `scale` times the gradient overwrites the
/// emissions; the gradients of start, transitions and end [c·(c + 2)] are added to, without `scale`. scratch [(n + 3)·c]
double tune_chain(float *emissions, const int32_t *tags, const float *start, const float *transitions,
                  const float *end, double *gradients, double *scratch, long n, long c, float scale);

// Divergence (divergence.c); inverse_temperature = 1/T
/// Returns Σ over rows of KL(q ‖ p), q = softmax(teacher/T), p = softmax(logits/T), both [n, c];
/// gradient [n, c] = gradient_scale·(p - q). `gradient` may be `teacher`, or NULL.
double tune_divergence(const float *logits, const float *teacher, float *gradient, long n, long classes,
                       float inverse_temperature, float gradient_scale);
/// Returns Σ over rows of the mean over classes of KL(q ‖ p), q = sigmoid(teacher/T), p = sigmoid(logits/T), both [n, c];
/// gradient [n, c] = gradient_scale/c·(p - q). `gradient` may be `teacher`, or NULL.
double tune_binary_divergence(const float *logits, const float *teacher, float *gradient, long n, long classes,
                              float inverse_temperature, float gradient_scale);
/// The same for a teacher known only by its k log-probabilities teacher_log_probs [n, k] at the classes top_classes
/// [n, k] of each row; all other classes count as one outcome. Rows of `gradient` are `stride` apart. With stride 0,
/// `gradient` is one row of scratch.
double tune_top_divergence(const float *logits, const int32_t *top_classes, const float *teacher_log_probs,
                           float *gradient, long stride, long n, long classes, long k, float inverse_temperature,
                           float gradient_scale);
/// The k ≤ c largest values of log softmax(logits/T) in each row, in descending order; of equal values, the lower class
/// comes first. top_classes [n, k], log_probs [n, k].
void tune_top_k(const float *logits, int32_t *top_classes, float *log_probs, long n, long classes, long k,
                float inverse_temperature);

// Distance (distance.c)
/// Returns Σ (x - t)²; dx = gradient_scale·(x - t) where beta is 0, else it is added to. `dx` may be NULL, or `t` where
/// beta is 0.
double tune_squared_error(const float *x, const float *t, float *dx, long count, float gradient_scale, float beta);
/// Returns Σ over rows of 1 - cos(x, t), both [n, d]; dx [n, d] = gradient_scale·gradient where beta is 0, else it is
/// added to. `dx` may be NULL.
double tune_cosine_distance(const float *x, const float *t, float *dx, long n, long d, float gradient_scale,
                            float beta);

// Optimizer (optimizer.c): p parameters, g their gradients, which are first multiplied by `clip_factor`
/// One step of decoupled AdamW (Loshchilov & Hutter 2019).
/// step_size = lr/(1-β1^step), bias_correction2_sqrt = √(1-β2^step), decay_factor = 1 - lr·weight_decay.
void tune_adamw(float *p, const float *g, float *m, float *v, long count, float clip_factor, float step_size,
                float bias_correction2_sqrt, float beta1, float beta2, float eps, float decay_factor);
/// One step of SGD: m = momentum·m + g; p = decay_factor·p - learning_rate·u, where u is m, g + momentum·m with
/// `nesterov`, or g where `m` is NULL.
void tune_sgd(float *p, const float *g, float *m, long count, float clip_factor, float learning_rate, float momentum,
              bool nesterov, float decay_factor);
/// One step of Lion: p = decay_factor·p - learning_rate·sign(β1·m + (1-β1)·g); then m = β2·m + (1-β2)·g.
void tune_lion(float *p, const float *g, float *m, long count, float clip_factor, float learning_rate, float beta1,
               float beta2, float decay_factor);
/// Adafactor's second moments from rows g [n, d] of a matrix, with the squares s = g² + 1e-30: row_means [n] are
/// interpolated by `weight` towards the row means of s; column_sums [d] = Σ over these rows of s.
void tune_adafactor_means(const float *g, long n, long d, float clip_factor, float weight, float *row_means,
                          float *column_sums);
/// Returns Σ u² of Adafactor's update u = g / √(row_means / row_mean) · column_factors, where column_factors [d] are
/// 1/√ of the column means.
double tune_adafactor_squares(const float *g, const float *row_means, const float *column_factors, long n, long d,
                              float clip_factor, float row_mean);
/// p = decay_factor·p - learning_rate·u.
void tune_adafactor(float *p, const float *g, const float *row_means, const float *column_factors, long n, long d,
                    float clip_factor, float row_mean, float learning_rate, float decay_factor);
/// x = x + weight·(end - x), as torch.lerp; exactly `end` where weight is 1.
void tune_lerp(float *x, const float *end, long count, float weight);
/// Exchanges x and y.
void tune_swap(float *x, float *y, long count);
#endif
