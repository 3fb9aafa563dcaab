"""Puts the runs of benchmarks/run.sh side by side: medians, and the ratio to the opponent.

usage: summary.py FOLDER RECIPE. Reads tune-*.json and peer-*.json, prints the summary, keeps it in benchmarks/results/.
"""
import glob
import json
import os
import platform
import re
import statistics
import sys

folder, recipe = sys.argv[1:]


def runs(kind):
    return [json.load(open(path, encoding="utf-8")) for path in sorted(glob.glob(f"{folder}/{kind}-*.json"))]


ours, peers = runs("tune"), runs("peer")
model = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo", encoding="utf-8").read())
summary = {
    "recipe": recipe,
    "cpu": model.group(1) if model else platform.processor(),
    "threads": ours[0]["threads"],
    "blas_core": ours[0]["blas_core"],
    "tune": {
        "train_seconds": statistics.median(run["train_seconds"] for run in ours),
        "real_tokens_per_second": statistics.median(run["real_tokens_per_second"] for run in ours),
        "peak_memory_bytes": max(run["peak_memory_bytes"] for run in ours),
        "test_f1": [run["metrics"]["test"]["f1"] for run in ours],
    },
}
if peers:
    summary["peer"] = peers
    summary["times_faster"] = statistics.median(
        peer["train_seconds"] / run["train_seconds"] for peer, run in zip(peers, ours))
text = json.dumps(summary, indent=2)
print(text)
os.makedirs("benchmarks/results", exist_ok=True)
name = re.sub(r"[^a-z0-9]+", "-", summary["cpu"].lower()).strip("-") + f"-{summary['threads']}"
with open(f"benchmarks/results/{name}.json", "w", encoding="utf-8") as file:
    file.write(text + "\n")
