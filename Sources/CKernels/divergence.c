/// Kullback-Leibler divergences between rows of logits, and their gradients; the top-k log-probabilities of a row.
/// Sums run in Float32 within a chunk of classes and in Double over the chunks.
#include "common.h"

enum { CHUNK = 2048 };

INLINE float row_maximum(const float *x, long count) {
  f32x16 tops = splat(x[0]);
  long i = 0;
  for (; i + LANES <= count; i += LANES) tops = maximum(tops, load(x + i));
  float top = reduce_max(tops);
  for (; i < count; i++) top = x[i] > top ? x[i] : top;
  return top;
}

/// Runs `body(c, rest)` for every 16 classes of a row, and `fold()` after each chunk. `rest` is 16, or less at the end.
#define FOR_EACH_CHUNK(classes, body, fold)                                          \
  for (long first = 0; first < classes; first += CHUNK) {                            \
    long end = first + CHUNK < classes ? first + CHUNK : classes, c = first;         \
    for (; c + LANES <= end; c += LANES) body(c, LANES);                             \
    if (c < end) body(c, end - c);                                                   \
    fold();                                                                          \
  }

INLINE f32x16 load_up_to(const float *p, long count) { return count == LANES ? load(p) : load_partial(p, count); }
INLINE void store_up_to(float *p, f32x16 v, long count) { count == LANES ? store(p, v) : store_partial(p, v, count); }
INLINE f32x16 keep_first(f32x16 v, long count) {
  return count == LANES ? v : where(first_lanes(count), v, splat(0));
}

/// y = e^(inverse_temperature·(x - top)) for one row; returns its sum. `y` may be NULL or x.
INLINE double exp_row(const float *x, float *y, long classes, float top, float inverse_temperature) {
  double sum = 0;
  f32x16 sums = {};
#define STEP(c, rest)                                                             \
  {                                                                               \
    f32x16 e = fast_exp((load_up_to(x + c, rest) - top) * inverse_temperature);   \
    if (y) store_up_to(y + c, e, rest);                                           \
    sums += keep_first(e, rest);                                                  \
  }
#define SUM() sum += reduce_sum(sums), sums = splat(0)
  FOR_EACH_CHUNK(classes, STEP, SUM)
#undef STEP
#undef SUM
  return sum;
}

/// KL of one row: Σ q·(t - s) + log Σ e^s - log Σ e^t, where s and t are the logits minus their row's maximum. The
/// maxima are subtracted first, so that an offset common to a row costs no digits.
/// gradient = gradient_scale·(p - q), which is exactly 0 where both rows are equal.
INLINE double divergence_row(const float *student, const float *teacher, float *gradient, long classes,
                             float inverse_temperature, float gradient_scale) {
  float student_top = row_maximum(student, classes), teacher_top = row_maximum(teacher, classes);
  double student_sum = 0, teacher_sum = 0, difference = 0;
  f32x16 student_sums = {}, teacher_sums = {}, differences = {};
#define STEP(c, rest)                                                                            \
  {                                                                                              \
    f32x16 s = (load_up_to(student + c, rest) - student_top) * inverse_temperature;              \
    f32x16 t = (load_up_to(teacher + c, rest) - teacher_top) * inverse_temperature;              \
    f32x16 q = keep_first(fast_exp(t), rest);                                                    \
    student_sums += keep_first(fast_exp(s), rest);                                               \
    teacher_sums += q;                                                                           \
    differences += q * (t - s);                                                                  \
    if (gradient) store_up_to(gradient + c, q, rest);                                            \
  }
#define SUM()                                                                                    \
  student_sum += reduce_sum(student_sums), teacher_sum += reduce_sum(teacher_sums),              \
      difference += reduce_sum(differences), student_sums = teacher_sums = differences = splat(0)
  FOR_EACH_CHUNK(classes, STEP, SUM)
#undef STEP
#undef SUM
  if (gradient) {
    float ratio = (float)(student_sum / teacher_sum), factor = (float)(gradient_scale / student_sum);
    long c = 0;
#define STEP(c, rest)                                                                            \
  store_up_to(gradient + c,                                                                      \
              (fast_exp((load_up_to(student + c, rest) - student_top) * inverse_temperature) -   \
               load_up_to(gradient + c, rest) * ratio) * factor, rest)
    for (; c + LANES <= classes; c += LANES) STEP(c, LANES);
    if (c < classes) STEP(c, classes - c);
#undef STEP
  }
  return difference / teacher_sum + log(student_sum / teacher_sum);
}

CLONES double tune_divergence(const float *logits, const float *teacher, float *gradient, long n, long classes,
                              float inverse_temperature, float gradient_scale) {
  double loss = 0;
  for (long i = 0; i < n; i++)
    loss += divergence_row(logits + i * classes, teacher + i * classes, gradient ? gradient + i * classes : NULL,
                           classes, inverse_temperature, gradient_scale);
  return loss;
}

/// One row of `tune_top_divergence`; `row` becomes the gradient.
INLINE double top_divergence_row(const float *logits, const int32_t *top_classes, const float *teacher_log_probs,
                                 float *row, long classes, long k, float inverse_temperature, float gradient_scale) {
  // The student's other classes are summed separately: 1 - Σ p would round to 0 where the top classes have nearly all.
  memcpy(row, logits, classes * sizeof(float));
  double top_mass = 0, maximum_logit = -INFINITY, others_lse = -INFINITY, sum = 0;
  for (long j = 0; j < k; j++) {
    double s = logits[top_classes[j]] * (double)inverse_temperature;
    maximum_logit = s > maximum_logit ? s : maximum_logit;
    top_mass += exp((double)teacher_log_probs[j]);
    row[top_classes[j]] = -1e30f;
  }
  if (k < classes) {
    float largest_other = row_maximum(row, classes);
    sum = exp_row(row, row, classes, largest_other, inverse_temperature);
    others_lse = largest_other * (double)inverse_temperature + log(sum);
    maximum_logit = others_lse > maximum_logit ? others_lse : maximum_logit;
  }
  double total_sum = exp(others_lse - maximum_logit);
  for (long j = 0; j < k; j++) total_sum += exp(logits[top_classes[j]] * (double)inverse_temperature - maximum_logit);
  double lse = maximum_logit + log(total_sum);
  // A remainder below the rounding of Float32 log-probabilities counts as 0.
  double others_mass = k < classes && top_mass < 1 - 1e-6 ? 1 - top_mass : 0, total_mass = top_mass + others_mass;
  double loss = others_mass > 0 ? others_mass * (log(others_mass) - (others_lse - lse)) : 0;
  float factor = k < classes ? (float)(gradient_scale * (total_mass * exp(others_lse - lse) - others_mass) / sum) : 0;
  for (long c = 0; c < classes; c++) row[c] *= factor;
  for (long j = 0; j < k; j++) {
    double q = exp((double)teacher_log_probs[j]), log_p = logits[top_classes[j]] * (double)inverse_temperature - lse;
    loss += q * (teacher_log_probs[j] - log_p);
    row[top_classes[j]] = (float)(gradient_scale * (total_mass * exp(log_p) - q));
  }
  return loss;
}

CLONES double tune_top_divergence(const float *logits, const int32_t *top_classes, const float *teacher_log_probs,
                                  float *gradient, long stride, long n, long classes, long k,
                                  float inverse_temperature, float gradient_scale) {
  double loss = 0;
  for (long i = 0; i < n; i++)
    loss += top_divergence_row(logits + i * classes, top_classes + i * k, teacher_log_probs + i * k,
                               gradient + i * stride, classes, k, inverse_temperature, gradient_scale);
  return loss;
}

/// Inserts x into the `found` largest values, which are sorted; behind equal ones. Returns the new number of values.
INLINE long insert_sorted(float *values, int32_t *top_classes, long found, long k, float x, int32_t class) {
  if (found == k && !(x > values[k - 1])) return found;
  long at = found < k ? found++ : k - 1;
  for (; at > 0 && values[at - 1] < x; at--) {
    values[at] = values[at - 1];
    top_classes[at] = top_classes[at - 1];
  }
  values[at] = x;
  top_classes[at] = class;
  return found;
}

/// One row of `tune_top_k`.
INLINE void top_k_row(const float *row, int32_t *top_classes, float *values, long classes, long k,
                      float inverse_temperature) {
  long found = 0;
  for (long first = 0; first < classes; first += LANES) {
    long end = first + LANES < classes ? first + LANES : classes;
    if (found == k && end == first + LANES && reduce_max(load(row + first)) <= values[k - 1]) continue;
    for (long c = first; c < end; c++) found = insert_sorted(values, top_classes, found, k, row[c], (int32_t)c);
  }
  float top = values[0];
  double log_sum = log(exp_row(row, NULL, classes, top, inverse_temperature));
  for (long j = 0; j < k; j++) values[j] = (float)((values[j] - top) * (double)inverse_temperature - log_sum);
}

CLONES void tune_top_k(const float *logits, int32_t *top_classes, float *log_probs, long n, long classes, long k,
                       float inverse_temperature) {
  for (long i = 0; i < n; i++)
    top_k_row(logits + i * classes, top_classes + i * k, log_probs + i * k, classes, k, inverse_temperature);
}
