"""The peer of `tune run` for sequence classification: transformers and PEFT over train.jsonl, dev.jsonl and test.jsonl.

Batches in random order, padded to their longest text; AdamW without weight decay of biases and LayerNorm; linear decay
without warm-up; gradients clipped to norm 1; dropout as in the model's config, none in LoRA; the epoch that is best on
dev by f1_micro (the accuracy) is tested. LoRA is on query and value, and PEFT trains the classifier with it; BERT's
pooler stays as in the model. A text longer than --max-length is truncated, longest_first. Scores are scikit-learn's
over the labels that occur in gold or predictions: a label that train does not have gets an id beyond the head's, so it
counts as a miss, and as a class of f1_macro.

usage: peer_seqcls.py MODEL_DIR DATA_DIR [--method lora|full] [--rank 16] [--alpha 16] [--lr 2e-3] [--epochs 3]
                      [--batch-size 32] [--parts 1] [--max-length 128] [--seed 1] [--bf16] [--threads N] [--json]
DATA_DIR: see seqcls_data.py. Prints dev and test accuracy, f1_micro, f1_macro and train_seconds (without evaluations),
with --json as one JSON line; train_cpu_seconds is the CPU time of all threads meanwhile. Progress goes to stderr.
"""
import argparse
import contextlib
import json
import math
import os
import random
import resource
import sys
import time
from pathlib import Path

import peft
import sklearn
import torch
import transformers
from peft import LoraConfig, get_peft_model
from sklearn.metrics import accuracy_score, f1_score
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup
from transformers.trainer_pt_utils import get_parameter_names

WEIGHT_DECAY, MAX_GRAD_NORM, EVALUATION_BATCH = 0.01, 1.0, 64


class Corpus:
    """The splits as rows of (ids, types, label)."""

    def __init__(self, options):
        records = {split: self.read(options.data / f"{split}.jsonl") for split in ("train", "dev", "test")}
        self.labels = sorted({record["label"] for record in records["train"]})
        self.number_of = {label: i for i, label in enumerate(self.labels)}
        for split in ("dev", "test"):
            for record in records[split]:
                # Beyond the head: never predicted.
                self.number_of.setdefault(record["label"], len(self.number_of))
        self.unseen = {split: sum(self.number_of[record["label"]] >= len(self.labels) for record in records[split])
                       for split in ("dev", "test")}
        self.tokenizer = AutoTokenizer.from_pretrained(options.model)
        self.limit = options.max_length
        self.truncated = dict.fromkeys(records, 0)
        self.sets = {split: [self.encode(record, split) for record in rows] for split, rows in records.items()}

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8", newline="\n") as file:
            return [json.loads(line) for line in file if line.strip()]

    def encode(self, record, split):
        texts = record["text"], record.get("text_pair")
        # verbose: a text longer than the model's limit is no news.
        whole = len(self.tokenizer(*texts, verbose=False)["input_ids"])
        self.truncated[split] += whole > self.limit
        row = self.tokenizer(*texts, truncation="longest_first", max_length=self.limit, return_token_type_ids=True)
        assert len(row["input_ids"]) == min(whole, self.limit), "no padding"
        return row["input_ids"], row["token_type_ids"], self.number_of[record["label"]]

    def batch(self, rows, takes_types):
        width = max(len(ids) for ids, _, _ in rows)
        fill = lambda lists, value: torch.tensor([row + [value] * (width - len(row)) for row in lists])
        inputs = {"input_ids": fill([ids for ids, _, _ in rows], self.tokenizer.pad_token_id),
                  "attention_mask": fill([[1] * len(ids) for ids, _, _ in rows], 0)}
        return inputs | ({"token_type_ids": fill([types for _, types, _ in rows], 0)} if takes_types else {})


def build_model(options, labels):
    model = AutoModelForSequenceClassification.from_pretrained(
        options.model, num_labels=len(labels), id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)}, dtype=torch.float32, ignore_mismatched_sizes=True)
    takes_types = getattr(model.config, "type_vocab_size", 0) > 1
    if options.method == "lora":
        targets = ["q_lin", "v_lin"] if model.config.model_type == "distilbert" else ["query", "value"]
        model = get_peft_model(model, LoraConfig(
            task_type="SEQ_CLS", r=options.rank, lora_alpha=options.alpha, lora_dropout=0.0, target_modules=targets))
    return model, takes_types


def build_optimizer(model, options, steps):
    decayed = set(get_parameter_names(model, [torch.nn.LayerNorm], ["bias", "layernorm"]))
    trainable = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    groups = [{"params": [p for name, p in trainable if (name in decayed) == decays],
               "weight_decay": WEIGHT_DECAY if decays else 0.0} for decays in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=options.lr, betas=(0.9, 0.999), eps=1e-8)
    return optimizer, get_linear_schedule_with_warmup(optimizer, 0, steps)


def scores(model, takes_types, corpus, split, precision):
    rows = corpus.sets[split]
    predicted = [None] * len(rows)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    model.eval()
    with torch.inference_mode(), precision():
        for start in range(0, len(order), EVALUATION_BATCH):
            chosen = order[start:start + EVALUATION_BATCH]
            logits = model(**corpus.batch([rows[i] for i in chosen], takes_types)).logits
            for i, label in zip(chosen, logits.argmax(-1).tolist()):
                predicted[i] = label
    model.train()
    gold = [label for _, _, label in rows]
    found = {"accuracy": accuracy_score(gold, predicted)}
    for average in ("micro", "macro"):
        found[f"f1_{average}"] = f1_score(gold, predicted, average=average, zero_division=0)
    return {name: round(float(value), 6) for name, value in found.items()}


def parts(rows, count):
    """The rows of a batch in parts of similar length: their gradients add up to the batch's, with less padding."""
    if count > 1:
        rows = sorted(rows, key=lambda row: len(row[0]))
    size = math.ceil(len(rows) / count)
    return [rows[start:start + size] for start in range(0, len(rows), size)]


def train(model, takes_types, corpus, options, precision):
    """Trains to the end and loads the weights that were best on dev. Returns the values to report."""
    rows = corpus.sets["train"]
    per_epoch = math.ceil(len(rows) / options.batch_size)
    optimizer, schedule = build_optimizer(model, options, options.epochs * per_epoch)
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    seconds, cpu_seconds, tokens, history, best = 0.0, 0.0, 0, [], None
    model.train()
    for epoch in range(1, options.epochs + 1):
        order = random.sample(range(len(rows)), len(rows))
        for start in range(0, len(order), options.batch_size):
            clock, cpu_clock = time.perf_counter(), time.process_time()
            chosen = [rows[i] for i in order[start:start + options.batch_size]]
            loss = 0.0
            for part in parts(chosen, options.parts):
                with precision():
                    logits = model(**corpus.batch(part, takes_types)).logits
                targets = torch.tensor([label for _, _, label in part])
                share = torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum") / len(chosen)
                share.backward()
                loss += share.item()
            torch.nn.utils.clip_grad_norm_(trainable.values(), MAX_GRAD_NORM)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            seconds += time.perf_counter() - clock
            cpu_seconds += time.process_time() - cpu_clock
            tokens += sum(len(ids) for ids, _, _ in chosen)
        dev = scores(model, takes_types, corpus, "dev", precision)
        history.append({"epoch": epoch, "train_seconds": round(seconds, 2)} | dev)
        print(f"epoch {epoch} loss {loss:.4f} {tokens / seconds:.0f} tokens/s {json.dumps(dev)}",
              file=sys.stderr, flush=True)
        if best is None or dev["f1_micro"] > best[0]["f1_micro"]:
            best = dev, epoch, {name: p.detach().clone() for name, p in trainable.items()}
    for name, value in best[2].items():
        trainable[name].data.copy_(value)
    return {"train_seconds": round(seconds, 2), "train_cpu_seconds": round(cpu_seconds, 2),
            "tokens_per_second": round(tokens / seconds), "tokens": tokens, "steps": options.epochs * per_epoch,
            "final_loss": round(loss, 4),
            "trainable_parameters": sum(p.numel() for p in trainable.values()), "epochs": history,
            "best_epoch": best[1], "dev": best[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--method", choices=["lora", "full"], default="lora")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--alpha", type=float, default=16)
    parser.add_argument("--lr", type=float, help="default: 2e-3, full 5e-5")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--parts", type=int, default=1,
                        help="compute each batch in this many parts of similar length: the same step, less padding")
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.lr is None:
        options.lr = 5e-5 if options.method == "full" else 2e-3
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    random.seed(options.seed)
    precision = (lambda: torch.autocast("cpu", dtype=torch.bfloat16)) if options.bf16 else contextlib.nullcontext

    begin = time.perf_counter()
    corpus = Corpus(options)
    model, takes_types = build_model(options, corpus.labels)
    prepared = time.perf_counter() - begin
    results = train(model, takes_types, corpus, options, precision)
    test = scores(model, takes_types, corpus, "test", precision)
    if not options.json:
        for split, found in (("dev", results["dev"]), ("test", test)):
            print(f"{split}: " + ", ".join(f"{name} {value:.4f}" for name, value in found.items()))
        print(f"train_seconds {results['train_seconds']}, epoch {results['best_epoch']} of {options.epochs}")
        return
    keys = ("method", "rank", "alpha", "lr", "epochs", "batch_size", "parts", "max_length", "seed", "bf16", "threads")
    print(json.dumps({
        "peer": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__,
                 "scikit-learn": sklearn.__version__},
        "model": options.model.resolve().name, "data": options.data.resolve().name} | results | {
        "test": test, "labels": len(corpus.labels), "unseen_labels": corpus.unseen,
        "records": {split: len(rows) for split, rows in corpus.sets.items()}, "truncated": corpus.truncated,
        "prepare_seconds": round(prepared, 2), "wall_seconds": round(time.perf_counter() - begin, 2),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "settings": {key: getattr(options, key) for key in keys}}))


if __name__ == "__main__":
    main()
