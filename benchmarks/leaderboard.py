#!/usr/bin/env python3
"""Makes the leaderboard of methods part by part, and its tables in docs/methods.md.

usage: leaderboard.py [--table] [BASE/TASK …]                default: every part
A part is one base and one task of leaderboard.json (all methods) or leaderboard-main.json (the main methods). Each is a
benchmark of its own, made by one process of one thread for each core, which divide its runs; interrupted, it continues where it
was. Its results with the main metric, the machine and the commit are kept in results/leaderboard/BASE.TASK.json, so that parts
may be made on different days. --table writes the tables alone. TUNE in the environment is another binary.
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import machine
from table import duration, fill, table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TUNE = os.environ.get("TUNE", str(ROOT / ".build/release/tune"))
# The benchmark of every part.
PARTS = {("biomed-mini-l3", "ncbi-disease"): "leaderboard.json",
         ("biomed-mini-l3", "pubmed-sections"): "leaderboard.json",
         ("biomed-mini-l3", "chemprot"): "leaderboard-main.json",
         ("minilm-l6", "ncbi-disease"): "leaderboard-main.json",
         ("minilm-l6", "pubmed-sections"): "leaderboard-main.json",
         ("minilm-l6", "chemprot"): "leaderboard-main.json"}
# Of every task: its name in the table, and that of its metric.
TITLES = {"ncbi-disease": "NCBI-disease, F1", "pubmed-sections": "PubMed sections, accuracy",
          "chemprot": "ChemProt, micro F1"}


def results_path(base, task):
    return str(HERE / f"results/leaderboard/{base}.{task}.json")


def make(base, task):
    file = PARTS[base, task]
    others = {f"bases.{name}" for name, _ in PARTS if name != base} | {f"tasks.{name}" for _, name in PARTS if name != task}
    output = ROOT / "runs/leaderboard" / f"{base}.{task}"
    command = [TUNE, "bench", HERE / file, *(f"bench.{other}=null" for other in sorted(others)), f"output={output}",
               "--threads", "1"]
    processes = len(os.sched_getaffinity(0))
    made = {"machine": machine.description(), "commit": machine.commit(), "processes": processes, "threads": 1}
    started = [subprocess.Popen(command, cwd=ROOT) for _ in range(processes)]
    if any([process.wait() for process in started]):
        sys.exit(f"{base}/{task}: not all runs are made; start the same again")
    results = machine.read(output / "results.json")
    for row in results["rows"]:
        keep(row, row["metric"])
    machine.write(results_path(base, task), made | results)


def keep(row, metric):
    """Only the main metric of a row: the results of `tune bench` with all scores are six times as long."""
    row["scores"] = {metric: row["scores"][metric]}
    for run in row["runs"]:
        run["scores"] = {split: {metric: scores[metric]} for split, scores in run["scores"].items()}


def score(row, results):
    """The mean in percent with its deviation and interval, bold if no row of the part is significantly better."""
    values, (low, high) = row["scores"][row["metric"]], row["interval"]
    deviation = f" ± {100 * values['std']:.1f}" if values["n"] > 1 else ""
    mean = f"{100 * values['mean']:.1f}{deviation}"
    comparison, = results["comparisons"]
    best = comparison["best"]
    worse = any({pair["first"], pair["second"]} == {row["method"], best} and pair["adjusted_p"] < 0.05
                for pair in comparison["pairs"])
    return f"{mean if worse else f'**{mean}**'} ({100 * low:.1f} to {100 * high:.1f})"


def bytes_text(count):
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} KB"


def tables():
    """The lines of a table for each base: methods by trainable parameters, tasks as far as they have been made."""
    made = {part: machine.read(results_path(*part)) for part in PARTS if os.path.exists(results_path(*part))}
    for base in dict.fromkeys(base for base, _ in made):
        tasks = [task for task in TITLES if (base, task) in made]
        rows = {task: {row["method"]: row for row in made[base, task]["rows"]} for task in tasks}
        first = rows[tasks[0]]
        lines = [[row["method"], f"{row['trainable_parameters']:,}", bytes_text(row["bytes"]),
                  *(score(rows[task][method], made[base, task]) if method in rows[task] else "–" for task in tasks),
                  duration(row["costs"]["train_seconds"]), f"{row['costs']['latency_ms']:.1f} ms"]
                 for method, row in first.items()]
        yield from ["", f"`{base}`; parameters, adapter, training and one text: {TITLES[tasks[0]].split(',')[0]}, "
                    f"{place(made[base, tasks[0]])}.", ""]
        yield from table(["method", "trainable parameters", "adapter", *(TITLES[task] for task in tasks), "training", "one text"],
                         lines)
    yield ""


def place(results):
    host, threads = results["machine"], results["threads"]
    return f"{host['cpu']} family {host['family']} model {host['model']}, {threads} thread{'s' * (threads > 1)}"


def write_tables():
    fill("docs/methods.md", "leaderboard", {"leaderboard": list(tables())})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="BASE/TASK")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    known = {f"{base}/{task}": (base, task) for base, task in PARTS}
    unknown = [part for part in options.parts if part not in known]
    if unknown:
        parser.error(f"no part {unknown[0]}; there are {', '.join(known)}")
    for part in [] if options.table else options.parts or known:
        make(*known[part])
        write_tables()
    if options.table:
        write_tables()


if __name__ == "__main__":
    main()
