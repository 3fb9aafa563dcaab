#!/usr/bin/env python3
"""What does a network cost two ranks, against the same two ranks without it?

    benchmarks/network.py [RECIPE.json KEY=VALUE …] [--model FOLDER] [--methods lora full] [--gigabits 1] [--rounds 3]

Connects two network namespaces by a link of so many Gb/s in either direction (veth with tc's tbf), starts
one rank of one thread in each, with Open MPI over TCP, and counts the bytes of the link. In turns with it, both ranks run in one
namespace, over shared memory. Prints a JSON line per method: `ratio` is the speed over the network divided by that without;
`mb_per_step` are the link's bytes in the busier direction, `expected_mb_per_step` those of `tune run --dry-run`, which also
expects a speed. The model is a BERT-base with random weights and the tokenizer of --tokenizer, unless there is one.

Needs root, ip and tc (Debian: iproute2), Open MPI, a release build with `make mpi`, and two free cores. Leaves nothing behind.
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile, time

from ranks import ROOT, launcher_options, output_of, recipe_with, tune

METHODS = {"lora": {"type": "lora", "rank": 8, "target_modules": ["query", "value"]}, "full": {"type": "full"}}
BERT_BASE = {
    "model_type": "bert", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
    "hidden_act": "gelu", "max_position_embeddings": 512, "type_vocab_size": 2, "vocab_size": 30522, "layer_norm_eps": 1e-12,
    "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "pad_token_id": 0}
# What mpirun starts instead of ssh: options, the host, the command.
AGENT = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
case $1 in 10.77.0.1) namespace=NAME-a;; *) namespace=NAME-b;; esac
shift
exec ip netns exec "$namespace" sh -c "$*"
"""


class Network:
    """Two namespaces with the addresses 10.77.0.1 and 10.77.0.2."""

    def __init__(self, folder, gigabits):
        self.name, self.gigabits, self.agent = f"tune-{os.getpid()}", gigabits, f"{folder}/agent"

    def __enter__(self):
        a, b = f"{self.name}-a", f"{self.name}-b"
        try:
            for namespace in (a, b):
                output_of(["ip", "netns", "add", namespace])
            output_of(["ip", "link", "add", "tune0", "netns", a, "type", "veth", "peer", "name", "tune0", "netns", b])
            for namespace, address in ((a, "10.77.0.1/24"), (b, "10.77.0.2/24")):
                inside = ["ip", "netns", "exec", namespace]
                output_of([*inside, "ip", "address", "add", address, "dev", "tune0"])
                for device in ("lo", "tune0"):
                    output_of([*inside, "ip", "link", "set", device, "up"])
                output_of([*inside, "tc", "qdisc", "add", "dev", "tune0", "root", "tbf", "rate", f"{self.gigabits}gbit",
                           "burst", "256kb", "latency", "20ms"])
        except BaseException:
            self.__exit__()
            raise
        with open(self.agent, "w", encoding="utf-8") as file:
            file.write(AGENT.replace("NAME", self.name))
        os.chmod(self.agent, 0o755)
        time.sleep(2)  # the devices report "down" at first
        return self

    def __exit__(self, *_):
        for end in "ab":
            subprocess.run(["ip", "netns", "delete", f"{self.name}-{end}"], capture_output=True)

    def prefix(self, launcher):
        """The start of a command on two ranks, one in each namespace."""
        return ["ip", "netns", "exec", f"{self.name}-a", launcher, "--mca", "plm_rsh_agent", self.agent, "--mca", "pml", "ob1",
                "--mca", "btl", "tcp,self", "--host", "10.77.0.1:1,10.77.0.2:1", "--bind-to", "none", "-n", "2"]

    def bytes(self):
        """Bytes of the link so far, in the busier direction."""
        statistics = [f"/sys/class/net/tune0/statistics/{name}_bytes" for name in ("rx", "tx")]
        return max(map(int, output_of(["ip", "netns", "exec", f"{self.name}-a", "cat", *statistics]).split()))


def random_bert_base(program, tokenizer, recipe, folder):
    """A folder with a BERT-base of random weights: one step of full fine-tuning at learning rate 0, because of the warm-up."""
    base = f"{folder}/random"
    shutil.copytree(tokenizer, base, ignore=shutil.ignore_patterns("*.safetensors", "config.json"))
    with open(f"{base}/config.json", "w", encoding="utf-8") as file:
        json.dump(BERT_BASE, file)
    path, training = f"{folder}/random.json", {"max_steps": 1, "warmup_steps": 1, "batch_size": 1}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(recipe | {
            "model": {"path": base, "init": "random"}, "method": METHODS["full"], "training": training,
            "output": f"{folder}/base"}, file)
    output_of([program, "run", path])
    return f"{folder}/base/model"


def namespaces_are_allowed():
    name = f"tune-{os.getpid()}-test"
    added = subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode == 0
    if added:
        subprocess.run(["ip", "netns", "delete", name])
    return added


def estimate(program, recipe, folder):
    with open(f"{folder}/recipe.json", "w", encoding="utf-8") as file:
        json.dump(recipe | {"output": f"{folder}/none"}, file)
    found = json.loads(output_of([program, "run", f"{folder}/recipe.json", "--dry-run", "--json", "--threads", "1"]))
    return next((ranks for ranks in found["ranks"] if ranks["ranks"] == 2), None) or sys.exit(
        "network.py: the recipe has no work for two ranks: choose a larger training.batch_size")


def measure(options, method, recipe, network, folder):
    recipe = recipe | {"method": METHODS[method]}
    recipe["training"] = recipe["training"] | {"max_steps": options.steps[method]}
    expected, without = estimate(options.program, recipe, folder), [options.launcher, *launcher_options(options.launcher), "-n", "2"]
    speeds, ratios, sent = [], [], []
    for _ in range(options.rounds):
        alone = tune(options.program, recipe, without)["tokens_per_second"]
        before = network.bytes()
        speeds.append(tune(options.program, recipe, network.prefix(options.launcher))["tokens_per_second"])
        sent.append((network.bytes() - before) / options.steps[method])
        ratios.append(speeds[-1] / alone)
    print(json.dumps({
        "method": method, "gigabits": options.gigabits, "steps": options.steps[method], "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios], "tokens_per_second": round(statistics.median(speeds)),
        "mb_per_step": round(statistics.median(sent) / 1e6, 2), "expected_mb_per_step": round(expected["bytes_per_step"] / 1e6, 2),
        "dry_run_speedup_1_gbit": round(expected["speedup_1_gbit"], 2)}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", nargs="?", default=f"{ROOT}/recipes/ncbi-disease-lora.json")
    parser.add_argument("settings", nargs="*", default=[])
    parser.add_argument("--model", help="a base; default: a BERT-base with random weights")
    parser.add_argument("--tokenizer", default="../shared/models/minilm-l6")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--gigabits", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lora-steps", type=int, default=20)
    parser.add_argument("--full-steps", type=int, default=4)
    parser.add_argument("--launcher", default="mpirun.openmpi" if shutil.which("mpirun.openmpi") else "mpirun")
    parser.add_argument("--program", default=f"{ROOT}/.build/release/tune")
    options = parser.parse_intermixed_args()
    options.steps = {"lora": options.lora_steps, "full": options.full_steps}
    missing = [name for name in ("ip", "tc", options.launcher) if not shutil.which(name)]
    if missing or not namespaces_are_allowed():
        return print(f"network.py: skipped, because {'there is no ' + missing[0] if missing else 'it may not make network namespaces'}")
    with tempfile.TemporaryDirectory() as folder, Network(folder, options.gigabits) as network:
        recipe = recipe_with(options.recipe, options.settings, 1)
        recipe["model"] = {"path": options.model or random_bert_base(options.program, options.tokenizer, recipe, folder)}
        for method in options.methods:
            measure(options, method, recipe, network, folder)


if __name__ == "__main__":
    main()
