"""Runs of every kind on several ranks, with every MPI of this machine; for mpi-test.py."""
import os
import shutil
import subprocess

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
        "full_bf16": full | {"training": training | {"reduce_precision": "bf16"}},
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
            "texts": {"task": {"type": "sequence_classification", "temperature": "dev"}, "data": rows}}}},
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
