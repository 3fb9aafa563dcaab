/// Kullback-Leibler divergences of rows of logits. Sums run in Float32 over stretches, in Double over these.
#include "common.h"

enum { STRETCH = 2048 };

INLINE float largest(const float *x, long count) {
  lanes tops = splat(x[0]);
  long i = 0;
  for (; i + LANES <= count; i += LANES) tops = larger(tops, load(x + i));
  float top = largest_lane(tops);
  for (; i < count; i++) top = x[i] > top ? x[i] : top;
  return top;
}

/// Calls `body(c, rest)` for every 16 classes of a row, and `fold()` after each stretch and at the end; `rest` is how
/// many of the 16 there are.
#define EACH_STRETCH(classes, body, fold)                                            \
  for (long first = 0; first < classes; first += STRETCH) {                          \
    long end = first + STRETCH < classes ? first + STRETCH : classes, c = first;     \
    for (; c + LANES <= end; c += LANES) body(c, LANES);                             \
    if (c < end) body(c, end - c);                                                   \
    fold();                                                                          \
  }

INLINE lanes load_up_to(const float *p, long count) { return count == LANES ? load(p) : load_some(p, count); }
INLINE void store_up_to(float *p, lanes v, long count) { count == LANES ? store(p, v) : store_some(p, v, count); }
INLINE lanes only(lanes v, long count) { return count == LANES ? v : choose(first_lanes(count), v, splat(0)); }

/// e^(sharpness·(x - top)) of one row; returns their sum. `y` may be NULL or x.
INLINE double exponentials(const float *x, float *y, long classes, float top, float sharpness) {
  double sum = 0;
  lanes sums = {};
#define STEP(c, rest)                                                   \
  {                                                                     \
    lanes e = fast_exp((load_up_to(x + c, rest) - top) * sharpness);    \
    if (y) store_up_to(y + c, e, rest);                                 \
    sums += only(e, rest);                                              \
  }
#define SUM() sum += sum_lanes(sums), sums = splat(0)
  EACH_STRETCH(classes, STEP, SUM)
#undef STEP
#undef SUM
  return sum;
}

/// KL of one row: Σ q·(t - s) + log Σ e^s - log Σ e^t of logits s, t below their rows' largest, so that what is common
/// to a row does not round. gradient = slope·(p - q), exactly 0 where both rows are alike.
INLINE double diverge(const float *student, const float *teacher, float *gradient, long classes, float sharpness,
                      float slope) {
  float top = largest(student, classes), height = largest(teacher, classes);
  double all = 0, mass = 0, gap = 0;
  lanes sums = {}, masses = {}, gaps = {};
#define STEP(c, rest)                                                              \
  {                                                                                \
    lanes s = (load_up_to(student + c, rest) - top) * sharpness;                   \
    lanes t = (load_up_to(teacher + c, rest) - height) * sharpness;                \
    lanes q = only(fast_exp(t), rest);                                             \
    sums += only(fast_exp(s), rest);                                               \
    masses += q;                                                                   \
    gaps += q * (t - s);                                                           \
    if (gradient) store_up_to(gradient + c, q, rest);                              \
  }
#define SUM()                                                                      \
  all += sum_lanes(sums), mass += sum_lanes(masses), gap += sum_lanes(gaps),       \
      sums = masses = gaps = splat(0)
  EACH_STRETCH(classes, STEP, SUM)
#undef STEP
#undef SUM
  if (gradient) {
    float ratio = (float)(all / mass), factor = (float)(slope / all);
    long c = 0;
#define STEP(c, rest)                                                                           \
  store_up_to(gradient + c,                                                                     \
              (fast_exp((load_up_to(student + c, rest) - top) * sharpness) -                    \
               load_up_to(gradient + c, rest) * ratio) * factor, rest)
    for (; c + LANES <= classes; c += LANES) STEP(c, LANES);
    if (c < classes) STEP(c, classes - c);
#undef STEP
  }
  return gap / mass + log(all / mass);
}

CLONES double tune_divergence(const float *logits, const float *teacher, float *gradient, long n, long classes,
                              float sharpness, float slope) {
  double loss = 0;
  for (long i = 0; i < n; i++)
    loss += diverge(logits + i * classes, teacher + i * classes, gradient ? gradient + i * classes : NULL, classes,
                    sharpness, slope);
  return loss;
}

/// One row of `tune_top_divergence`; `row` becomes the gradient.
INLINE double diverge_top(const float *logits, const int32_t *top, const float *logs, float *row, long classes, long k,
                          float sharpness, float slope) {
  // The student's other classes are summed on their own: 1 - Σ p would lose them where the known ones have it all.
  memcpy(row, logits, classes * sizeof(float));
  double known = 0, height = -INFINITY, others = -INFINITY, sum = 0;
  for (long j = 0; j < k; j++) {
    double s = logits[top[j]] * (double)sharpness;
    height = s > height ? s : height;
    known += exp((double)logs[j]);
    row[top[j]] = -1e30f;
  }
  if (k < classes) {
    float largest_other = largest(row, classes);
    sum = exponentials(row, row, classes, largest_other, sharpness);
    others = largest_other * (double)sharpness + log(sum);
    height = others > height ? others : height;
  }
  double all = exp(others - height);
  for (long j = 0; j < k; j++) all += exp(logits[top[j]] * (double)sharpness - height);
  double level = height + log(all);
  // Less than the rounding of Float32 logarithms is nothing.
  double left = k < classes && known < 1 - 1e-6 ? 1 - known : 0, total = known + left;
  double loss = left > 0 ? left * (log(left) - (others - level)) : 0;
  float factor = k < classes ? (float)(slope * (total * exp(others - level) - left) / sum) : 0;
  for (long c = 0; c < classes; c++) row[c] *= factor;
  for (long j = 0; j < k; j++) {
    double share = exp((double)logs[j]), log_p = logits[top[j]] * (double)sharpness - level;
    loss += share * (logs[j] - log_p);
    row[top[j]] = (float)(slope * (total * exp(log_p) - share));
  }
  return loss;
}

CLONES double tune_top_divergence(const float *logits, const int32_t *top, const float *logs, float *gradient,
                                  long stride, long n, long classes, long k, float sharpness, float slope) {
  double loss = 0;
  for (long i = 0; i < n; i++)
    loss += diverge_top(logits + i * classes, top + i * k, logs + i * k, gradient + i * stride, classes, k, sharpness,
                        slope);
  return loss;
}

/// Puts x among the `found` best, which are sorted; behind those as large. Returns how many are found now.
INLINE long insert(float *best, int32_t *names, long found, long k, float x, int32_t name) {
  if (found == k && !(x > best[k - 1])) return found;
  long at = found < k ? found++ : k - 1;
  for (; at > 0 && best[at - 1] < x; at--) {
    best[at] = best[at - 1];
    names[at] = names[at - 1];
  }
  best[at] = x;
  names[at] = name;
  return found;
}

/// One row of `tune_top_k`.
INLINE void pick(const float *row, int32_t *names, float *best, long classes, long k, float sharpness) {
  long found = 0;
  for (long first = 0; first < classes; first += LANES) {
    long end = first + LANES < classes ? first + LANES : classes;
    if (found == k && end == first + LANES && largest_lane(load(row + first)) <= best[k - 1]) continue;
    for (long c = first; c < end; c++) found = insert(best, names, found, k, row[c], (int32_t)c);
  }
  float top = best[0];
  double level = log(exponentials(row, NULL, classes, top, sharpness));
  for (long j = 0; j < k; j++) best[j] = (float)((best[j] - top) * (double)sharpness - level);
}

CLONES void tune_top_k(const float *logits, int32_t *top, float *logs, long n, long classes, long k, float sharpness) {
  for (long i = 0; i < n; i++) pick(logits + i * classes, top + i * k, logs + i * k, classes, k, sharpness);
}
