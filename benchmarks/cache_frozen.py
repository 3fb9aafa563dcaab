"""What it is worth to keep the states below all that learns: epochs of a recipe with and without, in turn.

    python3 benchmarks/cache_frozen.py RECIPE [--what head|top2|lora2] [--rounds 3] [key.path=value ...]

Each round trains three epochs without kept states, then three with a cold cache, dropout off in both, so that both end
with the same weights. A JSON line: seconds of each epoch with its evaluation on dev (medians over the rounds), the user
CPU seconds of the whole processes, and how many times faster the second and third epoch are with kept states.
Needs no package; runs .build/release/tune.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

TUNE = os.environ.get("TUNE", ".build/release/tune")
WHAT = {
    "head": ['method={"type": "full", "freeze": ".*(embeddings|layer).*"}'],
    "top2": ['method={"type": "full", "train_last_layers": 2}'],
    "top1": ['method={"type": "full", "train_last_layers": 1}'],
    "lora2": ['method={"type": "lora", "rank": 16, "layers_to_transform": [4, 5]}'],
}
EPOCHS = 3


def run(recipe, settings, folder):
    """Seconds of each epoch, by its evaluation's end, and user CPU seconds of the process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [TUNE, "run", recipe, "--overwrite", f"output={folder}/run", f"training.epochs={EPOCHS}", "model.dropout=0",
               "model.attention_dropout=0", "training.log_every_steps=1", *settings]
    process = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if process.returncode:
        sys.exit(process.stderr)
    user = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    events = [json.loads(line) for line in open(f"{folder}/run/metrics.jsonl")]
    steps, evaluations = 0, []
    epochs, trained = [], 0.0
    for event in events:
        if event["event"] == "step":
            steps = event["seconds"]
        elif event["event"] == "evaluation":
            epochs.append((steps - trained, event["seconds"]))
            trained = steps
            evaluations.append(event["metrics"]["loss"])
    return epochs, user, evaluations


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--what", choices=WHAT, default="head")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("settings", nargs="*")
    options = parser.parse_args()
    settings = WHAT[options.what] + options.settings
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=".") as folder:
            plain = run(options.recipe, [*settings, "training.cache_frozen=off"], folder)
            kept = run(options.recipe, [*settings, "training.cache_frozen=auto", f"training.cache_folder={folder}/states"],
                       folder)
            size = sum(entry.stat().st_size for entry in os.scandir(f"{folder}/states"))
        if plain[2] != kept[2]:
            sys.exit(f"other losses with kept states: {plain[2]}, {kept[2]}")
        rounds.append((plain, kept))

    def seconds(side, epochs):
        """The mean epoch of each round."""
        return [statistics.mean(sum(pair[side][0][epoch]) for epoch in epochs) for pair in rounds]

    def middle(values):
        return round(statistics.median(values), 3)

    first = [kept / plain for plain, kept in zip(seconds(0, [0]), seconds(1, [0]))]
    later = [plain / kept for plain, kept in zip(seconds(0, [1, 2]), seconds(1, [1, 2]))]
    print(json.dumps({
        "what": options.what, "recipe": options.recipe, "rounds": options.rounds, "settings": options.settings,
        "plain_seconds": [middle(seconds(0, [epoch])) for epoch in range(EPOCHS)],
        "kept_seconds": [middle(seconds(1, [epoch])) for epoch in range(EPOCHS)],
        "kept_training_and_dev": [[middle([pair[1][0][epoch][part] for pair in rounds]) for part in (0, 1)]
                                  for epoch in range(EPOCHS)],
        "first_epoch_costs": middle(first), "later_epochs_faster": middle(later),
        "user_seconds": [middle([pair[side][1] for pair in rounds]) for side in (0, 1)], "cache_mb": size >> 20,
        "load": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d"),
    }))


if __name__ == "__main__":
    main()
