#!/usr/bin/env python3
"""What do ranks cost: two processes of one thread, connected by MPI?

    benchmarks/ranks.py RECIPE.json [KEY=VALUE …]                 against one process of two threads
    benchmarks/ranks.py RECIPE.json --weak                        against one process of one thread with half of the batch
    benchmarks/ranks.py RECIPE.json precision=bf16 --peers PYTHON against two processes of PyTorch (peer_ddp.py)

Options: [--rounds 3] [--steps 40] [--launcher mpirun.mpich]. Takes the recipe's first steps both ways in turns, and prints a
JSON line per round and one with the medians. `ratio` is the speed of the ranks in tokens per second divided by that of the
other side; with --weak by twice that, so that it is the efficiency. 1: MPI costs nothing. Needs a release build with
`make mpi`, and two free cores.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENVIRONMENT = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def recipe_with(path, settings, steps):
    """The recipe as JSON, with KEY=VALUE settings, for so many steps without evaluations."""
    recipe = json.load(open(path, encoding="utf-8"))
    for setting in settings:
        key, value = setting.split("=", 1)
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            pass
        *sections, name = key.split(".")
        section = recipe
        for part in sections:
            section = section.setdefault(part, {})
        section[name] = value
    recipe["data"] = {key: value for key, value in recipe["data"].items() if key not in ("dev", "test")}
    recipe["training"] = {
        key: value for key, value in recipe["training"].items()
        if key not in ("epochs", "eval_steps", "metric_for_best_model", "early_stopping_patience")} | {"max_steps": steps}
    return recipe


def output_of(command):
    result = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: status {result.returncode}\n{result.stderr}")
    return result.stdout


def tune(program, recipe, prefix=(), threads=1):
    """result.json of the recipe's run, started by `prefix`."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/recipe.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(recipe | {"output": f"{folder}/run"}, file)
        output_of([*prefix, program, "run", path, "--threads", str(threads)])
        return json.load(open(f"{folder}/run/result.json"))


def pytorch(python, recipe):
    """The output of peer_ddp.py on two processes of one thread."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/recipe.json"
        precision = recipe.get("precision", "fp32")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({key: value for key, value in recipe.items() if key != "precision"}, file)
        script = os.path.join(ROOT, "benchmarks/peer_ddp.py")
        return json.loads(output_of(
            [python, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", script, path,
             *(["--bf16"] if precision == "bf16" else [])]))


def launcher_options(launcher):
    version = subprocess.run([launcher, "--version"], capture_output=True, text=True).stdout
    return ["--bind-to", "none"] if "Open MPI" in version or "OpenRTE" in version else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("settings", nargs="*")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--weak", action="store_true", help="one rank has half of the batch")
    other.add_argument("--peers", metavar="PYTHON", help="a Python with torch, transformers and peft")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--launcher", default="mpirun")
    parser.add_argument("--program", default=f"{ROOT}/.build/release/tune")
    options = parser.parse_intermixed_args()
    recipe = recipe_with(options.recipe, options.settings, options.steps)
    mpirun = [options.launcher, *launcher_options(options.launcher), "-n", "2"]
    size = "max_tokens_per_batch" if recipe["training"].get("max_tokens_per_batch") else "batch_size"
    half = recipe | {"training": recipe["training"] | {size: recipe["training"].get(size, 32) // 2}}
    against, measure = (
        ("one_process_half_batch", lambda: 2 * tune(options.program, half)["tokens_per_second"]) if options.weak else
        ("pytorch_ddp", lambda: pytorch(options.peers, recipe)["tokens_per_second"]) if options.peers else
        ("one_process_two_threads", lambda: tune(options.program, recipe, threads=2)["tokens_per_second"]))
    ranks, others = [], []
    for number in range(options.rounds):
        others.append(measure())
        ranks.append(tune(options.program, recipe, mpirun)["tokens_per_second"])
        print(json.dumps({
            "round": number + 1, f"{against}_tokens_per_second": round(others[-1]), "ranks_tokens_per_second": round(ranks[-1]),
            "ratio": round(ranks[-1] / others[-1], 3)}), flush=True)
    print(json.dumps({
        "recipe": options.recipe, "settings": options.settings, "steps": options.steps, "launcher": options.launcher,
        "against": against, "ranks_tokens_per_second": round(statistics.median(ranks)),
        "ratio": round(statistics.median(a / b for a, b in zip(ranks, others)), 3)}))


if __name__ == "__main__":
    main()
