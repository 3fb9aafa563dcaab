#!/usr/bin/env python3
"""Many requests to `tune serve` while adapters load, unload and change on disk: every answer is compared with `tune predict`.

usage: soak-test.py [--requests 100000] [--connections 16] [--tune .build/release/tune] [--seed 1]
Needs the quick start's corpus (make quickstart). Trains two taggers and a classifier on it for an epoch. Connections ask random texts of
  tags, labels  adapters that stay
  changing      one in the watched folder that is replaced by another tagger, and back, every half second: either may answer
  coming        one in the watched folder that appears and goes
  loaded        one that is loaded and unloaded by its routes
404 is right for the last two while they are gone, 429 always. Prints a JSON object; fails at a wrong answer, another status, a
broken connection, or if memory grows by more than a tenth after the first fifth of the requests.
"""
import argparse
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
BASE = str(HOME / "checkpoints/biomed-mini-l3")
CORPUS = HOME / "recipes/quickstart"


def sentences(split):
    """Words and tags of every sentence."""
    blocks = (CORPUS / f"{split}.tsv").read_text().strip().split("\n\n")
    return [list(zip(*(line.split("\t") for line in block.splitlines() if "\t" in line))) for block in blocks]


def train(tune, folder):
    """The folders of two taggers, and of a classifier of sentences with and without a drug."""
    for split in ("train", "dev"):
        rows = ({"text": " ".join(words), "label": str(any("DRUG" in tag.upper() for tag in tags))} for words, tags in sentences(split))
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tags = [str(HOME / "recipes/quickstart.json"), "training.epochs=1", "data.test=null"]
    labels = folder / "labels.json"
    labels.write_text(json.dumps({
        "model": {"path": BASE}, "task": {"type": "sequence_classification"},
        "data": {"format": "jsonl", "train": f"{folder}/train.jsonl", "dev": f"{folder}/dev.jsonl"},
        "method": {"type": "ia3"}, "training": {"epochs": 1, "batch_size": 32, "learning_rate": 1e-2}, "output": "x"}))
    runs = {"one": tags, "two": [*tags, "seed=8", "method.rank=4"], "labels": [str(labels)]}
    for name, arguments in runs.items():
        subprocess.run([tune, "run", *arguments, f"output={folder}/{name}"], cwd=HOME, check=True, capture_output=True)
    return {name: folder / name / "adapter" for name in runs}


def offline(tune, adapters, texts, folder):
    """What `tune predict` answers: a list of members by adapter."""
    (folder / "texts").write_text("\n".join(texts) + "\n")
    options = [argument for name, path in adapters.items() for argument in ("--adapter", f"{name}={path}")]
    out = subprocess.run([tune, "predict", BASE, *options, folder / "texts"], check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in out.splitlines()]
    return {name: [{key: row[key][name] for key in ("entities", "labels") if name in row.get(key, {})} for row in rows] for name in adapters}


def agree(a, b):
    """Whether two answers are the same up to the last digits of their probabilities."""
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(agree(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(agree, a, b))
    return abs(a - b) < 2e-4 if isinstance(a, float) and isinstance(b, (int, float)) else a == b


class Soak:
    def __init__(self, port, texts, expected, total, seed):
        self.port, self.texts, self.total, self.seed = port, texts, total, seed
        # By name in the server: the runs that may answer, and whether it may be gone.
        self.models = {"tags": (["one"], False), "labels": (["labels"], False), "changing": (["one", "two"], False),
                       "coming": (["one"], True), "loaded": (["two"], True)}
        self.expected, self.lock = expected, threading.Lock()
        self.done, self.status, self.faults = 0, {}, []

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, connection, path, body):
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read().decode()
        return answer.status, json.loads(content) if content.startswith("{") else content

    def client(self, number):
        choose, connection = random.Random(self.seed * 1000 + number), self.connection()
        while self.done < self.total and not self.faults:
            index, name = choose.randrange(len(self.texts)), choose.choice(list(self.models))
            runs, may_be_gone = self.models[name]
            try:
                status, body = self.ask(connection, "/v1/predict", {"inputs": [{"text": self.texts[index], "adapter": name}]})
            except OSError as error:
                status, body = f"{type(error).__name__}", str(error)
            right = status == 429 or status == 404 and may_be_gone
            if status == 200:
                row = body["outputs"][0] if "outputs" in body else body["predictions"][0]
                found = {key: row[key][name] for key in ("entities", "labels") if key in row}
                right = any(agree(found, self.expected[run][index]) for run in runs)
            with self.lock:
                self.done += 1
                self.status[str(status)] = self.status.get(str(status), 0) + 1
                if not right:
                    self.faults.append({"adapter": name, "text": index, "status": status, "body": body})


def change(soak, folder, adapters, counts):
    """Replaces, adds and removes adapters until the requests are done."""
    connection, turn = soak.connection(), 0
    while soak.done < soak.total and not soak.faults:
        turn += 1
        new, old = folder / ".new", folder / ".old"
        shutil.copytree(adapters["two" if turn % 2 else "one"], new)
        (folder / "changing").rename(old)
        new.rename(folder / "changing")
        shutil.rmtree(old)
        if turn % 2:
            shutil.copytree(adapters["one"], folder / ".coming")
            (folder / ".coming").rename(folder / "coming")
        else:
            shutil.rmtree(folder / "coming")
        for path, body in [("load", {"lora_name": "loaded", "lora_path": ".loaded"}), ("unload", {"lora_name": "loaded"})]:
            status, answer = soak.ask(connection, f"/v1/{path}_lora_adapter", body)
            if status != 200:
                soak.faults.append({"adapter": "loaded", "status": status, "body": answer})
            time.sleep(0.25)
        counts["changes"] = turn


def memory(process):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text()).group(1)) / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--tune", default=str(HOME / ".build/release/tune"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder, watched = Path(temporary), Path(temporary) / "watched"
        adapters = train(options.tune, folder)
        texts = [" ".join(words) for words, _ in sentences("test")][:400]
        expected = offline(options.tune, adapters, texts, folder)
        watched.mkdir()
        shutil.copytree(adapters["one"], watched / "changing")
        shutil.copytree(adapters["two"], watched / ".loaded")
        log = open(folder / "log", "w+")
        server = subprocess.Popen(
            [options.tune, "serve", BASE, "--adapter", f"tags={adapters['one']}", "--adapter", f"labels={adapters['labels']}",
             "--adapters-dir", watched, "--port", "0"], stderr=log)
        try:
            while not (port := re.search(r"127\.0\.0\.1:(\d+)", Path(folder / "log").read_text())):
                time.sleep(0.05)
                if server.poll() is not None:
                    sys.exit(Path(folder / "log").read_text())
            soak, counts, begin = Soak(int(port.group(1)), texts, expected, options.requests, options.seed), {}, time.time()
            threads = [threading.Thread(target=soak.client, args=(number,)) for number in range(options.connections)]
            threads.append(threading.Thread(target=change, args=(soak, watched, adapters, counts)))
            for thread in threads:
                thread.start()
            sizes = []
            while soak.done < soak.total and not soak.faults:
                if soak.done >= soak.total / 10 * (len(sizes) + 1):
                    sizes.append(round(memory(server), 1))
                time.sleep(0.02)
            for thread in threads:
                thread.join()
            sizes.append(round(memory(server), 1))
            seconds = time.time() - begin
        finally:
            server.terminate()
            code = server.wait(60)
        grows = len(sizes) > 2 and sizes[-1] > 1.1 * sizes[1]
        print(json.dumps({"requests": soak.done, "seconds": round(seconds, 1), "status": soak.status, **counts,
                          "mib_after_each_tenth": sizes, "memory_grows": grows, "exit": code, "faults": soak.faults[:5]}, indent=2))
        sys.exit(1 if soak.faults or grows or code else 0)


if __name__ == "__main__":
    main()
