#!/usr/bin/env python3
"""Requests for many adapters of one base: `tune` against itself with one adapter, and against PEFT's `adapter_names`.

usage: mixed_adapters.py MODEL TEXTS [--rounds N] [--threads N] [--requests N] [--precision P] [--no-peer]
       mixed_adapters.py --peer MODEL FOLDER THREADS ROUNDS           PEFT's seconds, in its own process
MODEL is the folder of the base, TEXTS a file with a text per line. `bench-adapters` saves the adapters and answers the requests; PEFT
answers the same requests with the 16 LoRAs, which it can mix, in batches of 16 texts of similar length. Prints a JSON object. Needs
.build/release/bench-adapters (swift build -c release --product bench-adapters), and for the peer torch, transformers and peft.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent / ".build/release/bench-adapters"
BATCH = 16


def peer(model, folder, threads, rounds):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    torch.set_num_threads(threads)
    requests = [json.loads(line) for line in Path(folder, "requests.jsonl").read_text().splitlines()]
    names = sorted({request["adapter"] for request in requests})
    tokenizer = AutoTokenizer.from_pretrained(model)
    base = AutoModelForTokenClassification.from_pretrained(model, num_labels=3, dtype=torch.float32)
    mixed = PeftModel.from_pretrained(base, f"{folder}/{names[0]}", adapter_name=names[0])
    for name in names[1:]:
        mixed.load_adapter(f"{folder}/{name}", adapter_name=name)
    mixed.eval()
    seconds = []
    with torch.inference_mode():
        for _ in range(rounds + 1):
            begin = time.perf_counter()
            encoded = [(len(ids), ids, request["adapter"]) for request in requests
                       for ids in [tokenizer(request["text"], truncation=True, max_length=512)["input_ids"]]]
            encoded.sort(key=lambda item: (item[0], item[2]))
            for start in range(0, len(encoded), BATCH):
                batch = encoded[start:start + BATCH]
                inputs = tokenizer.pad({"input_ids": [ids for _, ids, _ in batch]}, return_tensors="pt")
                mixed(**inputs, adapter_names=[name for _, _, name in batch]).logits.argmax(-1).tolist()
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[1:])


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("model")
    parser.add_argument("texts")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--requests", type=int, default=1024)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        count = ["--rounds", str(options.rounds), "--threads", str(options.threads)]
        run = subprocess.run([BENCH, options.model, options.texts, folder, *count, "--requests", str(options.requests),
                              "--precision", options.precision], stdout=subprocess.PIPE, check=True, text=True)
        result = json.loads(run.stdout)
        if not options.no_peer:
            arguments = ["--peer", options.model, folder, str(options.threads), str(options.rounds)]
            run = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, check=True, text=True)
            result["peft_seconds"] = json.loads(run.stdout)
            result["peft_times"] = result["peft_seconds"] / result["seconds"]["loras"]
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        print(json.dumps(peer(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))))
    else:
        main()
