"""Prints the table of docs/metrics.md: how often 95 % intervals hold the true score of simulated test data.

usage: python coverage.py   (numpy 2.4, scipy 1.17; four minutes)

The rule is that of make_metrics.py, whose intervals the tests compare with the program's: 1,000 resamples of units, expanded
percentiles. F1 is that of documents with one to five entities, of which a share between 0.7 and 1 is found (0.94 and 1 for the
higher F1), and up to four spurious ones; accuracy is that of single records. 4,000 simulated files of each size.
"""
import numpy as np
from scipy.stats import norm, t

FILES, RESAMPLES = 4000, 1000


def f1_counts(low, spurious):
    def draw(n, rng):
        gold = rng.integers(1, 6, n)
        found = rng.binomial(gold, rng.uniform(low, 1, n))
        return np.stack([gold, found + rng.binomial(4, spurious, n), found], 1)

    found = 3 * (low + 1) / 2
    return draw, 2 * found / (3 + found + 4 * spurious), lambda s: 2 * s[:, 2] / np.maximum(s[:, 0] + s[:, 1], 1)


def accuracy_counts(p):
    draw = lambda n, rng: np.stack([np.ones(n), rng.random(n) < p], 1)
    return draw, p, lambda s: s[:, 1] / s[:, 0]


def coverage(draw, truth, score, n, rng):
    tail = norm.cdf(-np.sqrt(n / (n - 1)) * t.ppf(0.975, n - 1))
    held = {"percentile": 0, "expanded": 0}
    for _ in range(FILES):
        values = score(rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES) @ draw(n, rng))
        for rule, q in (("percentile", 0.025), ("expanded", tail)):
            low, high = np.quantile(values, [q, 1 - q])
            held[rule] += low <= truth <= high
    return {rule: 100 * count / FILES for rule, count in held.items()}


rng = np.random.default_rng(20261129)
cases = {
    "F1 %.2f": f1_counts(0.7, 0.25), "F1 %.2f ": f1_counts(0.94, 0.03), "accuracy %.2f": accuracy_counts(0.85),
    "accuracy %.2f ": accuracy_counts(0.97)}
print("| units |", " | ".join(name.strip() % case[1] for name, case in cases.items()), "|")
for n in (10, 20, 50, 100, 200, 500):
    found = [coverage(*case, n, rng) for case in cases.values()]
    print(f"| {n} |", " | ".join(f"{x['expanded']:.1f} ({x['percentile']:.1f})" for x in found), "|", flush=True)
