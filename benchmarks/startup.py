"""How long `tune predict` takes for one sentence as a whole process, with all checks and with a warm file cache.

Measures a checkpoint, and a BERT-base of random weights that `tune` makes. The first call of each sweeps over the weights
(SHA-256, NaN); the others find its result in the cache, here a cache of their own. CPU time shows the program's share
on a machine that others use too. Has no peer and needs no packages.

usage: startup.py MODEL CORPUS.tsv [--rounds N] [--binary .build/release/tune] [--threads N]
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

SENTENCE = "The patient with chronic renal failure developed severe nausea after 40 mg of Tolvaprine daily ."
BERT_BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
             "vocab_size": 30522}


def run(command):
    """Wall and CPU milliseconds of a process."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    messages = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{messages}")
    return 1000 * (time.perf_counter() - begin), 1000 * (usage.ru_utime + usage.ru_stime)


def train(options, output, **recipe):
    """One step, with a recipe's sections in `recipe`."""
    recipe = {"task": {"type": "token_classification"}, "data": {"format": "conll", "train": options.corpus},
              "training": {"max_steps": 1, "batch_size": 4}, "output": output} | recipe
    with open(output + ".json", "w", encoding="utf-8") as file:
        json.dump(recipe, file)
    run([options.binary, "run", output + ".json"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("corpus")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--binary", default=".build/release/tune")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder + "/cache"
        train(options, folder + "/base", method={"type": "full"}, model={
            "init": "random", "config": BERT_BASE, "path": options.model})
        with open(folder + "/text", "w", encoding="utf-8") as file:
            file.write(SENTENCE + "\n")
        for name, model in ("checkpoint", options.model), ("bert-base", folder + "/base/model"):
            adapter = f"{folder}/{name}"
            train(options, adapter, model={"path": model}, method={
                "type": "lora", "rank": 16, "target_modules": ["query", "key", "value", "dense"]})
            time.sleep(3)  # files that were written less than two seconds ago are not remembered
            command = [options.binary, "predict", model, "--adapter", adapter + "/adapter", folder + "/text",
                       "--threads", str(options.threads)]
            os.environ["XDG_CACHE_HOME"] = f"{folder}/cache-{name}"
            first = run(command)[0]
            wall, cpu = zip(*(run(command) for _ in range(options.rounds)))
            print(json.dumps({
                "model": name, "first_ms": round(first, 1), "median_ms": round(statistics.median(wall), 1),
                "fastest_ms": round(min(wall), 1), "median_cpu_ms": round(statistics.median(cpu), 1),
                "rounds": options.rounds, "threads": options.threads, "load": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
