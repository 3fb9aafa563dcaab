"""The peer of `tune run` for tasks over texts: the recipe's LoRA training by transformers and PEFT.

Tasks: sequence_classification, relation_extraction (of texts that show the entities), multi_label_classification (with
the sentences of a document joined), regression, extractive_qa. The settings are the recipe's. LoRA is on query and
value, and PEFT trains the head; AdamW without weight decay of biases and LayerNorm, gradients clipped to norm 1, the
model's dropout; batches in random order, padded to their longest text. Texts are truncated by longest_first; contexts
are read in windows. The epoch that is best on dev is tested, without dev the last one. "bf16" is torch's autocast.

usage: peer_tasks.py RECIPE.json [--threads N]
Writes predictions/<split>.jsonl in the recipe's output, in tune's form (task_scores.py). Prints one JSON line:
train_seconds (without evaluations), peak_rss_mb, trainable_parameters, best_epoch. Progress goes to stderr.
"""
import argparse
import contextlib
import csv
import itertools
import json
import math
import os
import random
import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers
from peft import LoraConfig, get_peft_model

import peer_tasks_qa
import task_scores
from peer_ner import SETTINGS, build_optimizer

EVALUATION_BATCH = 64
# The metric that chooses the best epoch.
BEST = {"regression": "pearson", "extractive_qa": "f1"}
PROBLEMS = {"regression": "regression", "multi_label_classification": "multi_label_classification"}


def read_table(path, data):
    """[(id, text, text_pair, label)] of JSON lines, or of TSV with a header."""
    with open(path, encoding="utf-8", newline="") as file:
        if data["format"] == "jsonl":
            rows = [json.loads(line) for line in file if line.strip()]
        else:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    columns = [data.get(key, default) for key, default in (
        ("id_column", None), ("text_column", "text"), ("text_pair_column", None), ("label_column", "label"))]
    return [tuple(row[column] if column else None for column in columns) for row in rows]


def labels_that_apply(text):
    """Of "0_0,1_1": ["1"]."""
    return [label for label, value in (pair.rsplit("_", 1) for pair in text.split(",")) if value == "1"]


def join_documents(rows, separator):
    """One row of the sentences whose ids have the same beginning: their texts, and every label that one of them has."""
    for document, group in itertools.groupby(rows, key=lambda row: row[0].rsplit(separator, 1)[0]):
        sentences = list(group)
        yield document, " ".join(row[1] for row in sentences), None, sorted({x for row in sentences for x in row[3]})


class Texts:
    """The splits of a classification or regression, as examples with ids, types and target."""

    model_class, peft_type = transformers.AutoModelForSequenceClassification, "SEQ_CLS"

    def __init__(self, recipe, tokenizer):
        self.task, data = recipe["task"]["type"], recipe["data"]
        self.limit, self.tokenizer = data.get("max_length", 512), tokenizer
        self.rows = {split: self.read(data[split], data) for split in ("train", "dev", "test") if split in data}
        golds = [gold for *_, gold in self.rows["train"]]
        if self.task == "regression":
            self.labels = ["value"]
        else:
            self.labels = sorted({x for gold in golds for x in (gold if isinstance(gold, list) else [gold])})
        self.examples = {split: [self.example(row) for row in rows] for split, rows in self.rows.items()}

    def read(self, path, data):
        rows = read_table(path, data)
        if self.task == "multi_label_classification":
            rows = [(*row[:3], labels_that_apply(row[3])) for row in rows]
            return list(join_documents(rows, data["document_separator"]))
        return [(*row[:3], float(row[3]) if self.task == "regression" else row[3]) for row in rows]

    def example(self, row):
        _, text, pair, gold = row
        encoding = self.tokenizer(text, pair, truncation="longest_first", max_length=self.limit)
        if self.task == "regression":
            target = gold
        elif self.task == "multi_label_classification":
            target = [float(label in gold) for label in self.labels]
        else:
            target = self.labels.index(gold) if gold in self.labels else -100
        return SimpleNamespace(ids=encoding["input_ids"], types=encoding["token_type_ids"], target=target)

    def targets(self, examples):
        return {"labels": torch.tensor([example.target for example in examples])}

    def predictions(self, split, outputs):
        """Rows to save; `outputs` are the logits of each example."""
        for (name, _, _, gold), logits in zip(self.rows[split], (output["logits"] for output in outputs)):
            scores = None
            if self.task == "regression":
                predicted = logits.item()
            elif self.task == "multi_label_classification":
                scores = dict(zip(self.labels, torch.sigmoid(logits.double()).tolist()))
                predicted = [label for label, p in scores.items() if p >= 0.5]
            else:
                predicted = self.labels[logits.argmax()]
            yield {"id": name, "gold": gold, "predicted": predicted, "scores": scores}

    def model_settings(self):
        return {"num_labels": len(self.labels), "problem_type": PROBLEMS.get(self.task, "single_label_classification")}


def inputs(examples, pad):
    width = max(len(example.ids) for example in examples)
    fill = lambda rows, value: torch.tensor([row + [value] * (width - len(row)) for row in rows])
    return {"input_ids": fill([example.ids for example in examples], pad),
            "token_type_ids": fill([example.types for example in examples], 0),
            "attention_mask": fill([[1] * len(example.ids) for example in examples], 0)}


def batches(items, size):
    return (items[start:start + size] for start in range(0, len(items), size))


class Run:
    def __init__(self, recipe):
        self.recipe = recipe
        tokenizer = transformers.AutoTokenizer.from_pretrained(recipe["model"]["path"])
        task = peer_tasks_qa.Questions if recipe["task"]["type"] == "extractive_qa" else Texts
        self.task, self.pad = task(recipe, tokenizer), tokenizer.pad_token_id
        model = task.model_class.from_pretrained(
            recipe["model"]["path"], dtype=torch.float32, **self.task.model_settings())
        method = recipe["method"]
        self.model = get_peft_model(model, LoraConfig(
            task_type=task.peft_type, r=method["rank"], lora_alpha=method["alpha"], lora_dropout=0.0,
            target_modules=["query", "value"]))
        self.trainable = {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    def precision(self):
        bf16 = self.recipe.get("precision") == "bf16"
        return torch.autocast("cpu", dtype=torch.bfloat16) if bf16 else contextlib.nullcontext()

    def predict(self, split):
        examples = self.task.examples[split]
        outputs, order = [None] * len(examples), sorted(range(len(examples)), key=lambda i: len(examples[i].ids))
        self.model.eval()
        with torch.inference_mode(), self.precision():
            for chosen in batches(order, EVALUATION_BATCH):
                found = self.model(**inputs([examples[i] for i in chosen], self.pad))
                for row, i in enumerate(chosen):
                    outputs[i] = {key: value[row].float() for key, value in found.items()}
        self.model.train()
        return list(self.task.predictions(split, outputs))

    def predictions(self, *splits):
        """The rows of each split that there is, with the labels by the threshold that is best on dev if the recipe says so."""
        rows = {split: self.predict(split) for split in splits if split in self.task.examples}
        if self.recipe["task"].get("threshold") == "dev":
            threshold = task_scores.best_threshold(rows["dev"])
            for row in itertools.chain(*rows.values()):
                row["predicted"] = [label for label, p in row["scores"].items() if p >= threshold]
        return rows

    def dev_score(self):
        task, data = self.recipe["task"]["type"], self.recipe["data"]
        return task_scores.scores(task, self.predictions("dev")["dev"], data["dev"])[BEST.get(task, "f1_micro")]

    def train(self):
        """Trains to the end; the weights are then those that were best on dev."""
        training, examples = self.recipe["training"], self.task.examples["train"]
        size, epochs = training["batch_size"], training["epochs"]
        steps = epochs * math.ceil(len(examples) / size)
        optimizer, schedule = build_optimizer(self.model, SETTINGS["training"] | training, steps)
        seconds, best, best_epoch = 0.0, -math.inf, epochs
        self.model.train()
        for epoch in range(1, epochs + 1):
            start = time.perf_counter()
            for batch in batches(random.sample(examples, len(examples)), size):
                with self.precision():
                    loss = self.model(**inputs(batch, self.pad), **self.task.targets(batch)).loss
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.trainable.values(), 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad(set_to_none=True)
            seconds += time.perf_counter() - start
            print(f"epoch {epoch} loss {loss.item():.4f} {seconds:.0f} s", file=sys.stderr, flush=True)
            if "dev" in self.task.examples and (score := self.dev_score()) > best:
                best, best_epoch = score, epoch
                weights = {name: p.detach().clone() for name, p in self.trainable.items()}
        if best > -math.inf:
            for name, value in weights.items():
                self.trainable[name].data.copy_(value)
        return {"train_seconds": round(seconds, 2), "steps": steps, "best_epoch": best_epoch}

    def save(self):
        folder = Path(self.recipe["output"]) / "predictions"
        folder.mkdir(parents=True, exist_ok=True)
        for split, found in self.predictions("dev", "test").items():
            (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    recipe = json.loads(options.recipe.read_text())
    torch.set_num_threads(options.threads)
    torch.manual_seed(recipe["seed"])
    random.seed(recipe["seed"])
    run = Run(recipe)
    results = run.train()
    run.save()
    print(json.dumps(results | {
        "trainable_parameters": sum(p.numel() for p in run.trainable.values()),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


if __name__ == "__main__":
    main()
