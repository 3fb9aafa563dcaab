"""The files of a run, as far as two runs of one recipe must agree in them."""
import json
import os

# Values that depend on the clock or the machine, not on the run.
CLOCKS = {"seconds", "unix_seconds", "train_seconds", "tokens_per_second", "peak_memory_bytes", "threads"}


def run_files(folder, besides=frozenset()):
    """The files that the run in `folder`/run left, by name: their bytes, or JSON without the values of CLOCKS and `besides`."""
    keys, files = CLOCKS | besides, {}
    for directory, _, names in os.walk(f"{folder}/run"):
        for name in names:
            path = os.path.join(directory, name)
            # The report shows times.
            data = open(path, "rb").read() if name != "report.html" else b""
            if name == "metrics.jsonl":
                data = [without(keys, json.loads(line)) for line in data.splitlines()]
            elif name == "result.json":
                data = without(keys, json.loads(data))
            files[os.path.relpath(path, folder)] = data
    return files


def without(keys, tree):
    """A JSON tree without the values of these keys."""
    if isinstance(tree, dict):
        return {key: without(keys, value) for key, value in tree.items() if key not in keys}
    return tree
