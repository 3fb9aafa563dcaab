"""Checks whether tune has become slower, or uses more memory, than recorded for this machine. Exits with 1 if so.

With --peers PYTHON (or a new file with results of a peer) it compares the ratios to PyTorch: times_faster and
times_smaller. Without a peer it compares peak memory and share_of_peak, our speed divided by that of OpenBLAS's GEMM in
the same process, which hardly changes in a slower hour of the machine. A value that fell is measured again, twice at
most, and its best value counts: noise makes a program slower, never faster.

usage: check.py [NEW.json] [--peers PYTHON] [--recorded FILE] [--workloads A,B+ragged | --workloads all]
                [--steps 5] [--threads N] [--tolerance 5]
NEW.json is what `bench.py --output NEW.json` wrote; without it a few recorded workloads are measured now.
Exits with 2 when there is nothing to compare with.
"""
import argparse
import os
import sys
import types

import machine
import sections

# Each keeps all threads busy: one sequence would occupy one thread only, and share_of_peak is relative to all threads.
QUICK = ["mini-full-16x128", "mini-lora-16x128", "mini-lora-32x128+ragged", "base-lora-8x128", "infer-mini-32x128"]


def values(results):
    """{(section, row, quantity, name): number}; larger is better for all of them."""
    result = {}
    for section, content in results["sections"].items():
        for row, record in content["rows"].items():
            for quantity in ("times_faster", "times_smaller"):
                result |= {(section, row, quantity, name): value for name, value in record.get(quantity, {}).items()}
            for name, ours in record["tune"].items() if section in ("steps", "memory") else []:
                if section == "steps":
                    result[section, row, "share_of_peak", name] = ours["share_of_peak"]
                else:
                    result[section, row, "1 / peak MB", name] = 1 / ours
    return result


def comparable(recorded, measured):
    """[(key, recorded, new)]: ratios to the peer if the new results have any, else our own values."""
    old, new = values(recorded), values(measured)
    ratios = ("times_faster", "times_smaller")
    quantities = ratios if any(key[2] in ratios for key in new) else ("share_of_peak", "1 / peak MB")
    return [(key, old[key], new[key]) for key in sorted(new) if key in old and key[2] in quantities]


def difference(recorded, measured):
    """The setting that differs, so that the results cannot be compared, or None."""
    for name, content in measured["sections"].items():
        old = recorded["sections"].get(name, content)
        for key in ("threads", "blas_core", "gemm_backend"):
            if old.get(key) != content.get(key):
                return f"{name}: recorded with {key} {old.get(key)}, now {content.get(key)}"
    return None


def measure(options, names, engine):
    """New results for the rows `names` of the section steps."""
    results = {"sections": {}}

    def keep(section, name, row):
        head = {"threads": options.threads, "rows": {}} | engine
        results["sections"].setdefault(section, head)["rows"][name] = row

    sections.steps(types.SimpleNamespace(**vars(options) | {"workloads": names, "rounds": 1}), keep)
    return results


def rerun(options, recorded):
    """Measures, and measures again the values that seem to have fallen; returns the best of each."""
    rows = recorded["sections"].get("steps", {"rows": {}})["rows"]
    quick = [name for name in QUICK if name in rows]
    names = list(rows) if options.workloads == ["all"] else options.workloads or quick
    missing = [name for name in names if name not in rows]
    if missing or not names:
        stop(f"no results are recorded for {', '.join(missing) or 'any workload'}; run make bench first")
    engine = sections.engine()
    best = {}
    for _ in range(3):
        measured = measure(options, names, engine)
        if why := difference(recorded, measured):
            stop(why)
        for key, old, new in comparable(recorded, measured):
            best[key] = old, max(new, best.get(key, (old, new))[1])
        fell = {key[1] for key, (old, new) in best.items() if new < old * options.limit}
        names = [name for name in names if name in fell]
        if not names:
            break
    return [(key, *pair) for key, pair in best.items()]


def stop(why):
    print(f"check: {why}", file=sys.stderr)
    sys.exit(2)


def report(rows, limit):
    """Prints the table; returns whether no value fell."""
    width = max(len(" ".join(key[:2])) for key, _, _ in rows)
    print(f"{'':{width}}  {'':20}  recorded       new   change")
    for key, old, new in rows:
        verdict = "" if new >= old * limit else "  FELL"
        change = 100 * (new / old - 1)
        print(f"{' '.join(key[:2]):{width}}  {key[2]:13} {key[3]:6}  {old:8.4g}  {new:8.4g}  {change:+6.1f} %{verdict}")
    fallen = sum(new < old * limit for _, old, new in rows)
    print(f"{fallen} of {len(rows)} values fell by more than {100 * (1 - limit):.3g} %")
    return fallen == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("new", nargs="?")
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--recorded", default=machine.results_path(machine.description()))
    parser.add_argument("--workloads", type=sections.names)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--tolerance", type=float, default=5, help="percent")
    options = parser.parse_args()
    options.limit = 1 - options.tolerance / 100
    if not os.path.exists(options.recorded):
        stop(f"{options.recorded}: no results for this machine; run make bench first")
    recorded = machine.read(options.recorded)
    if options.new:
        measured = machine.read(options.new)
        if why := difference(recorded, measured):
            stop(why)
        rows = comparable(recorded, measured)
    else:
        rows = rerun(options, recorded)
    if not rows:
        stop(f"{options.recorded} and the new results have no value in common")
    sys.exit(0 if report(rows, options.limit) else 1)


if __name__ == "__main__":
    main()
