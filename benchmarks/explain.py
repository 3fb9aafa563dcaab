#!/usr/bin/env python3
"""Integrated gradients of a classifier's predicted labels: `tune explain` against captum, in turns.

usage: explain.py RUN TEXTS [--count N] [--rounds N] [--steps N] [--threads N] [--precision bf16]
RUN is the folder of a run of sequence_classification or relation_extraction with a LoRA adapter over a Hub folder. TEXTS
has a JSON object with "text" on each line. Needs torch, transformers, peft and captum. TUNE in the environment is another
binary. Each side explains the same texts, in its own process; its seconds are those after loading. Prints one JSON
object: of every round both sides' explanations a second, the median ratio, and the largest difference of a word's score,
relative to the largest score of its text.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

TUNE = os.environ.get("TUNE", str(Path(__file__).resolve().parent.parent / ".build/release/tune"))


def peer(run, texts, steps, threads):
    import torch
    import transformers
    from captum.attr import LayerIntegratedGradients
    from peft import PeftModel

    torch.set_num_threads(threads)
    settings = json.loads((run / "adapter/tune.json").read_text())
    base = json.loads((run / "recipe.json").read_text())["model"]["path"]
    labels = settings["task"]["labels"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=len(labels), dtype=torch.float32)
    model = PeftModel.from_pretrained(model, str(run / "adapter")).eval().requires_grad_(False)
    layer = next(module for name, module in model.named_modules() if name.endswith(".embeddings"))
    explainer = LayerIntegratedGradients(lambda ids, mask: model(input_ids=ids, attention_mask=mask).logits, layer)
    results, start = [], time.perf_counter()
    for text in texts:
        encoding = tokenizer(text, truncation=True, max_length=settings.get("max_length") or 512, return_tensors="pt")
        ids, mask = encoding["input_ids"], encoding["attention_mask"]
        baseline = torch.full_like(ids, tokenizer.pad_token_id)
        baseline[:, 0], baseline[:, -1] = ids[:, 0], ids[:, -1]
        with torch.no_grad():
            target = model(input_ids=ids, attention_mask=mask).logits.argmax().item()
        found = explainer.attribute(
            ids, baseline, additional_forward_args=mask, target=target, n_steps=steps, method="gausslegendre")
        results.append((labels[target], found[0].sum(-1).tolist(), encoding.word_ids()))
    seconds = time.perf_counter() - start
    rows = []
    for label, scores, words in results:
        sums = [0.0] * (1 + max((word for word in words if word is not None), default=-1))
        for score, word in zip(scores, words):
            if word is not None:
                sums[word] += score
        rows.append({"label": label, "scores": sums})
    print(json.dumps({"seconds": seconds, "rows": rows}))


def tune(run, texts, steps, threads, precision):
    """Without loading: the time from the first to the last row, of all but the first batch of rows."""
    program = [TUNE, "explain", run, "-", "--steps", str(steps), "--threads", str(threads),
               "--precision", precision]

    def timed(count):
        start = time.perf_counter()
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts[:count])
        out = subprocess.run(program, input=lines, check=True, stdout=subprocess.PIPE, text=True).stdout
        return time.perf_counter() - start, [json.loads(line) for line in out.splitlines()]

    loading, _ = timed(0)
    seconds, found = timed(len(texts))
    rows = [{"label": row["explanations"][0]["target"]["label"],
             "scores": [word["score"] for word in row["explanations"][0]["words"]]} for row in found]
    return {"seconds": seconds - loading, "rows": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--precision", default="fp32", help="of tune")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    texts = [json.loads(line)["text"] for line in options.texts.read_text().splitlines()[:options.count]]
    if options.peer:
        return peer(options.run, texts, options.steps, options.threads)
    rounds, difference, labels = [], 0.0, 0
    for _ in range(options.rounds):
        ours = tune(options.run, texts, options.steps, options.threads, options.precision)
        printed = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--peer"], check=True, stdout=subprocess.PIPE)
        theirs = json.loads(printed.stdout.splitlines()[-1])
        rounds.append((len(texts) / ours["seconds"], len(texts) / theirs["seconds"]))
        labels = sum(a["label"] == b["label"] for a, b in zip(ours["rows"], theirs["rows"]))
        for a, b in zip(ours["rows"], theirs["rows"]):
            if a["label"] == b["label"]:
                largest = max(map(abs, b["scores"]), default=0) or 1
                kept = a["scores"][:len(b["scores"])]
                difference = max([difference] + [abs(x - y) / largest for x, y in zip(kept, b["scores"])])
    print(json.dumps({
        "texts": len(texts), "steps": options.steps, "threads": options.threads, "precision": options.precision,
        "same_labels": labels,
        "per_second": {"tune": [round(a, 2) for a, _ in rounds], "captum": [round(b, 2) for _, b in rounds]},
        "ratio": round(statistics.median(a / b for a, b in rounds), 2), "largest_difference": float(f"{difference:.2g}")}))


if __name__ == "__main__":
    main()
