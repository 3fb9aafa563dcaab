"""Measures tune on this machine and, with --peers PYTHON, PyTorch + PEFT in alternation; records medians and ratios.

Sections: recipe (the NCBI-disease recipe, unchanged), ops (every kernel), steps (training steps and forward passes),
memory (their peak memory; steps measures it too), cache (an epoch of distillation with a teacher cache),
epochs (one epoch of the recipe in every precision and batch order), predict (one sentence as a whole process).
Measuring a section replaces its rows in the results file; with --workloads only those rows of steps and memory are
replaced.

usage: bench.py [SECTION …] [--peers PYTHON] [--rounds N] [--steps N] [--threads N] [--workloads A,B+ragged]
                [--recipe FILE] [--output FILE]
"""
import argparse
import os
import subprocess
import sys

import machine
import sections


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(sections.ALL))
    parser.add_argument("--peers", metavar="PYTHON", help="the python of a venv with torch, transformers and peft")
    parser.add_argument("--rounds", type=int, help="rounds per section; default 3; predict 5; recipe, epochs 1")
    parser.add_argument("--steps", type=int, default=7, help="measured steps per round of the section steps")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--precision", help="of steps and memory: fp32, bf16, or both with a comma; default: both")
    parser.add_argument("--workloads", type=sections.names, help="workloads of steps and memory")
    parser.add_argument("--recipe", help="recipe of the sections recipe, epochs and predict")
    parser.add_argument("--train-sampling-strategy", type=lambda text: text.split(","), default=["random", "group_by_length"],
                        help="of epochs; default: random,group_by_length")
    parser.add_argument("--output", help="default: benchmarks/results/<machine>.json")
    options = parser.parse_args(words)
    unknown = [name for name in options.sections if name not in sections.ALL]
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(sections.ALL)}")
    options.sections = options.sections or [name for name in sections.ALL if name != "memory"]
    options.rows_only = options.workloads is not None
    options.workloads = options.workloads or sections.WORKLOADS
    if options.recipe is None:
        has_data = os.path.exists(os.path.join(machine.ROOT, "../shared/data"))
        options.recipe = "recipes/ncbi-disease-lora.json" if has_data else "recipes/quickstart.json"
    return options


def measure(options, path):
    """Runs the sections and writes `path` after every row."""
    results = machine.read(path) if os.path.exists(path) else {}
    results["machine"] = machine.description()
    results.setdefault("sections", {})
    stamp = machine.stamp(options.peers) | {"threads": options.threads} | sections.engine()
    started = set()

    def keep(section, name, row):
        old = results["sections"].get(section, {})
        rows = old.get("rows", {}) if section in started or options.rows_only else {}
        started.add(section)
        results["sections"][section] = stamp | {"rows": rows | {name: row}}
        machine.write(path, results)

    for name in options.sections:
        sections.ALL[name](options, keep)
    return results


def main():
    options = arguments()
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"bench: the load is {load:.1f}; measurements on a busy machine are unreliable", file=sys.stderr)
    path = options.output or machine.results_path(machine.description())
    try:
        measure(options, path)
    except subprocess.CalledProcessError as fault:
        sys.exit(f"bench: {' '.join(fault.cmd)} ended with {fault.returncode}; the results so far are in {path}")
    print(path)


if __name__ == "__main__":
    main()
