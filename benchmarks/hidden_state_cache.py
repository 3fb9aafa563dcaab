"""How much time the hidden-state cache saves: epochs of a recipe with and without it, in alternation.

    python3 benchmarks/hidden_state_cache.py RECIPE [--what head|top1|top2|lora2] [--rounds 3] [key.path=value ...]

Each round trains three epochs without the cache, then three with an empty cache, dropout 0 in both; the losses must be
the same. Prints one JSON line: for both sides and each epoch with its evaluation on dev, seconds and CPU seconds
(medians over the rounds); the cost of the first epoch with the cache, and how many times faster the later ones are.
Needs no Python packages; runs .build/release/tune, or $TUNE.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

TUNE = os.environ.get("TUNE", ".build/release/tune")
WHAT = {
    "head": ['method={"type": "full", "freeze": ".*(embeddings|layer).*"}'],
    "top1": ['method={"type": "full", "train_last_layers": 1}'],
    "top2": ['method={"type": "full", "train_last_layers": 2}'],
    "lora2": ['method={"type": "lora", "rank": 16, "layers_to_transform": [4, 5]}'],
}
EPOCHS = 3


def cpu_seconds(process):
    """CPU time that the process has used so far, in user and system mode."""
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(recipe, settings, folder):
    """Seconds and CPU seconds of each epoch, from the beginning of the first step, and the losses on dev."""
    command = [TUNE, "run", recipe, "--overwrite", f"output={folder}/run", f"training.epochs={EPOCHS}", "model.dropout=0",
               "model.attention_dropout=0", "training.logging_steps=1", *settings]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    used, messages = [], []
    for line in process.stderr:
        messages.append(line)
        # Printed when everything is ready, and after the evaluation of each epoch.
        if " parameters are trainable (" in line or "  dev: " in line:
            used.append(cpu_seconds(process))
    if process.wait():
        sys.exit("".join(messages))
    seconds, losses, trained, last = [], [], 0.0, 0.0
    for event in map(json.loads, open(f"{folder}/run/metrics.jsonl")):
        if event["event"] == "step":
            last = event["seconds"]
        elif event["event"] == "evaluation":
            seconds.append(last - trained + event["seconds"])
            losses.append(event["metrics"]["loss"])
            trained = last
    return {"seconds": seconds, "cpu": [end - start for start, end in zip(used, used[1:])], "losses": losses}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--what", choices=WHAT, default="head")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("settings", nargs="*")
    options = parser.parse_intermixed_args()
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            settings = WHAT[options.what] + options.settings
            plain = run(options.recipe, [*settings, "training.cache_hidden_states=off"], folder)
            cached = run(options.recipe, [*settings, f"training.cache_folder={folder}/states"], folder)
            size = sum(entry.stat().st_size for entry in os.scandir(f"{folder}/states"))
        if plain["losses"] != cached["losses"]:
            sys.exit(f"the losses differ with the cache: {plain['losses']}, {cached['losses']}")
        rounds.append({"plain": plain, "cached": cached})

    def median(values):
        return round(statistics.median(values), 3)

    def ratio(side, base, epochs):
        """The ratio of two sides, in time and in CPU time."""
        return {unit: median(sum(pair[side][unit][epoch] for epoch in epochs)
                             / sum(pair[base][unit][epoch] for epoch in epochs) for pair in rounds)
                for unit in ("seconds", "cpu")}

    print(json.dumps({
        "what": options.what, "recipe": os.path.basename(options.recipe), "settings": options.settings,
        "rounds": options.rounds, "cache_mb": size >> 20,
        **{f"{side}_{unit}": [median(pair[side][unit][epoch] for pair in rounds) for epoch in range(EPOCHS)]
           for side in ("plain", "cached") for unit in ("seconds", "cpu")},
        "first_epoch_costs": ratio("cached", "plain", [0]), "later_epochs_faster": ratio("plain", "cached", [1, 2]),
        "load": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d"),
    }))


if __name__ == "__main__":
    main()
