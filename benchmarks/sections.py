"""The measurements, one function per section: each runs both sides in alternation and passes rows to `keep`."""
import json
import os
import subprocess
import sys
import tempfile
import time

import compare
import machine

BIN = os.path.join(machine.ROOT, ".build/release")


def names(text):
    """A list of workloads: "a b", "a,b" or both."""
    return text.replace(",", " ").split()


# +ragged and +recompute become the options --ragged and --recompute of both sides.
WORKLOADS = [
    "base-full-8x128", "base-lora-8x128", "base-lora-32x128", "base-lora-32x128+ragged", "base-full-8x512",
    "mini-full-16x128", "mini-lora-16x128", "mini-lora-32x128+ragged", "base-distil-8x128", "infer-base-1x16",
    "infer-base-1x128", "infer-base-32x128", "infer-base-32x128+ragged", "infer-mini-1x16", "infer-mini-1x128",
    "infer-mini-32x128",
]
# The workload of `cache`: sentences of 8 to 64 tokens, 36 on average, as in NCBI-disease.
CACHED = "mini-distil-256x64"
# Recipe overrides and peer_ner.py options by precision.
OUR_PRECISIONS = {"fp32": ["precision=fp32"], "bf16": ["precision=bf16"]}
PEER_PRECISIONS = {"fp32": [], "bf16": ["--bf16"]}
SENTENCE = "The patient with chronic renal failure developed severe nausea after 40 mg of Tolvaprine daily ."
# Members of a JSON line that are settings: the row's name or the section's head records them.
SETTINGS = {"engine", "peer", "workload", "precision", "ragged", "gradient_checkpointing", "threads", "blas_core", "vectors",
            "gemm_backend", "cache"}


def output(command):
    """A command's standard output; its standard error goes to ours."""
    print("·", " ".join(command), file=sys.stderr, flush=True)
    return subprocess.run(command, cwd=machine.ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def lines(command):
    return [json.loads(line) for line in output(command).splitlines()]


def engine():
    """OpenBLAS's core and the GEMM backend, as the program reports them."""
    line = lines([f"{BIN}/bench-steps", "infer-mini-1x8", "--steps", "1", "--precision", "fp32"])[0]
    return {key: line[key] for key in ("blas_core", "gemm_backend")}


def steps_rounds(name, options, rounds):
    """Rounds of one workload; records are named by precision."""
    workload, *flags = name.split("+")
    arguments = [workload, "--threads", str(options.threads), "--steps", str(options.steps),
                 *(["--precision", options.precision] if options.precision else []), *(f"--{flag}" for flag in flags)]

    def side(command):
        return {line["precision"]: {key: value for key, value in line.items() if key not in SETTINGS}
                for line in lines([*command, *arguments])}

    return [{"tune": side([f"{BIN}/bench-steps"]),
             "peer": side([options.peers, "benchmarks/peer_steps.py"]) if options.peers else {}}
            for _ in range(rounds)]


def steps(options, keep):
    """Calls `keep(section, name, row)` after every workload, for time and for memory."""
    for name in options.workloads:
        rounds = steps_rounds(name, options, options.rounds or 3)
        stamp = {"commit": machine.commit(), "steps": options.steps}
        keep("steps", name, stamp | compare.row(rounds, "median_seconds"))
        keep("memory", name, stamp | compare.memory_row(rounds))


def memory(options, keep):
    """Peak memory alone: one round of two steps, after which nothing more is allocated."""
    options.steps = 2
    for name in options.workloads:
        rounds = steps_rounds(name, options, 1)
        keep("memory", name, {"commit": machine.commit(), "steps": 2} | compare.memory_row(rounds))


def cache(options, keep):
    """An epoch of a task distillation that runs its teacher, against the next, which reads the cache; has no peer."""
    command = [f"{BIN}/bench-steps", CACHED, "--ragged", "--cache", "--threads", str(options.threads)]
    rounds = [{"tune": {line["precision"]: {key: value for key, value in line.items() if key not in SETTINGS}
                        for line in lines(command)}, "peer": {}} for _ in range(options.rounds or 3)]
    keep("cache", CACHED + "+ragged", compare.row(rounds, "cached_seconds"))


def ops(options, keep):
    rounds = [{"tune": {f"{line['kernel']} {line['shape']}": line for line in lines([f"{BIN}/bench-ops"])}}
              for _ in range(options.rounds or 3)]
    for name, values in compare.medians(rounds, "tune").items():
        keep("ops", name, {key: values[key] for key in ("us", "gflops", "gb_s") if key in values})


def recipe_rounds(options, ours, theirs, rounds):
    """Rounds of a whole recipe. `ours`: overrides, `theirs`: arguments of peer_ner.py, by name."""
    def tune(overrides):
        with tempfile.TemporaryDirectory() as folder:
            command = [f"{BIN}/tune", "run", options.recipe, f"output={folder}/run", *overrides, "--json",
                       "--threads", str(options.threads)]
            begin = time.perf_counter()
            result = json.loads(output(command))
            return {"train_seconds": round(result["train_seconds"], 2),
                    "wall_seconds": round(time.perf_counter() - begin, 2),
                    "tokens_per_second": round(result["tokens_per_second"]),
                    "peak_rss_mb": result["peak_memory_bytes"] >> 20, "test_f1": test_f1(result["metrics"].get("test"))}

    def peer(arguments):
        begin = time.perf_counter()
        result = lines([options.peers, "benchmarks/peer_ner.py", options.recipe, "--threads", str(options.threads),
                        *arguments])[0]
        return {key: result[key] for key in ("train_seconds", "tokens_per_second", "peak_rss_mb")} | {
            "wall_seconds": round(time.perf_counter() - begin, 2), "test_f1": test_f1(result["test"])}

    return [{"tune": {name: tune(overrides) for name, overrides in ours.items()},
             "peer": {name: peer(arguments) for name, arguments in theirs.items()} if options.peers else {}}
            for _ in range(rounds)]


def test_f1(metrics):
    return round(metrics["f1"], 4) if metrics else None


def recipe(options, keep):
    """The whole recipe, unchanged."""
    rounds = recipe_rounds(options, OUR_PRECISIONS, PEER_PRECISIONS, options.rounds or 1)
    keep("recipe", os.path.basename(options.recipe), compare.row(rounds, "train_seconds"))


def epochs(options, keep):
    """One epoch of the recipe, with batches in random order and of similar length; PyTorch pads both."""
    def variants(precisions, prefix):
        return {f"{precision} {order}": [*arguments, *(key + order for key in prefix)]
                for precision, arguments in precisions.items() for order in options.train_sampling_strategy}

    rounds = recipe_rounds(
        options, {name: [*arguments, "training.epochs=1"]
                  for name, arguments in variants(OUR_PRECISIONS, ["training.train_sampling_strategy="]).items()},
        {name: [*arguments, "--epochs", "1"] for name, arguments in variants(PEER_PRECISIONS, ["--train-sampling-strategy="]).items()},
        options.rounds or 1)
    keep("epochs", os.path.basename(options.recipe), compare.row(rounds, "train_seconds"))


def predict(options, keep):
    """One sentence with an adapter, as a whole process: loading, tokenizing, forward, output."""
    model = machine.read(os.path.join(machine.ROOT, options.recipe))["model"]["path"]
    with tempfile.TemporaryDirectory() as folder:
        output([f"{BIN}/tune", "run", options.recipe, f"output={folder}/run", "training.epochs=null",
                "training.max_steps=60", "data.dev=null", "data.test=null"])
        adapter, text = f"{folder}/run/adapter", f"{folder}/text"
        with open(text, "w", encoding="utf-8") as file:
            file.write(SENTENCE + "\n")
        threads = ["--threads", str(options.threads)]
        ours = {name: [f"{BIN}/tune", "predict", model, "--adapter", adapter, text, "--precision", name, *threads]
                for name in OUR_PRECISIONS}
        theirs = [options.peers, "benchmarks/peer_predict.py", model, SENTENCE, "--adapter", adapter, *threads]
        answers = [whole_process(command)[1]
                   for command in [*ours.values(), *([theirs] if options.peers else [])]]
        rounds = [{"tune": {name: whole_process(command)[0] for name, command in ours.items()},
                   "peer": {"fp32": whole_process(theirs)[0]} if options.peers else {}}
                  for _ in range(options.rounds or 5)]
    entities = [[(entity["label"], entity["start"], entity["end"]) for entity in answer["entities"]["adapter"]]
             for answer in answers]
    if any(spans != entities[0] for spans in entities):
        sys.exit(f"predict: the entities differ: {entities}")
    keep("predict", "one sentence", compare.row(rounds, "wall_seconds"))


def whole_process(command):
    """Seconds and peak memory of a whole process, and the JSON that it printed."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=machine.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    answer, messages = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{messages}")
    measured = {"wall_seconds": round(time.perf_counter() - begin, 4), "peak_rss_mb": usage.ru_maxrss // 1024}
    return measured, json.loads(answer)


ALL = {"recipe": recipe, "ops": ops, "steps": steps, "memory": memory, "cache": cache, "epochs": epochs,
       "predict": predict}
