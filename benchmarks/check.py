"""Whether tune has become slower, or larger, than the results file of this machine says. Exits with 1 when a ratio fell.

With --peers PYTHON (or a fresh file that holds a peer's figures) the ratios to PyTorch are compared: times_faster and
times_smaller. Without a peer it is share_of_peak, our rate by that of OpenBLAS's product in the same process, which a
slower hour of the machine hardly moves, and peak memory. What fell is measured again, twice at most, and its best
counts: noise makes a program slower, never faster.

usage: check.py [FRESH.json] [--peers PYTHON] [--recorded FILE] [--workloads A,B+ragged | --workloads all]
                [--steps 5] [--threads N] [--tolerance 5]
FRESH.json is what `bench.py --output FRESH.json` wrote; without it a few recorded workloads are measured now.
Exits with 2 when there is nothing to compare with.
"""
import argparse
import os
import sys
import types

import machine
import sections

# Each keeps all threads busy: a batch of one sequence is one thread's work, and share_of_peak holds it against all.
QUICK = ["mini-full-16x128", "mini-lora-16x128", "mini-lora-32x128+ragged", "base-lora-8x128", "infer-mini-32x128"]


def figures(results):
    """{(section, row, figure, name): number}, for all of which larger is better."""
    found = {}
    for section, content in results["sections"].items():
        for row, record in content["rows"].items():
            for figure in ("times_faster", "times_smaller"):
                found |= {(section, row, figure, name): value for name, value in record.get(figure, {}).items()}
            for name, ours in record["tune"].items() if section in ("steps", "memory") else []:
                if section == "steps":
                    found[section, row, "share_of_peak", name] = ours["share_of_peak"]
                else:
                    found[section, row, "1 / peak MB", name] = 1 / ours
    return found


def comparable(recorded, fresh):
    """[(key, recorded, fresh)]: ratios to the peer where the fresh results have some, else our own figures."""
    old, new = figures(recorded), figures(fresh)
    ratios = ("times_faster", "times_smaller")
    wanted = ratios if any(key[2] in ratios for key in new) else ("share_of_peak", "1 / peak MB")
    return [(key, old[key], new[key]) for key in sorted(new) if key in old and key[2] in wanted]


def same_setting(recorded, fresh):
    """Why the two cannot be compared, or None."""
    for name, content in fresh["sections"].items():
        old = recorded["sections"].get(name, content)
        for key in ("threads", "blas_core", "multiplier"):
            if old.get(key) != content.get(key):
                return f"{name}: recorded with {key} {old.get(key)}, now {content.get(key)}"
    return None


def measured(options, names, engine):
    """Fresh results of the steps section's rows `names`."""
    results = {"sections": {}}

    def keep(section, name, row):
        head = {"threads": options.threads, "rows": {}} | engine
        results["sections"].setdefault(section, head)["rows"][name] = row

    sections.steps(types.SimpleNamespace(**vars(options) | {"workloads": names, "rounds": 1}), keep)
    return results


def rerun(options, recorded):
    """Measures, and measures again what seems to have fallen; the best of each figure."""
    rows = recorded["sections"].get("steps", {"rows": {}})["rows"]
    quick = [name for name in QUICK if name in rows]
    names = list(rows) if options.workloads == ["all"] else options.workloads or quick
    missing = [name for name in names if name not in rows]
    if missing or not names:
        stop(f"nothing is recorded of {', '.join(missing) or 'any workload'}; run make bench first")
    engine = sections.engine()
    best = {}
    for _ in range(3):
        fresh = measured(options, names, engine)
        if why := same_setting(recorded, fresh):
            stop(why)
        for key, old, new in comparable(recorded, fresh):
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
    """Prints the table; whether all is well."""
    width = max(len(" ".join(key[:2])) for key, _, _ in rows)
    print(f"{'':{width}}  {'':20}  recorded     fresh   change")
    for key, old, new in rows:
        verdict = "" if new >= old * limit else "  FELL"
        change = 100 * (new / old - 1)
        print(f"{' '.join(key[:2]):{width}}  {key[2]:13} {key[3]:6}  {old:8.4g}  {new:8.4g}  {change:+6.1f} %{verdict}")
    fallen = sum(new < old * limit for _, old, new in rows)
    print(f"{fallen} of {len(rows)} figures fell by more than {100 * (1 - limit):.3g} %")
    return fallen == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fresh", nargs="?")
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--recorded", default=machine.results_path(machine.facts()))
    parser.add_argument("--workloads", type=lambda text: text.split(","))
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--tolerance", type=float, default=5, help="percent")
    options = parser.parse_args()
    options.limit = 1 - options.tolerance / 100
    if not os.path.exists(options.recorded):
        stop(f"{options.recorded}: no results of this machine; run make bench first")
    recorded = machine.read(options.recorded)
    if options.fresh:
        fresh = machine.read(options.fresh)
        if why := same_setting(recorded, fresh):
            stop(why)
        rows = comparable(recorded, fresh)
    else:
        rows = rerun(options, recorded)
    if not rows:
        stop(f"{options.recorded} and the fresh results have no figure in common")
    sys.exit(0 if report(rows, options.limit) else 1)


if __name__ == "__main__":
    main()
