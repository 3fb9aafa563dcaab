#!/usr/bin/env python3
"""Trains on several ranks with every MPI of this machine, and compares all bytes with those of one process.

    scripts/mpi-test.py                       every MPI that is here, 2 and 4 ranks
    scripts/mpi-test.py --only lora full      some of the recipes
    scripts/mpi-test.py --refusals            only faults and wrong launchers

Builds libtune-mpi.so for each MPI into a temporary folder; installs nothing. Needs the quick start's data (make quickstart),
a release build, and Open MPI or MPICH with its compiler (Debian: libopenmpi-dev, libmpich-dev). Exits with 1 at the first
difference and leaves the folder for inspection; with 0 and a sentence if there is no MPI.
"""
import argparse, json, os, shutil, signal, subprocess, sys, tempfile, time

from run_files import run_files

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BASE = f"{ROOT}/checkpoints/biomed-mini-l3"
ALL_LINEAR = ["query", "key", "value", "dense"]


def recipes(folder):
    """A recipe of every kind, by name. Their batches have four groups of shards."""
    data = f"{ROOT}/recipes/quickstart"
    texts = {}
    for split, count in (("train", 800), ("dev", 60), ("test", 60)):
        sentences = open(f"{data}/{split}.tsv", encoding="utf-8").read().split("\n\n")[:count]
        texts[split] = [" ".join(line.split("\t")[0] for line in s.split("\n")) for s in sentences]
        write(f"{folder}/{split}.tsv", "\n\n".join(sentences) + "\n")
        write(f"{folder}/{split}.txt", "\n".join(texts[split]) + "\n")
        rows = [f"{text}\t{'long' if len(text) > 90 else 'short'}" for text in texts[split]]
        write(f"{folder}/{split}-rows.tsv", "\n".join(["text\tlabel", *rows]) + "\n")
    conll = {"format": "conll"} | {split: f"{folder}/{split}.tsv" for split in texts}
    rows = {"format": "tsv", "text_column": "text"} | {split: f"{folder}/{split}-rows.tsv" for split in texts}
    training = {
        "max_steps": 10, "batch_size": 112, "eval_steps": 4, "save_steps": 3, "logging_steps": 1, "learning_rate": 1e-3,
        "early_stopping_patience": 4, "max_loss_spike": 100}
    tagger = {
        "seed": 7, "model": {"path": BASE, "dropout": 0.1}, "task": {"type": "token_classification"}, "data": conll,
        "method": {"type": "lora", "rank": 8, "dropout": 0.1, "target_modules": ALL_LINEAR}, "output": "run",
        "training": training}
    full = tagger | {"method": {"type": "full"}}
    no_dev = {key: value for key, value in training.items() if key not in ("eval_steps", "early_stopping_patience")}
    return {
        "lora": tagger,
        "full": full,
        "adalora": tagger | {"method": {
            "type": "adalora", "init_r": 6, "target_r": 4, "tinit": 1, "tfinal": 3, "deltaT": 2, "target_modules": ALL_LINEAR}},
        "distillation": full | {
            "model": {"path": BASE, "layers": [0, 2]},
            "distillation": {"teachers": {"path": BASE, "adapter": f"{folder}/teacher/run/adapter"},
                             "kl_weight": 0.5, "task_weight": 0.5, "hidden_weight": 10}},
        "masked_lm": full | {
            "task": {"type": "masked_lm"},
            "data": {"format": "text", "train": f"{folder}/train.txt", "dev": f"{folder}/dev.txt", "max_length": 64},
            "training": {key: value for key, value in training.items() if key != "batch_size"} | {"max_tokens_per_batch": 2048}},
        "embedding": full | {
            "task": {"type": "embedding", "loss": "simcse", "pooling": "mean"}, "training": no_dev,
            "data": {"format": "tsv", "train": f"{folder}/train-rows.tsv", "text_column": "text"}},
        "multi_task": {key: value for key, value in tagger.items() if key not in ("task", "data")} | {
            "training": {key: value for key, value in training.items() if key != "max_loss_spike"}, "multi_task": {"tasks": {
            "tags": {"task": tagger["task"], "data": conll},
            "texts": {"task": {"type": "sequence_classification"}, "data": rows}}}},
    }


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class MPI:
    """One MPI of this machine, with its own compiler and launcher."""

    def __init__(self, name, folder):
        self.name, suffix = name, "." + name if shutil.which("mpicc." + name) else ""
        self.launcher, self.library = "mpirun" + suffix, f"{folder}/libtune-mpi-{name}.so"
        subprocess.run(["mpicc" + suffix, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", self.library,
                        f"{ROOT}/mpi/tune-mpi.c"], check=True)

    def start(self, folder, ranks, *arguments, program, library=None, stdout=subprocess.PIPE):
        os.makedirs(folder, exist_ok=True)
        options = ["--bind-to", "none", "--oversubscribe"] if self.name == "openmpi" else []
        environment = os.environ | {
            "TUNE_MPI": library or self.library, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        return subprocess.Popen(
            [self.launcher, *options, "-n", str(ranks), program, "run", *arguments, "--threads", "1"], cwd=folder,
            env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, **options):
        process = self.start(*arguments, **options)
        output, messages = process.communicate(timeout=300)
        return process.returncode, output, messages


def available(folder):
    named = [name for name in ("openmpi", "mpich") if shutil.which("mpicc." + name) and shutil.which("mpirun." + name)]
    if not named and shutil.which("mpicc") and shutil.which("mpirun"):
        version = subprocess.run(["mpirun", "--version"], capture_output=True, text=True).stdout
        named = ["openmpi" if "Open MPI" in version else "mpich"]
    return [MPI(name, folder) for name in named]


def fail(sentence):
    sys.exit("mpi-test: " + sentence)


def expect(condition, sentence):
    if not condition:
        fail(sentence)


def single(options, folder, recipe, threads=1):
    os.makedirs(folder, exist_ok=True)
    result = subprocess.run([options.program, "run", recipe, "--threads", str(threads)], cwd=folder, capture_output=True, text=True)
    expect(result.returncode == 0, f"{folder}: status {result.returncode}\n{result.stderr}")
    return run_files(folder, {"ranks"})


def compare(folder, found, expected):
    names = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    expect(not names, f"{folder}: other bytes than one process has in {', '.join(names)}")


def equal_bytes(options, base, mpis):
    for name, recipe in recipes(base).items():
        path = f"{base}/{name}.json"
        write(path, json.dumps(recipe))
        if name == "lora":
            single(options, f"{base}/teacher", path)
        if options.only and name not in options.only:
            continue
        expected = single(options, f"{base}/{name}-1x1", path)
        compare(f"{base}/{name}-1x2", single(options, f"{base}/{name}-1x2", path, threads=2), expected)
        times = []
        for mpi in mpis:
            for ranks in (2, 4):
                folder, begin = f"{base}/{name}-{mpi.name}-{ranks}", time.monotonic()
                code, _, messages = mpi.run(folder, ranks, path, program=options.program)
                expect(code == 0, f"{folder}: status {code}\n{messages}")
                compare(folder, run_files(folder, {"ranks"}), expected)
                times.append(f"{mpi.name} {ranks}: {time.monotonic() - begin:.1f} s")
        print(f"{name}: {len(expected)} files, the same bytes with 1 and 2 threads and on 2 and 4 ranks ({', '.join(times)})", flush=True)


def ranks_of(process, program):
    """The processes of the program that a launcher has started."""
    children, found = {}, []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{entry}/stat").read()
            name, parent = fields[fields.index("(") + 1:fields.rindex(")")], int(fields[fields.rindex(")") + 2:].split()[1])
            children.setdefault(parent, []).append((int(entry), name))
        except OSError:
            continue
    waiting = [process.pid]
    while waiting:
        for pid, name in children.get(waiting.pop(), []):
            waiting.append(pid)
            if name == os.path.basename(program):
                found.append(pid)
    return sorted(found)


def wait_for_snapshot(process, folder):
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        names = os.listdir(f"{folder}/run/snapshots") if os.path.isdir(f"{folder}/run/snapshots") else []
        if any(name.endswith(".safetensors") for name in names):
            return
        time.sleep(0.02)
    fail(f"{folder}: no snapshot\n{process.communicate()[1]}")


def signals(options, base, mpis):
    recipe = recipes(base)["lora"]
    recipe["training"] |= {"max_steps": 60}
    path = f"{base}/long.json"
    write(path, json.dumps(recipe))
    expected = single(options, f"{base}/long", path)
    for mpi in mpis:
        # A killed rank, or a signal to the launcher: all ranks end, and the run resumes on another number of ranks.
        for what, resumed in [("rank 0", 4), ("rank 1", 1), ("SIGTERM", 4), ("SIGINT", 2), ("SIGUSR1", 1)]:
            folder = f"{base}/{mpi.name}-{what.replace(' ', '-')}"
            process = mpi.start(folder, 2, path, program=options.program)
            wait_for_snapshot(process, folder)
            ranks, begin = ranks_of(process, options.program), time.monotonic()
            expect(len(ranks) == 2, f"{folder}: {len(ranks)} ranks are running")
            if what.startswith("rank"):
                os.kill(ranks[int(what[-1])], signal.SIGKILL)
            else:
                process.send_signal(getattr(signal, what))
            process.communicate(timeout=60)
            while any(os.path.exists(f"/proc/{rank}") for rank in ranks) and time.monotonic() - begin < 10:
                time.sleep(0.05)
            seconds = time.monotonic() - begin
            expect(seconds < 10, f"{folder}: ranks are alive 10 s after {what}")
            expect("result.json" not in os.listdir(f"{folder}/run") or what == "SIGUSR1", f"{folder}: the run has ended")
            if resumed == 1:
                resume = subprocess.run([options.program, "run", path, "--resume", "--threads", "2"], cwd=folder, capture_output=True, text=True)
                code, messages = resume.returncode, resume.stderr
            else:
                code, _, messages = mpi.run(folder, resumed, path, "--resume", program=options.program)
            expect(code == 0 and "resuming after step" in messages, f"{folder}: --resume: status {code}\n{messages}")
            compare(folder, run_files(folder, {"ranks"}), expected)
            print(f"{mpi.name}: {'SIGKILL to ' if what.startswith('rank') else ''}{what}: all ranks ended after {seconds:.1f} s; resumed on {resumed}: the same bytes", flush=True)


def refusals(options, base, mpis):
    path = f"{base}/lora.json"
    write(path, json.dumps(recipes(base)["lora"]))
    for mpi in mpis:
        # A fault of the recipe is reported once.
        code, _, messages = mpi.run(f"{base}/{mpi.name}-fault", 2, path, "model.path=nowhere", program=options.program)
        expect(code != 0 and messages.count("nowhere") >= 1 and "rank 1:" not in messages, f"{mpi.name}: a fault: {code}\n{messages}")
        code, _, messages = mpi.run(f"{base}/{mpi.name}-many", 4, path, "training.batch_size=4", program=options.program)
        expect(code != 0 and "4 ranks, but no step has work for more than 1" in messages, f"{mpi.name}: too many ranks: {code}\n{messages}")
        code, _, messages = mpi.run(f"{base}/{mpi.name}-none", 2, path, program=options.program, library=f"{base}/missing.so")
        expect(code != 0 and "make mpi" in messages, f"{mpi.name}: no library: {code}\n{messages}")
        for other in mpis:
            if other is not mpi:
                code, _, messages = mpi.run(f"{base}/{mpi.name}-wrong", 2, path, program=options.program, library=other.library)
                expect(code != 0 and "The launcher belongs to another MPI" in messages, f"{mpi.name}: wrong launcher: {code}\n{messages}")
        print(f"{mpi.name}: a fault, too many ranks, no library and the other MPI's library are refused with what to do", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=f"{ROOT}/.build/release/tune")
    parser.add_argument("--only", nargs="*", default=[], help="some of the recipes")
    parser.add_argument("--refusals", action="store_true", help="only what is refused")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    base = tempfile.mkdtemp(prefix="tune-mpi-")
    mpis = available(base)
    if not mpis:
        shutil.rmtree(base)
        return print("mpi-test: skipped, because there is no MPI (Debian: apt-get install openmpi-bin libopenmpi-dev)")
    if not options.refusals:
        equal_bytes(options, base, mpis)
        if not options.only:
            signals(options, base, mpis)
    if not options.only:
        refusals(options, base, mpis)
    shutil.rmtree(base)


main()
