#!/usr/bin/env python3
"""Kills a run at random moments and resumes it until it completes; the result must equal an uninterrupted run's bytes.

    scripts/kill-test.py                     100 times kill -9, over as many runs as needed
    scripts/kill-test.py --signal INT        the same with Ctrl-C; or TERM, or MIXED
    scripts/kill-test.py --kills 5 --method full
    scripts/kill-test.py --command overwrite     kills runs that replace a run; or merge, or sweep, or all

A run that is replaced is whole at any time, and so is the new one; the folder of a merge is missing or whole; files of
other origin stay; the next start leaves no other file beside them.

Compares the adapter's or model's files, metrics.jsonl and result.json except seconds and memory, and the names of all
files in the run's folder. A third of the kills wait until a file is being written. Requires the quick start's data
(make quickstart) and a release build. Exits with 1 at the first difference and leaves both folders for inspection.
"""
import argparse, json, os, random, shutil, signal, subprocess, sys, tempfile, time

from run_files import run_files

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


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


def kill_runs(options, base):
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
    print(
        f"{kills} times SIG{options.signal} in {runs} runs (at most {most_kills} in one), {len(expected_files)} files each: "
        f"the same bytes as without; {time.monotonic() - begin:.0f} s, {duration:.1f} s for an uninterrupted run")



def tune(options, folder, *arguments):
    """Runs a command to its end."""
    result = subprocess.run([options.program, *arguments], cwd=folder, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{folder}: {' '.join(arguments)}: status {result.returncode}\n{result.stderr}")


def killed(options, folder, duration, *arguments, last=None):
    """Kills a command at a random moment, or soon after it has written the file `last`; False: it had ended."""
    process = subprocess.Popen(
        [options.program, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    moment = random.uniform(0, 1.05 * duration)
    if last and random.random() < 0.35:
        while process.poll() is None and not os.path.exists(f"{folder}/{last}"):
            time.sleep(0.0002)
        moment = random.uniform(0, 0.03)
    try:
        _, messages = process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return process.returncode != 0
    if process.returncode != 0:
        sys.exit(f"{folder}: {' '.join(arguments)}: status {process.returncode}\n{messages.decode()}")
    return False


def contains(files, expected):
    """Whether every expected file is there, with the same content, apart from the marker of the run."""
    return all(files.get(name) == data for name, data in expected.items() if not name.endswith(".tune-run"))


def check_entries(folder, expected):
    found = sorted(name for name in os.listdir(folder) if not name.startswith(".tune-"))
    if found != sorted(expected):
        sys.exit(f"{folder} has {found}, not {sorted(expected)}")


SHORT = ["training.max_steps=16", "training.eval_steps=8", "--threads", "1"]
NOTES = {"run/notes.txt": b"mine", "run/adapter/thesis.tex": b"mine too"}


def kill_overwrites(options, base):
    recipe(base, options.method)
    expected, duration = {}, 0
    for name, seed in (("old", "seed=7"), ("new", "seed=8")):
        os.mkdir(f"{base}/{name}")
        begin = time.monotonic()
        tune(options, f"{base}/{name}", "run", "../recipe.json", seed, *SHORT)
        duration, expected[name] = time.monotonic() - begin, run_files(f"{base}/{name}")
    kills = runs = old = 0
    while kills < options.kills:
        folder = f"{base}/killed-{runs}"
        shutil.copytree(f"{base}/old", folder)
        for name, data in NOTES.items():
            os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
            open(f"{folder}/{name}", "wb").write(data)
        mode = "--overwrite"
        while killed(options, folder, duration, "run", "../recipe.json", "seed=8", mode, *SHORT,
                     last=".run.new/result.json"):
            kills += 1
            files = run_files(folder)
            old += contains(files, expected["old"])
            if not contains(files, expected["old"]) and not contains(files, expected["new"]):
                sys.exit(f"{folder}: neither the old run nor the new one is whole")
            mode = random.choice(["--overwrite", "--resume"]) if os.path.isdir(f"{folder}/.run.new") else "--overwrite"
        if mode == "--resume":
            tune(options, folder, "run", "../recipe.json", "seed=8", mode, *SHORT)
        files, runs = run_files(folder), runs + 1
        if files != expected["new"] | NOTES:
            wrong = [name for name in files.keys() | expected["new"].keys() if files.get(name) != expected["new"].get(name)]
            sys.exit(f"{folder} differs from {base}/new in {wrong}")
        check_entries(folder, ["run"])
        if [name for name in os.listdir(folder) if name.startswith(".tune-") and ".tmp" in name]:
            sys.exit(f"{folder} has temporary files")
        shutil.rmtree(folder)
    print(f"{kills} times SIGKILL in {runs} runs with --overwrite: the old run was whole {old} times, the new one "
          f"{kills - old} times; other files stayed, no other entry was left")


def kill_merges(options, base):
    recipe(base, "lora")
    tune(options, base, "run", "recipe.json", *SHORT)
    merge = ["merge", f"{ROOT}/checkpoints/biomed-mini-l3", "--adapter", "run/adapter", "--output"]
    begin = time.monotonic()
    tune(options, base, *merge, "whole")
    duration, kills, complete = time.monotonic() - begin, 0, 0
    expected = {name: open(f"{base}/whole/{name}", "rb").read() for name in os.listdir(f"{base}/whole")}
    entries = os.listdir(base)
    while kills < options.kills:
        was_killed = killed(options, base, duration, *merge, "merged")
        kills += was_killed
        if os.path.isdir(f"{base}/merged"):
            if {name: open(f"{base}/merged/{name}", "rb").read() for name in os.listdir(f"{base}/merged")} != expected:
                sys.exit(f"{base}/merged is not whole")
            if not was_killed:
                check_entries(base, [*(name for name in entries if not name.startswith(".tune-")), "merged"])
            complete += 1
            shutil.rmtree(f"{base}/merged")
    tune(options, base, *merge, "merged")
    check_entries(base, [*(name for name in entries if not name.startswith(".tune-")), "merged"])
    print(f"{kills} times SIGKILL in merges: the folder was missing, or whole ({complete} times); nothing was left beside it")


def kill_sweeps(options, base):
    recipe(base, options.method)
    json.dump({"extends": f"{base}/recipe.json", "output": "run", "sweep": {"seed": [1, 2]}}, open(f"{base}/sweep.json", "w"))
    os.mkdir(f"{base}/whole")
    begin = time.monotonic()
    tune(options, f"{base}/whole", "run", "../sweep.json", *SHORT)
    duration, expected, kills, sweeps = time.monotonic() - begin, run_files(f"{base}/whole"), 0, 0
    def scores(files):
        return {name: data for name, data in files.items() if not name.startswith(("run/sweep.", "run/.tune-runs"))}
    while kills < options.kills:
        folder = f"{base}/killed-{sweeps}"
        os.mkdir(folder)
        while killed(options, folder, duration, "run", "../sweep.json", "--resume", *SHORT):
            kills += 1
        files, sweeps = run_files(folder), sweeps + 1
        if scores(files) != scores(expected) or files.keys() != expected.keys():
            wrong = [n for n in files.keys() | expected.keys() if files.get(n) != expected.get(n)]
            sys.exit(f"{folder} differs from {base}/whole in {wrong}")
        check_entries(folder, ["run"])
        shutil.rmtree(folder)
    print(f"{kills} times SIGKILL in {sweeps} sweeps: the same files and bytes as without")


COMMANDS = {"run": kill_runs, "overwrite": kill_overwrites, "merge": kill_merges, "sweep": kill_sweeps}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=f"{ROOT}/.build/release/tune")
    parser.add_argument("--command", choices=[*COMMANDS, "all"], default="run")
    parser.add_argument("--kills", type=int, default=100, help="of each command")
    parser.add_argument("--signal", choices=["KILL", "INT", "TERM", "MIXED"], default="KILL")
    parser.add_argument("--method", choices=["lora", "full"], default="lora")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    random.seed(options.seed)
    for name in COMMANDS if options.command == "all" else [options.command]:
        base = tempfile.mkdtemp(prefix=f"tune-kill-{name}-")
        COMMANDS[name](options, base)
        shutil.rmtree(base)


main()
