#!/usr/bin/env python3
"""LoRA on the sets of the field: `tune` against transformers and PEFT, the same recipe, several seeds, in turns.

usage: tasks.py MODEL_DIR CORPORA_DIR OUT_DIR [--sets biosses,pubmedqa,chemprot,hoc,covid-qa] [--seeds 1,2,3]
                [--threads N] [--again] [KEY=JSON SECTION.KEY=JSON …]
Needs the peer's packages (peer_tasks.py), scikit-learn and scipy. CORPORA_DIR has a folder for each set. OUT_DIR gets
the recipes, which are those that ship, in bf16 and with what is given here, such as training.epochs=1, data.dev=null or
'precision="fp32"', and the runs; one of the same recipe that is there is not repeated without --again. TUNE in the
environment is another binary. Prints one JSON object. For each set:
- the main score on test of every seed and side, by one scorer (task_scores.py), and how far tune's own figures are from
  it (they have all digits, saved predictions six);
- whether the peer's mean lies in tune's 95 % bootstrap interval, whose bounds are means over the seeds ("within");
- the medians over the seeds of three ratios: training seconds, CPU seconds of the whole process, and peak memory. The
  sides run in turns.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import overrides
import task_scores

HERE = Path(__file__).resolve().parent
TUNE = os.environ.get("TUNE", str(HERE.parent / ".build/release/tune"))
PUBMEDQA = {
    "task": {"type": "sequence_classification"},
    "data": {"format": "jsonl", "train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl",
             "text_pair_column": "text_pair", "max_length": 384},
    "method": {"type": "lora", "rank": 16, "alpha": 16},
    "training": {"epochs": 3, "batch_size": 16, "learning_rate": 2e-3}}
# The recipe and the main score.
SETS = {"biosses": ("biosses-lora", "pearson"), "pubmedqa": (PUBMEDQA, "f1_micro"),
        "chemprot": ("chemprot-lora", "f1_micro"), "hoc": ("hoc-lora", "f1_micro"), "covid-qa": ("covid-qa-lora", "f1")}


def prepare(name, options):
    """The folder with the set's files."""
    corpus, out = options.corpora / name, options.out / name
    program = {"pubmedqa": [HERE / "seqcls_data.py", corpus],
               "covid-qa": [HERE.parent / "scripts/split-squad.py", *corpus.glob("*.json")]}.get(name)
    if not program:
        return corpus
    subprocess.run([sys.executable, *program, out], check=True, stdout=subprocess.DEVNULL)
    return out


def recipe(name, folder, options, seed, side):
    base = SETS[name][0]
    values = base if isinstance(base, dict) else json.loads((HERE.parent / f"recipes/{base}.json").read_text())
    values = json.loads(json.dumps(values))
    values |= {"seed": seed, "precision": "bf16", "model": {"path": str(options.model)},
               "output": str(options.out / f"{name}-{seed}-{side}")}
    overrides.apply(values, options.overrides)
    data = values["data"] = {key: value for key, value in values["data"].items() if value is not None}
    data |= {split: str(folder / Path(data[split]).name) for split in ("train", "dev", "test") if split in data}
    path = options.out / f"{name}-{seed}-{side}.json"
    return path, values


def run(name, folder, options, seed, side):
    """The run's results, with the scores of its test predictions as "scores"."""
    path, values = recipe(name, folder, options, seed, side)
    saved, text = options.out / f"{name}-{seed}-{side}.result.json", json.dumps(values, indent=1)
    if options.again or not saved.exists() or path.read_text() != text:
        saved.unlink(missing_ok=True)
        path.write_text(text)
        program = [TUNE, "run", "--overwrite", "--json"] if side == "tune" else [sys.executable, HERE / "peer_tasks.py"]
        threads = ["--threads", str(options.threads)] if options.threads else []
        # PyTorch's threads do not spin while they wait: other load on the machine costs no side more than its share.
        environment, before = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}, cpu_seconds()
        with open(path.with_suffix(".log"), "w") as log:
            printed = subprocess.run([*program, path, *threads], check=True, stdout=subprocess.PIPE, stderr=log,
                                     env=environment).stdout
        saved.write_text(json.dumps(json.loads(printed) | {"cpu_seconds": round(cpu_seconds() - before, 1)}))
    result, rows = json.loads(saved.read_text()), task_scores.read(values["output"], "test")
    scores = task_scores.scores(values["task"]["type"], rows, values["data"]["test"])
    return result | {"training": values["training"], "rows": rows, "scores": scores}


def cpu_seconds():
    """Of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def summary(name, pairs, options):
    """`pairs`: of each seed the runs of tune and of the peer."""
    metric, training = SETS[name][1], pairs[0][0]["training"]
    for ours, peer in pairs:
        # The labels of a text have no order.
        gold = lambda rows: [sorted(row["gold"]) if isinstance(row["gold"], list) else row["gold"] for row in rows]
        if gold(ours["rows"]) != gold(peer["rows"]):
            sys.exit(f"{name}: the test labels of the two sides differ")
    means, table = {}, {"metric": metric, "overrides": options.overrides}
    for number, side in enumerate(("tune", "peer")):
        runs = [pair[number] for pair in pairs]
        values = [run["scores"][metric] for run in runs]
        means[side] = statistics.mean(values)
        table[side] = {"values": [round(value, 4) for value in values], "mean": round(means[side], 4),
                       "deviation": round(statistics.stdev(values), 4) if len(values) > 1 else None,
                       "seconds_per_epoch": [round(run["train_seconds"] / training["epochs"], 2) for run in runs],
                       "cpu_seconds": [run["cpu_seconds"] for run in runs], "peak_mb": [memory(run) for run in runs],
                       "trainable_parameters": runs[0]["trainable_parameters"]}
    bounds = [statistics.mean(ours["intervals"]["test"][metric][bound] for ours, _ in pairs) for bound in (0, 1)]
    table["interval"] = [round(bound, 4) for bound in bounds]
    table["within"] = bounds[0] <= means["peer"] <= bounds[1]
    table["own_figures_differ_by"] = max(
        abs(ours["metrics"]["test"][key] - value) for ours, _ in pairs for key, value in ours["scores"].items())
    ratios = lambda value: [value(peer) / value(ours) for ours, peer in pairs]
    table["times_faster"] = round(statistics.median(ratios(lambda run: run["train_seconds"])), 2)
    table["times_less_cpu"] = round(statistics.median(ratios(lambda run: run["cpu_seconds"])), 2)
    table["memory_share"] = round(1 / statistics.median(ratios(memory)), 3)
    return table


def memory(result):
    """Peak memory in MB."""
    return result["peak_rss_mb"] if "peak_rss_mb" in result else result["peak_memory_bytes"] // 1_048_576


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("overrides", nargs="*", metavar="SECTION.KEY=JSON")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--again", action="store_true", help="repeat runs that are there already")
    options = parser.parse_intermixed_args()
    options.out.mkdir(parents=True, exist_ok=True)
    table = {}
    for name in options.sets.split(","):
        folder, pairs = prepare(name, options), []
        for seed in map(int, options.seeds.split(",")):
            pairs.append([run(name, folder, options, seed, side) for side in ("tune", "peer")])
            print(f"{name}, seed {seed}: {[pair['scores'] for pair in pairs[-1]]}", file=sys.stderr, flush=True)
        table[name] = summary(name, pairs, options)
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
