#!/usr/bin/env python3
"""Kills a run at random moments and resumes it until it completes; the result must equal an uninterrupted run's bytes.

    scripts/kill-test.py                     100 times kill -9, over as many runs as needed
    scripts/kill-test.py --signal INT        the same with Ctrl-C; or TERM, or MIXED
    scripts/kill-test.py --kills 5 --method full

Compares the adapter's or model's files, metrics.jsonl and result.json except seconds and memory, and the names of all
files in the run's folder. A third of the kills wait until a file is being written. Requires the quick start's data
(make quickstart) and a release build. Exits with 1 at the first difference and leaves both folders for inspection.
"""
import argparse, json, os, random, shutil, signal, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Values that depend on the clock or the machine, not on the run.
CLOCKS = {"seconds", "unix_seconds", "train_seconds", "tokens_per_second", "peak_memory_bytes"}


def recipe(folder, method):
    data = f"{ROOT}/recipes/quickstart"
    for split, count in (("train", 400), ("dev", 60), ("test", 60)):
        sentences = open(f"{data}/{split}.tsv", encoding="utf-8").read().split("\n\n")[:count]
        open(f"{folder}/{split}.tsv", "w", encoding="utf-8").write("\n\n".join(sentences) + "\n")
    lora = {"type": "lora", "rank": 8, "dropout": 0.1, "target_modules": ["query", "key", "value", "dense"]}
    tree = {
        "seed": 7, "model": {"path": f"{ROOT}/checkpoints/biomed-mini-l3", "dropout": 0.1},
        "task": {"type": "token_classification"}, "output": "run",
        "data": {"format": "conll"} | {split: f"{folder}/{split}.tsv" for split in ("train", "dev", "test")},
        "method": lora if method == "lora" else {"type": "full"},
        "training": {
            "max_steps": 60, "batch_size": 8, "eval_steps": 15, "save_steps": 4, "logging_steps": 1,
            "learning_rate": 3e-3 if method == "lora" else 1e-4, "early_stopping_patience": 4, "max_loss_spike": 100}}
    json.dump(tree, open(f"{folder}/recipe.json", "w"))


def start(options, folder, resume):
    command = [options.program, "run", "../recipe.json", "--threads", str(random.choice([1, 1, 2]))]
    return subprocess.Popen(
        command + (["--resume"] if resume else []), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def writing(folder):
    """Whether a final file or a snapshot is being written right now."""
    names = os.listdir(f"{folder}/run") if os.path.isdir(f"{folder}/run") else []
    snapshots = os.listdir(f"{folder}/run/snapshots") if "snapshots" in names else []
    return any(".tmp-" in name or ".old-" in name for name in names + snapshots)


def interrupt(process, folder, signal_number, duration):
    """Sends the signal at a random moment, or while a file is being written; False: the run had already ended."""
    end = time.monotonic() + random.uniform(0, 1.05 * duration)
    watch = random.random() < 0.35
    while process.poll() is None:
        if time.monotonic() > end and (not watch or writing(folder) or time.monotonic() > end + duration):
            process.send_signal(signal_number)
            _, messages = process.communicate()
            expected = {-signal_number, 0} if signal_number == signal.SIGKILL else {-signal_number, 130, 0}
            if process.returncode not in expected:
                sys.exit(f"{folder}: status {process.returncode}\n{messages.decode()}")
            return process.returncode != 0
        time.sleep(0.0002 if watch else 0.001)
    _, messages = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{folder}: status {process.returncode}\n{messages.decode()}")
    return False


def without_clocks(tree):
    """A JSON tree without the values of CLOCKS and the number of threads."""
    if isinstance(tree, dict):
        return {key: without_clocks(value) for key, value in tree.items() if key not in CLOCKS and key != "threads"}
    return tree


def run_files(folder):
    """The files that a run left, by name: their bytes, or JSON without the values of CLOCKS."""
    files = {}
    for directory, _, names in os.walk(f"{folder}/run"):
        for name in names:
            path = os.path.join(directory, name)
            data = open(path, "rb").read()
            if name == "metrics.jsonl":
                data = [without_clocks(json.loads(line)) for line in data.splitlines()]
            elif name == "result.json":
                data = without_clocks(json.loads(data))
            files[os.path.relpath(path, folder)] = data
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=f"{ROOT}/.build/release/tune")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--signal", choices=["KILL", "INT", "TERM", "MIXED"], default="KILL")
    parser.add_argument("--method", choices=["lora", "full"], default="lora")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    random.seed(options.seed)
    base = tempfile.mkdtemp(prefix="tune-kill-")
    recipe(base, options.method)
    begin = time.monotonic()
    reference = f"{base}/uninterrupted"
    os.mkdir(reference)
    if start(options, reference, False).wait() != 0:
        sys.exit("the uninterrupted run failed")
    duration, expected_files = time.monotonic() - begin, run_files(reference)

    kills = runs = most_kills = 0
    begin = time.monotonic()
    while kills < options.kills:
        folder = f"{base}/killed-{runs}"
        os.mkdir(folder)
        run_kills, is_first, is_complete = 0, True, False
        while not is_complete:
            process = start(options, folder, resume=not is_first)
            is_first = False
            name = random.choice(["KILL", "INT", "TERM"]) if options.signal == "MIXED" else options.signal
            if kills + run_kills < options.kills:
                is_complete = not interrupt(process, folder, getattr(signal, "SIG" + name), duration)
                run_kills += not is_complete
            else:
                _, messages = process.communicate()
                if process.returncode != 0:
                    sys.exit(f"{folder}: status {process.returncode}\n{messages.decode()}")
                is_complete = True
        files = run_files(folder)
        if files != expected_files:
            names = sorted(name for name in files.keys() | expected_files.keys()
                           if files.get(name) != expected_files.get(name))
            sys.exit(f"{folder} after {run_kills} kills differs from {reference} in {', '.join(names)}")
        shutil.rmtree(folder)
        kills, runs, most_kills = kills + run_kills, runs + 1, max(most_kills, run_kills)
    shutil.rmtree(base)
    print(
        f"{kills} times SIG{options.signal} in {runs} runs (at most {most_kills} in one), {len(expected_files)} files each: "
        f"the same bytes as without; {time.monotonic() - begin:.0f} s, {duration:.1f} s for an uninterrupted run")


main()
