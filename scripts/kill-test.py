#!/usr/bin/env python3
"""Kills a run at random moments and resumes it until it ends; the result must be an unkilled run's, byte for byte.

    scripts/kill-test.py                     100 times kill -9, over as many runs as that takes
    scripts/kill-test.py --signal INT        the same with Ctrl-C, or TERM, or MIXED
    scripts/kill-test.py --kills 5 --method full

Compared are the adapter's or model's files, metrics.jsonl and result.json but for seconds and memory, and the names of
all that lies in the run's folder. A third of the kills wait for a file that is being written. Wants the quick start's
data (make quickstart) and a build. Ends with status 1 at the first difference and leaves both folders to be looked at.
"""
import argparse, json, os, random, shutil, signal, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What a clock or a machine says, and not the run.
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
    """Whether a file of the end, or a snapshot, is being written right now."""
    names = os.listdir(f"{folder}/run") if os.path.isdir(f"{folder}/run") else []
    snapshots = os.listdir(f"{folder}/run/snapshots") if "snapshots" in names else []
    return any(".tmp-" in name or ".old-" in name for name in names + snapshots)


def interrupt(process, folder, sign, whole):
    """Sends the signal at a random moment, or when something is being written; False: the run had ended before."""
    end = time.monotonic() + random.uniform(0, 1.05 * whole)
    watch = random.random() < 0.35
    while process.poll() is None:
        if time.monotonic() > end and (not watch or writing(folder) or time.monotonic() > end + whole):
            process.send_signal(sign)
            _, words = process.communicate()
            expected = {-sign, 130, 0} if sign != signal.SIGKILL else {-sign, 0}
            if process.returncode not in expected:
                sys.exit(f"{folder}: status {process.returncode}\n{words.decode()}")
            return process.returncode != 0
        time.sleep(0.0002 if watch else 0.001)
    _, words = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{folder}: status {process.returncode}\n{words.decode()}")
    return False


def timeless(tree):
    if isinstance(tree, dict):
        return {key: timeless(value) for key, value in tree.items() if key not in CLOCKS and key != "threads"}
    return tree


def facts(folder):
    """All that a run left, by name: bytes, or what JSON says without its clocks."""
    found = {}
    for place, _, names in os.walk(f"{folder}/run"):
        for name in names:
            path = os.path.join(place, name)
            data = open(path, "rb").read()
            if name == "metrics.jsonl":
                data = [timeless(json.loads(line)) for line in data.splitlines()]
            elif name == "result.json":
                data = timeless(json.loads(data))
            found[os.path.relpath(path, folder)] = data
    return found


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
    os.mkdir(f"{base}/whole")
    if start(options, f"{base}/whole", False).wait() != 0:
        sys.exit("the run that nobody killed failed")
    whole, wanted = time.monotonic() - begin, facts(f"{base}/whole")

    kills = runs = most = 0
    begin = time.monotonic()
    while kills < options.kills:
        folder = f"{base}/cut-{runs}"
        os.mkdir(folder)
        cuts, isFirst, isOver = 0, True, False
        while not isOver:
            process = start(options, folder, resume=not isFirst)
            isFirst = False
            name = random.choice(["KILL", "INT", "TERM"]) if options.signal == "MIXED" else options.signal
            if kills + cuts < options.kills:
                isOver = not interrupt(process, folder, getattr(signal, "SIG" + name), whole)
                cuts += not isOver
            else:
                _, words = process.communicate()
                if process.returncode != 0:
                    sys.exit(f"{folder}: status {process.returncode}\n{words.decode()}")
                isOver = True
        found = facts(folder)
        if found != wanted:
            names = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
            sys.exit(f"{folder} after {cuts} kills differs from {base}/whole in {', '.join(names)}")
        shutil.rmtree(folder)
        kills, runs, most = kills + cuts, runs + 1, max(most, cuts)
    shutil.rmtree(base)
    print(
        f"{kills} times SIG{options.signal} in {runs} runs (at most {most} in one), {len(wanted)} files each: "
        f"the same bytes as without; {time.monotonic() - begin:.0f} s, {whole:.1f} s a run that nobody kills")


main()
