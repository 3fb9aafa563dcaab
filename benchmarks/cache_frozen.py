"""What it is worth to keep the states below all that learns: epochs of a recipe with and without, in turn.

    python3 benchmarks/cache_frozen.py RECIPE [--what head|top1|top2|lora2] [--rounds 3] [key.path=value ...]

Each round trains three epochs without kept states, then three with a cold file, dropout 0 in both; they must find the
same losses. A JSON line: of both sides, for each epoch with its evaluation on dev, seconds and CPU seconds (medians
over the rounds); what the first epoch costs more with kept states, and how many times faster the later ones are.
Needs no package; runs .build/release/tune, or $TUNE.
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
    """What the process has used so far, in user and system mode."""
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(recipe, settings, folder):
    """Of each epoch: seconds and CPU seconds, from the first step's beginning on; and the losses on dev."""
    command = [TUNE, "run", recipe, "--overwrite", f"output={folder}/run", f"training.epochs={EPOCHS}", "model.dropout=0",
               "model.attention_dropout=0", "training.logging_steps=1", *settings]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    used, said = [], []
    for line in process.stderr:
        said.append(line)
        # Said when everything is ready, and when an epoch has been evaluated.
        if " parameters train (" in line or "  dev: " in line:
            used.append(cpu_seconds(process))
    if process.wait():
        sys.exit("".join(said))
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
            plain = run(options.recipe, [*settings, "training.cache_frozen_states=off"], folder)
            kept = run(options.recipe, [*settings, f"training.cache_folder={folder}/states"], folder)
            size = sum(entry.stat().st_size for entry in os.scandir(f"{folder}/states"))
        if plain["losses"] != kept["losses"]:
            sys.exit(f"other losses with kept states: {plain['losses']}, {kept['losses']}")
        rounds.append({"plain": plain, "kept": kept})

    def middle(values):
        return round(statistics.median(values), 3)

    def times(side, other, epochs):
        """How many times as much one side takes as the other, in time and in CPU time."""
        return {unit: middle(sum(pair[side][unit][epoch] for epoch in epochs)
                             / sum(pair[other][unit][epoch] for epoch in epochs) for pair in rounds)
                for unit in ("seconds", "cpu")}

    print(json.dumps({
        "what": options.what, "recipe": os.path.basename(options.recipe), "settings": options.settings,
        "rounds": options.rounds, "cache_mb": size >> 20,
        **{f"{side}_{unit}": [middle(pair[side][unit][epoch] for pair in rounds) for epoch in range(EPOCHS)]
           for side in ("plain", "kept") for unit in ("seconds", "cpu")},
        "first_epoch_costs": times("kept", "plain", [0]), "later_epochs_faster": times("plain", "kept", [1, 2]),
        "load": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d"),
    }))


if __name__ == "__main__":
    main()
