#!/usr/bin/env python3
"""What do ranks cost: two processes of one thread, connected by MPI, against one process of two threads?

    benchmarks/ranks.py RECIPE.json [KEY=VALUE …] [--rounds 3] [--steps 40] [--launcher mpirun.mpich]

Runs the recipe's first steps both ways in turns, without evaluations in between, and prints a JSON line per round and one with
the medians. `ratio` is the speed of the ranks divided by that of the threads: 1 if MPI costs nothing. Needs a release build
with `make mpi`, and two free cores.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def seconds(options, prefix, threads):
    """Seconds of the training steps."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        settings = [f"training.max_steps={options.steps}", "training.epochs=null", f"training.eval_steps={10 * options.steps}", f"output={folder}/run"]
        command = [*prefix, options.program, "run", options.recipe, *options.settings, *settings, "--threads", str(threads)]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if result.returncode != 0:
            sys.exit(f"{' '.join(command)}: status {result.returncode}\n{result.stderr}")
        return json.load(open(f"{folder}/run/result.json"))["train_seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("settings", nargs="*")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--launcher", default="mpirun")
    parser.add_argument("--program", default=f"{ROOT}/.build/release/tune")
    options = parser.parse_args()
    version = subprocess.run([options.launcher, "--version"], capture_output=True, text=True).stdout
    binding = ["--bind-to", "none"] if "Open MPI" in version or "OpenRTE" in version else []
    ranks, threads = [], []
    for number in range(options.rounds):
        threads.append(seconds(options, [], 2))
        ranks.append(seconds(options, [options.launcher, *binding, "-n", "2"], 1))
        print(json.dumps({"round": number + 1, "one_process_seconds": threads[-1], "two_ranks_seconds": ranks[-1]}), flush=True)
    one, two = statistics.median(threads), statistics.median(ranks)
    print(json.dumps({
        "recipe": options.recipe, "settings": options.settings, "steps": options.steps, "launcher": options.launcher,
        "one_process_seconds": round(one, 3), "two_ranks_seconds": round(two, 3), "ratio": round(one / two, 3)}))


main()
