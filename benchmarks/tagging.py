#!/usr/bin/env python3
"""Entities in a file of sentences: `tune predict` as a whole process, against PyTorch and OpenVINO with a loaded model.

usage: tagging.py RECIPE [KEY=VALUE …] [--steps N] [--rounds N] [--threads N]
       tagging.py --peer ENGINE FOLDER FILE THREADS                      one measurement of an engine, in its own process
Trains the recipe's adapter for some steps, merges it, and tags the sentences of its test file, whose words are given. `tune` (bf16, int8)
starts, loads base and adapter, reads the file and writes the entities. PyTorch and OpenVINO, both in bf16, have loaded the merged
model and run once; their time is that of tokenizing, of passes over padded batches of 32 sentences sorted by length, and of
the arg max. In each round every engine runs, one after the other. Prints a JSON object with the medians in seconds and of the
ratios within a round, and the number of entities that each finds. Needs a release build, and for the peers torch,
transformers, onnx and openvino.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TUNE = os.environ.get("TUNE", str(Path(__file__).resolve().parent.parent / ".build/release/tune"))
PEERS = ["pytorch-bf16", "openvino-bf16"]
BATCH = 32


def forward_pass(engine, model, threads, folder):
    """The function from padded ids and mask to the index of each token's tag."""
    import torch
    if engine == "pytorch-bf16":
        model = model.to(torch.bfloat16)
        return lambda ids, mask: model(input_ids=ids, attention_mask=mask).logits.argmax(-1).tolist()
    import openvino

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, ids, mask):
            return self.model(input_ids=ids, attention_mask=mask).logits

    example, path = torch.ones(2, 8, dtype=torch.long), f"{folder}/model.onnx"
    axes = {name: {0: "batch", 1: "tokens"} for name in ("ids", "mask", "logits")}
    torch.onnx.export(Logits(), (example, example), path, input_names=["ids", "mask"], output_names=["logits"],
                      dynamic_axes=axes, dynamo=False, opset_version=17)
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {
        "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY"})
    return lambda ids, mask: compiled({"ids": ids.numpy(), "mask": mask.numpy()})["logits"].argmax(-1).tolist()


def peer(engine, folder, file, threads):
    """Seconds, and the tags of every sentence's words."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer
    torch.set_num_threads(threads)
    model, tokenizer = AutoModelForTokenClassification.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    sentences = [json.loads(line)["words"] for line in Path(file).read_text(encoding="utf-8").splitlines()]

    def tag(run):
        # The tag of a word's first token counts.
        tags = [None] * len(sentences)
        lengths = [len(ids) for ids in tokenizer(sentences, is_split_into_words=True)["input_ids"]]
        order = sorted(range(len(sentences)), key=lengths.__getitem__)
        for begin in range(0, len(order), BATCH):
            batch = order[begin:begin + BATCH]
            encoding = tokenizer([sentences[i] for i in batch], is_split_into_words=True, padding=True, return_tensors="pt")
            found = run(encoding["input_ids"], encoding["attention_mask"])
            for row, i in enumerate(batch):
                first = {}
                for token, word in enumerate(encoding.word_ids(row)):
                    first.setdefault(word, found[row][token])
                tags[i] = [model.config.id2label[first[word]] for word in range(len(sentences[i]))]
        return tags

    with tempfile.TemporaryDirectory() as scratch, torch.inference_mode():
        run = forward_pass(engine, model, threads, scratch)
        tag(run)
        begin = time.perf_counter()
        tags = tag(run)
        return time.perf_counter() - begin, tags


def spans(tags):
    """(first word, label) of every entity of IOB2 tags."""
    return {(i, tag[2:]) for i, tag in enumerate(tags)
            if tag.startswith("B-") or tag.startswith("I-") and (i == 0 or tags[i - 1][2:] != tag[2:])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("settings", nargs="*")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_intermixed_args()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    environment["OMP_NUM_THREADS"] = threads = str(options.threads)

    def output(*command):
        result = subprocess.run(command, capture_output=True, text=True, env=environment)
        return result.stdout if result.returncode == 0 else sys.exit(result.stderr)

    with tempfile.TemporaryDirectory() as folder:
        run, merged, file = f"{folder}/run", f"{folder}/merged", f"{folder}/sentences.jsonl"
        output(TUNE, "run", options.recipe, *options.settings, "training.epochs=null", f"training.max_steps={options.steps}", f"output={run}")
        recipe = json.loads(Path(run, "recipe.json").read_text())
        base = recipe["model"]["path"]
        output(TUNE, "merge", base, "--adapter", f"{run}/adapter", "--output", merged)
        blocks = Path(recipe["data"]["test"]).read_text(encoding="utf-8").split("\n\n")
        sentences = [words for block in blocks if (words := [line.split()[0] for line in block.splitlines() if line.strip()])]
        Path(file).write_text("".join(json.dumps({"words": words}) + "\n" for words in sentences), encoding="utf-8")
        rounds, found = [], {}
        for _ in range(options.rounds):
            times = {}
            for precision in ("bf16", "int8"):
                begin = time.perf_counter()
                found[precision] = output(TUNE, "predict", base, "--adapter", f"a={run}/adapter", file, "--precision", precision,
                                          "--threads", threads)
                times[f"tune-{precision}"] = time.perf_counter() - begin
            for engine in PEERS:
                times[engine], found[engine] = json.loads(
                    output(sys.executable, __file__, "--peer", engine, merged, file, threads))
            rounds.append(times)
            print(times, file=sys.stderr, flush=True)
        medians = {name: round(statistics.median(times[name] for times in rounds), 3) for name in rounds[0]}
        ratios = {f"{ours} against {peer}": round(statistics.median(times[peer] / times[ours] for times in rounds), 2)
                  for ours in ("tune-bf16", "tune-int8") for peer in PEERS}
        entities = {name: sum(len(spans(tags)) for tags in found[name]) for name in PEERS}
        entities |= {f"tune-{precision}": sum(len(line["entities"]["a"]) for line in map(json.loads, found[precision].splitlines()))
                     for precision in ("bf16", "int8")}
        print(json.dumps({"threads": options.threads, "sentences": len(sentences), "seconds": medians,
                          "times_faster": ratios, "entities": entities}, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        print(json.dumps(peer(*sys.argv[2:5], int(sys.argv[5]))))
    else:
        main()
