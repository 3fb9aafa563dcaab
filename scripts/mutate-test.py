#!/usr/bin/env python3
"""Damages recipes, adapters, tokenizers and data files, one at a time, and runs the command that reads them.

    scripts/mutate-test.py                    10,000 files
    scripts/mutate-test.py --count 500 --seed 2 --program .build/debug/tune

Every reference of the files exists, so a command gets past the names. Each must answer (status 0) or refuse with a sentence
(status 1) within 20 s. A JSON file with a key that was misspelled or given twice, or with a value of another type, and
weights with NaN, must be refused, or give the answer of the undamaged files. Prints how many were refused, gave the same
answer or another one, with how many different messages, and keeps the folder of each violation.
"""
import argparse, collections, concurrent.futures, json, os, random, re, shutil, struct, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIME_LIMIT = 20
STRANGE = [None, True, False, 0, -1, 1, 3, 10 ** 12, -(10 ** 30), 0.5, 1e308, "", "x", "/", "(.*)*x", "all-linear", "\u202e", [], [[]],
           {}, ["query"], {"a": 1}]


def corpus(count, seed):
    tag = {"b": "B-A", "c": "B-B"}
    return "\n".join("".join(f"{letter}\t{tag.get(letter, 'O')}\n" for letter in (
        "abcdefg"[(i * 7 + j * 3 + seed) % 7] for j in range(4 + i % 9))) for i in range(count))


def prepare(program, folder):
    shutil.copytree(f"{ROOT}/Tests/Fixtures/tiny-bert", f"{folder}/base")
    for name, count, seed in (("train", 30, 1), ("dev", 10, 2), ("test", 10, 3)):
        open(f"{folder}/{name}.tsv", "w").write(corpus(count, seed))
    with open(f"{folder}/texts.jsonl", "w") as file:
        for i in range(8):
            file.write(json.dumps({"id": i, "text": "a b c " * (i + 1), "label": "yes" if i % 3 else "no"}) + "\n")
    recipe = {"about": "letters", "seed": 3, "model": {"path": "base"}, "task": {"type": "token_classification"},
              "data": {"format": "conll", "train": "train.tsv", "dev": "dev.tsv", "test": "test.tsv"},
              "method": {"type": "lora", "rank": 4, "alpha": 8, "target_modules": ["query", "value"]},
              "training": {"epochs": 1, "batch_size": 8, "learning_rate": 0.01}, "output": "run"}
    texts = recipe | {"task": {"type": "sequence_classification"}, "output": "run-texts",
                      "data": {"format": "jsonl", "text_column": "text", "label_column": "label", "train": "texts.jsonl", "dev": "texts.jsonl"}}
    for name, tree in (("recipe", recipe), ("texts", texts)):
        json.dump(tree, open(f"{folder}/{name}.json", "w"))
        result = subprocess.run([program, "run", f"{name}.json"], cwd=folder, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(result.stderr)


PREDICT = ["predict", "base", "--adapter", "run/adapter", "texts.jsonl"]
# What is damaged, and the command that reads it.
TARGETS = [
    ("recipe.json", ["validate", "recipe.json"]), ("texts.json", ["validate", "texts.json"]),
    ("run/adapter/adapter_config.json", PREDICT), ("run/adapter/tune.json", PREDICT),
    ("run/adapter/adapter_model.safetensors", PREDICT), ("base/config.json", PREDICT), ("base/vocab.txt", PREDICT),
    ("base/tokenizer_config.json", PREDICT), ("test.tsv", ["eval", "base", "--adapter", "run/adapter", "test.tsv"]),
    ("train.tsv", ["validate", "recipe.json"]), ("texts.jsonl", ["validate", "texts.json"]), ("texts.jsonl", PREDICT)]


def mutate_tree(tree, rng):
    """Changes one place of a JSON tree in place; returns the change's name and whether it must not be ignored."""
    members = [(tree, key) for key in tree]
    for node, key in members:
        if isinstance(node[key], dict):
            members += [(node[key], inner) for inner in node[key]]
    node, key = rng.choice(members)
    kind = rng.choice(["misspelled", "added", "removed", "type", "value"])
    if kind == "misspelled":
        node[key + "x"] = node.pop(key)
    elif kind == "added":
        node[rng.choice(["ranks", "x", "type2", ""])] = rng.choice(STRANGE)
    elif kind == "removed":
        del node[key]
    elif kind == "type":
        node[key] = rng.choice([value for value in STRANGE if type(value) is not type(node[key])])
    else:
        node[key] = rng.choice(STRANGE)
    return kind


def mutate_bytes(data, rng):
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        start = rng.randrange(len(data) + 1)
        end = min(len(data), start + rng.randint(1, 40))
        kind = rng.randrange(6)
        if kind == 0:
            del data[start:]
        elif kind == 1 and data:
            data[min(start, len(data) - 1)] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del data[start:end]
        elif kind == 3:
            data[start:start] = data[start:end]
        elif kind == 4:
            data[start:start] = rng.choice([b"\0", b"\xff", b"\n", b"\n\n", b"\t", b"\r\n", b"\xef\xbb\xbf", b'"', b"{", b"1e999", b"\\ud800"])
        else:
            data[start:end] = bytes(rng.randrange(256) for _ in range(end - start))
    return bytes(data)


def mutate(name, data, rng):
    """The damaged bytes, and the damage's name."""
    if name.endswith(".json") and rng.random() < .7:
        tree = json.loads(data)
        kind = mutate_tree(tree, rng)
        return json.dumps(tree).encode(), kind
    if name.endswith(".json") and rng.random() < .3:
        first = json.dumps(next(iter(json.loads(data))))
        return b"{" + first.encode() + b": 1," + data.lstrip()[1:], "twice"
    if name.endswith(".safetensors") and rng.random() < .3:
        start = 8 + struct.unpack("<Q", data[:8])[0]
        place = start + 4 * rng.randrange((len(data) - start) // 4)
        return data[:place] + struct.pack("<f", rng.choice([float("nan"), float("inf")])) + data[place + 4:], "nan"
    return mutate_bytes(data, rng), "bytes"


def run(program, folder, command):
    try:
        return subprocess.run([program, *command], cwd=folder, capture_output=True, timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return None


def violation(result, answer, kind, name):
    """What is wrong with the result; None: nothing."""
    if result is None:
        return "hang"
    if result.returncode not in (0, 1, 64):
        return f"status {result.returncode}"
    if result.returncode != 0 and not result.stderr.strip():
        return "no message"
    is_own = name in ("recipe.json", "texts.json", "run/adapter/adapter_config.json")
    if result.returncode == 0 and kind in ("twice", "nan"):
        return "accepted"
    if result.returncode == 0 and kind in ("misspelled", "added") and is_own and result.stdout != answer:
        return "ignored, with another answer"
    if result.returncode == 0 and kind in ("misspelled", "added") and name in ("recipe.json", "texts.json"):
        return "ignored"
    return None


def work(options, original, answers, worker, count):
    """Checks `count` files in a folder of its own."""
    rng, folder = random.Random(f"{options.seed}-{worker}"), f"{options.base}/worker-{worker}"
    shutil.copytree(original, folder)
    counts, messages, violations = collections.Counter(), collections.Counter(), []
    for index in range(count):
        name, command = TARGETS[(index + worker) % len(TARGETS)]
        data = open(f"{original}/{name}", "rb").read()
        damaged, kind = mutate(name, data, rng)
        open(f"{folder}/{name}", "wb").write(damaged)
        result, answer = run(options.program, folder, command), answers[(name, command[0])]
        why = violation(result, answer, kind, name)
        outcome = "hang" if result is None else "refused" if result.returncode else (
            "same answer" if result.stdout == answer else "another answer")
        counts[(f"{name} ({command[0]})", outcome)] += 1
        if outcome == "refused":
            message = re.sub(r"\d+|\".*?\"|'.*?'", "", result.stderr.decode(errors="replace").strip().rpartition("Error: ")[2])
            messages[(f"{name} ({command[0]})", " ".join(message.split())[:60])] += 1
        if why:
            kept = f"{options.base}/violation-{worker}-{index}"
            os.mkdir(kept)
            open(f"{kept}/{os.path.basename(name)}", "wb").write(damaged)
            violations.append(f"{why}: {name}, {kind}: {' '.join(command)} ({kept})\n"
                              + ("" if result is None else result.stderr.decode(errors="replace")[-300:]))
        open(f"{folder}/{name}", "wb").write(data)
    shutil.rmtree(folder)
    return counts, messages, violations


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=f"{ROOT}/.build/release/tune")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--messages", action="store_true", help="print the errors")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.program, options.base = os.path.abspath(options.program), tempfile.mkdtemp(prefix="tune-mutate-")
    original = f"{options.base}/original"
    os.mkdir(original)
    prepare(options.program, original)
    answers = {}
    for name, command in TARGETS:
        result = run(options.program, original, command)
        if result is None or result.returncode != 0:
            sys.exit(f"{' '.join(command)} fails without damage: {result and result.stderr.decode()}")
        answers[(name, command[0])] = result.stdout
    counts, messages, violations = collections.Counter(), collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        shares = [options.count // options.workers] * options.workers
        for found in pool.map(lambda w: work(options, original, answers, w, shares[w]), range(options.workers)):
            counts, messages, violations = counts + found[0], messages + found[1], violations + found[2]
    for name in sorted({name for name, _ in counts}):
        print(f"{name:50}" + "".join(f"{counts[(name, outcome)]:6} {outcome}" for outcome in (
            "refused", "same answer", "another answer", "hang"))
              + f"{sum(key[0] == name for key in messages):6} messages")
    print(f"{sum(counts.values())} damaged files, {len(violations)} violations")
    print("\n".join(violations[:20]))
    if options.messages:
        print("\n".join(f"{count:6} {target}: {message}" for (target, message), count in sorted(messages.items())))
    if not violations:
        shutil.rmtree(options.base)
    sys.exit(1 if violations else 0)


main()
