#!/usr/bin/env python3
"""Checks with strace that no command but `tune download` opens a connection, not even for a name on the Hub.

    scripts/offline-test.py [--program .build/release/tune]

Needs the quick start's adapter (make quickstart) and strace. Exits with 1 if a command uses an internet address or
loads libcurl.
"""
import argparse, os, re, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BASE, ADAPTER = "checkpoints/biomed-mini-l3", "runs/quickstart/adapter"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=f"{ROOT}/.build/release/tune")
    program = os.path.abspath(parser.parse_args().program)
    os.chdir(ROOT)
    folder = tempfile.mkdtemp()
    text = f"{folder}/notes.txt"
    open(text, "w").write("The patient developed severe nausea after 40 mg of Tolvaprine .\n")
    run = ["training.epochs=null", "training.max_steps=2", "data.max_train_examples=8", "data.max_dev_examples=8", f"output={folder}/run"]
    commands = [
        ["bases"], ["bases", "dmis-lab/biobert-v1.1"], ["ls"], ["cat", "quickstart"], ["schema"], ["inspect", BASE],
        ["inspect", ADAPTER], ["tokenize", BASE, text], ["tokenize", "no-org/no-model", text],
        ["predict", BASE, "--adapter", ADAPTER, text], ["predict", "no-org/no-model", text],
        ["eval", BASE, "--adapter", ADAPTER, "recipes/quickstart/test.tsv"],
        ["validate", "recipes/quickstart.json"], ["validate", "recipes/quickstart.json", "model.path=no-org/no-model"],
        ["run", "recipes/quickstart.json", *run], ["merge", BASE, "--adapter", ADAPTER, "--output", f"{folder}/merged"],
        ["runs", folder], ["compare", f"{folder}/run", "runs/quickstart"],
        ["tokenizer", "train", text, "--size", "60", "--output", f"{folder}/vocabulary"],
        ["tokenizer", "stats", text, "--vocabulary", BASE],
        ["tokenizer", "trim", BASE, "--text", text, "--size", "2000", "--output", f"{folder}/small"],
    ]
    # The download must be seen to connect, or the check would prove nothing.
    commands.append(["download", "no-org/no-model", "--to", f"{folder}/none"])
    failures = 0
    for command in commands:
        log = f"{folder}/trace"
        status = subprocess.run(
            ["strace", "-f", "-qq", "-e", "trace=%network,openat", "-o", log, program, *command],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, HOME=folder, HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_ETAG_TIMEOUT="1")).returncode
        found = [line for line in open(log, errors="replace") if re.search(r"AF_INET|libcurl|resolv\.conf", line)]
        print(f"{'connects' if found else 'offline':8}  status {status}  tune {' '.join(command)}")
        as_expected = bool(found) == (command[0] == "download") and status == ("no-org/no-model" in " ".join(command))
        if not as_expected:
            failures += 1
            sys.stdout.writelines(["NOT AS EXPECTED\n", *found[:5]])
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
