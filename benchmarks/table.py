"""Writes the tables of README.md and docs/performance.md from a results file, between the markers on each page.

usage: table.py [RESULTS.json]        default: benchmarks/results/<machine>.json of this machine
A page has `<!-- benchmarks:short -->` or `<!-- benchmarks:full -->`, and `<!-- /benchmarks -->` after it.
"""
import os
import re
import sys

import machine

PAGES = ["README.md", "docs/performance.md"]
PRECISIONS = ("fp32", "bf16")
# The rows of the short table.
SHORT = ["base-full-8x128", "base-lora-32x128+ragged", "mini-lora-32x128+ragged", "base-distil-8x128",
         "infer-base-32x128", "infer-mini-1x128"]


def table(head, rows):
    line = lambda cells: "| " + " | ".join(cells) + " |"
    return [line(head), "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|", *map(line, rows)]


def duration(seconds):
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s"


def times(ratio):
    return "–" if ratio is None else f"{ratio:.3g} ×"


def get(record, *path):
    for key in path:
        record = (record or {}).get(key)
    return record


def best(side, quantity):
    """The lowest value of a quantity on one side, with the name of its variant."""
    if not side:
        return "–"
    name = min(side, key=lambda name: side[name][quantity])
    return f"{duration(side[name][quantity])} ({name})"


def rows_of(results, section):
    return get(results, "sections", section, "rows") or {}


def timed(results):
    """(name, row, the quantity to compare) of everything that both sides measure."""
    yield from ((name, row, "median_seconds") for name, row in rows_of(results, "steps").items())
    yield from ((f"one epoch, {name}", row, "train_seconds") for name, row in rows_of(results, "epochs").items())
    yield from ((f"whole run, {name}", row, "train_seconds") for name, row in rows_of(results, "recipe").items())
    yield from ((f"predict, {name}, whole process", row, "wall_seconds")
                for name, row in rows_of(results, "predict").items())


def origin(results):
    host = results["machine"]
    lines = [f"{host['cpu']} (family {host['family']}, model {host['model']}), {host['cores']} cores, "
             f"{host['memory_gb']} GB."]
    for name, section in results["sections"].items():
        peer = ", ".join(f"{package} {version}" for package, version in section["versions"].items())
        lines.append(f"`{name}`: commit {section['commit']}, {section['date']}, {section['threads']} threads, OpenBLAS "
                     f"core {section['blas_core']}{', against ' + peer if peer else ''}.")
    return lines


def short(results):
    chosen = [(name, row, quantity) for name, row, quantity in timed(results)
              if name in SHORT or quantity != "median_seconds"]
    return table(["workload", "tune", "PyTorch + PEFT", "speedup"],
                 [[name, best(row["tune"], quantity), best(row.get("peer"), quantity),
                   times(get(row, "times_faster", "best"))]
                  for name, row, quantity in chosen]) + ["", *origin(results)[:1]]


def full(results):
    steps = []
    for name, row in rows_of(results, "steps").items():
        steps.append([name, *(duration(get(row, side, precision, "median_seconds"))
                              for side in ("tune", "peer") for precision in PRECISIONS),
                      *(times(get(row, "times_faster", ratio)) for ratio in (*PRECISIONS, "best")),
                      f"{100 * (get(row, 'tune', 'fp32', 'share_of_peak') or 0):.0f} %"])
    memory = [[name, *(str(round(value)) if (value := get(row, side, precision)) else "–"
                       for side in ("tune", "peer") for precision in PRECISIONS),
               times(get(row, "times_smaller", "best"))]
              for name, row in rows_of(results, "memory").items()]
    others = [[name, variant, duration(get(row, "tune", variant, quantity)), duration(get(row, "peer", variant, quantity)),
               times(get(row, "times_faster", variant))]
              for name, row, quantity in timed(results) if quantity != "median_seconds"
              for variant in dict.fromkeys([*row["tune"], *row.get("peer", {})])]
    cached = [[name, variant, *(f"{values[f'{epoch}_tokens_per_second']:,.0f}" for epoch in ("uncached", "cached")),
               times(values["times_faster"])]
              for name, row in rows_of(results, "cache").items() for variant, values in row["tune"].items()]
    cache_table = table(
        ["distillation, tokens per second", "variant", "teacher runs", "cached", "speedup"], cached)
    return [
        *table(["workload, one step", "tune fp32", "tune bf16", "torch fp32", "torch bf16", "speedup, fp32",
                "speedup, bf16", "speedup, faster precision of each", "tune fp32, fraction of sgemm's peak"], steps), "",
        *table(["workload, peak memory in MB", "tune fp32", "tune bf16", "torch fp32", "torch bf16", "reduction"],
               memory), "",
        *table(["workload", "variant", "tune", "PyTorch + PEFT", "speedup"], others), "",
        *([*cache_table, ""] if cached else []),
        *("- " + line for line in origin(results))]


def fill(page, name, sections):
    """Replaces what a page (relative to the repository) has between one of the marks of `sections`, which have the new lines of
    each, and `<!-- /NAME -->`."""
    path = os.path.join(machine.ROOT, page)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    found = re.search(rf"(<!-- ({'|'.join(sections)}) -->\n).*?(<!-- /{name} -->)", text, re.S)
    if not found:
        sys.exit(f"table: {path}: no <!-- {' --> or <!-- '.join(sections)} --> before <!-- /{name} -->")
    text = text[:found.start()] + found[1] + "\n".join(sections[found[2]]) + "\n" + found[3] + text[found.end():]
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    path = sys.argv[1] if sys.argv[1:] else machine.results_path(machine.description())
    if not os.path.exists(path):
        sys.exit(f"table: {path}: no such file; run make bench first")
    results = machine.read(path)
    for page in PAGES:
        fill(page, "benchmarks", {"benchmarks:short": short(results), "benchmarks:full": full(results)})


if __name__ == "__main__":
    main()
