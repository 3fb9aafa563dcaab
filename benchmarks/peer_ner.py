"""The peer of `tune run`: a token-classification recipe run by transformers and PEFT.

Reads the recipe itself (model, data, method, training, seed), so both sides do the same work: batches padded to their
longest sentence, AdamW without weight decay of biases and LayerNorm, warm-up and schedule of transformers, clipping, an
evaluation after each epoch, and the test score of the epoch that was best on dev. A setting that this script does not
support is an error. One difference from `tune`: a sentence longer than the model's limit is truncated, and its lost
words count as O. Paths in the recipe are relative to the working directory.

usage: peer_ner.py RECIPE.json [--bf16] [--threads N] [--epochs X] [--train-sampling-strategy ORDER]
Prints one JSON line: train_seconds (without evaluations), tokens_per_second (without padding), dev and test F1
(seqeval, whole entities), peak_rss_mb, and the settings. Progress goes to stderr.
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

import torch
from peft import LoraConfig, get_peft_model
from seqeval.metrics import f1_score, precision_score, recall_score
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, get_scheduler
from transformers.trainer_pt_utils import get_parameter_names

IGNORED = -100
# The recipe's keys with their defaults; None: no value unless given.
SETTINGS = {
    "about": None, "seed": 42, "output": None,
    "model": {"path": None, "dropout": None, "attention_dropout": None},
    "task": {"type": "token_classification", "label_smoothing": 0.0, "class_weights": {}},
    "data": {"format": "conll", "train": None, "dev": None, "test": None, "word_column": 0, "label_column": "last",
             "scheme": "iob2", "max_length": None, "max_train_examples": None},
    "method": {"type": "full", "rank": 8, "alpha": 8.0, "dropout": 0.0, "use_rslora": False,
               "target_modules": ["query", "value"], "exclude_modules": None, "rank_pattern": {}, "alpha_pattern": {},
               "layers_to_transform": None, "bias": "none", "modules_to_save": []},
    "training": {"epochs": 3, "max_steps": None, "batch_size": 32, "train_sampling_strategy": "random",
                 "gradient_accumulation_steps": 1, "learning_rate": None, "schedule": "linear", "warmup_ratio": 0.0,
                 "warmup_steps": None, "weight_decay": 0.01, "adam_beta1": 0.9, "adam_beta2": 0.999,
                 "adam_epsilon": 1e-8, "max_grad_norm": 1.0, "metric_for_best_model": "f1", "logging_steps": 10},
}
ONLY = {("task", "type"): ["token_classification"], ("data", "format"): ["conll"], ("data", "scheme"): ["auto", "iob2"],
        ("method", "type"): ["full", "lora"], ("training", "train_sampling_strategy"): ["random", "group_by_length"],
        ("training", "gradient_accumulation_steps"): [1], ("training", "metric_for_best_model"): ["f1"]}


def read_recipe(path):
    with open(path, encoding="utf-8") as file:
        given = json.load(file)
    recipe, faults = {}, []
    for section, known in SETTINGS.items():
        if not isinstance(known, dict):
            recipe[section] = given.get(section, known)
            continue
        recipe[section] = known | given.get(section, {})
        faults += [f"{section}.{key}" for key in given.get(section, {}) if key not in known]
    faults += [key for key in given if key not in SETTINGS]
    faults += [f"{s}.{k} = {recipe[s][k]!r} (only {allowed})" for (s, k), allowed in ONLY.items()
               if recipe[s][k] not in allowed]
    if faults:
        sys.exit(f"{path}: not supported by peer_ner.py: " + ", ".join(faults))
    if recipe["training"]["learning_rate"] is None:
        recipe["training"]["learning_rate"] = 5e-5 if recipe["method"]["type"] == "full" else 1e-3
    return recipe


def read_conll(path, data):
    """[(words, tags)] of a file with one word per line and an empty line between sentences."""
    column = lambda name: {"first": 0, "last": -1}.get(data[name], data[name])
    sentences, words, tags = [], [], []
    with open(path, encoding="utf-8") as file:
        for line in [*file, ""]:
            cells = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
            if any(cells) and cells[0] != "-DOCSTART-":
                words.append(cells[column("word_column")])
                tags.append(cells[column("label_column")])
            elif words:
                sentences.append((words, tags))
                words, tags = [], []
    return sentences


def encode(sentence, tokenizer, number_of, limit):
    """(ids, labels, words): the label is at each word's first token, and `words` has the index of that word."""
    encoding = tokenizer(sentence[0], is_split_into_words=True, truncation=True, max_length=limit)
    labels, words, before = [], [], None
    for word in encoding.word_ids():
        first = word is not None and word != before
        labels.append(number_of.get(sentence[1][word], 0) if first else IGNORED)
        words.append(word if first else None)
        before = word
    return encoding["input_ids"], labels, words


def collate(examples, pad):
    width = max(len(ids) for ids, _, _ in examples)
    fill = lambda rows, value: torch.tensor([row + [value] * (width - len(row)) for row in rows])
    inputs = {"input_ids": fill([ids for ids, _, _ in examples], pad),
              "attention_mask": fill([[1] * len(ids) for ids, _, _ in examples], 0)}
    return inputs, fill([labels for _, labels, _ in examples], IGNORED)


def build_model(recipe, labels):
    overrides = {"hidden_dropout_prob": recipe["model"]["dropout"],
                 "attention_probs_dropout_prob": recipe["model"]["attention_dropout"]}
    model = AutoModelForTokenClassification.from_pretrained(
        recipe["model"]["path"], num_labels=len(labels), dtype=torch.float32, ignore_mismatched_sizes=True,
        **{key: value for key, value in overrides.items() if value is not None})
    method = recipe["method"]
    if method["type"] == "full":
        return model
    excluded = method["exclude_modules"]
    if method["target_modules"] == "all-linear" and not isinstance(excluded, str):
        # PEFT 0.21 excludes the head for sequence classification only, and fails on the head of token classification.
        excluded = [*(excluded or []), "classifier"]
    same_names = ["use_rslora", "target_modules", "rank_pattern", "alpha_pattern", "layers_to_transform", "bias"]
    return get_peft_model(model, LoraConfig(
        task_type="TOKEN_CLS", r=method["rank"], lora_alpha=method["alpha"], lora_dropout=method["dropout"],
        exclude_modules=excluded, modules_to_save=method["modules_to_save"] or None,
        **{key: method[key] for key in same_names}))


def build_optimizer(model, training, steps):
    decayed = set(get_parameter_names(model, [torch.nn.LayerNorm], ["bias", "layernorm"]))
    trainable = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    groups = [{"params": [p for name, p in trainable if (name in decayed) == decays],
               "weight_decay": training["weight_decay"] if decays else 0.0} for decays in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=training["learning_rate"], eps=training["adam_epsilon"],
                                  betas=(training["adam_beta1"], training["adam_beta2"]))
    warmup = training["warmup_steps"]
    if warmup is None:
        warmup = math.ceil(training["warmup_ratio"] * steps)
    schedule_type = "constant_with_warmup" if training["schedule"] == "constant" else training["schedule"]
    return optimizer, get_scheduler(schedule_type, optimizer, warmup, steps)


def scores(model, corpus, split, precision):
    sentences, examples = corpus.texts[split], corpus.sets[split]
    model.eval()
    predicted = [["O"] * len(words) for words, _ in sentences]
    order = sorted(range(len(examples)), key=lambda i: len(examples[i][0]))
    with torch.inference_mode(), precision():
        for start in range(0, len(order), 64):
            batch = order[start:start + 64]
            best = model(**collate([examples[i] for i in batch], corpus.pad)[0]).logits.argmax(-1).tolist()
            for i, row in zip(batch, best):
                for word, label in zip(examples[i][2], row):
                    if word is not None:
                        predicted[i][word] = corpus.labels[label]
    model.train()
    gold = [tags for _, tags in sentences]
    metrics = {"f1": f1_score, "precision": precision_score, "recall": recall_score}
    return {name: round(metric(gold, predicted), 4) for name, metric in metrics.items()}


class Corpus:
    """The splits of the recipe, as sentences (`texts`) and as model inputs (`sets`)."""

    def __init__(self, recipe):
        data = recipe["data"]
        self.texts = {split: read_conll(data[split], data) for split in ("train", "dev", "test") if data[split]}
        self.texts["train"] = self.texts["train"][:data["max_train_examples"]]
        self.labels = ["O"] + sorted({tag for _, tags in self.texts["train"] for tag in tags} - {"O"})
        tokenizer = AutoTokenizer.from_pretrained(recipe["model"]["path"])
        self.pad = tokenizer.pad_token_id
        number_of = {label: i for i, label in enumerate(self.labels)}
        config = AutoConfig.from_pretrained(recipe["model"]["path"])
        limit = min(data["max_length"] or config.max_position_embeddings, config.max_position_embeddings)
        self.sets = {split: [encode(sentence, tokenizer, number_of, limit) for sentence in text]
                     for split, text in self.texts.items()}


def batches(examples, size, order):
    """An epoch's batches; group_by_length sorts by length within groups of 50 batches, as tune does."""
    chosen = random.sample(range(len(examples)), len(examples))
    cut = lambda indices: [indices[start:start + size] for start in range(0, len(indices), size)]
    if order == "random":
        return cut(chosen)
    groups = [chosen[start:start + 50 * size] for start in range(0, len(chosen), 50 * size)]
    sorted_batches = cut([i for group in groups for i in sorted(group, key=lambda i: -len(examples[i][0]))])
    random.shuffle(sorted_batches)
    return sorted_batches


def train(model, corpus, recipe, precision):
    """Trains to the end and loads the weights that were best on dev. Returns the values to report."""
    training, examples = recipe["training"], corpus.sets["train"]
    size = training["batch_size"]
    per_epoch = math.ceil(len(examples) / size)
    steps = training["max_steps"] or math.ceil(training["epochs"] * per_epoch)
    optimizer, schedule = build_optimizer(model, training, steps)
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    factors = torch.tensor([recipe["task"]["class_weights"].get(label, 1.0) for label in corpus.labels])
    seconds, tokens, history, best = 0.0, 0, [], None
    model.train()
    for step in range(steps):
        clock = time.perf_counter()
        index = step % per_epoch
        if index == 0:
            epoch = batches(examples, size, training["train_sampling_strategy"])
        batch = [examples[i] for i in epoch[index]]
        inputs, targets = collate(batch, corpus.pad)
        with precision():
            logits = model(**inputs).logits
        loss = torch.nn.functional.cross_entropy(
            logits.float().flatten(0, 1), targets.flatten(), weight=factors, ignore_index=IGNORED,
            label_smoothing=recipe["task"]["label_smoothing"])
        loss.backward()
        if training["max_grad_norm"]:
            torch.nn.utils.clip_grad_norm_(trainable.values(), training["max_grad_norm"])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        seconds += time.perf_counter() - clock
        tokens += sum(len(ids) for ids, _, _ in batch)
        if (step + 1) % training["logging_steps"] == 0:
            print(f"step {step + 1}/{steps} loss {loss.item():.4f} {tokens / seconds:.0f} tokens/s", file=sys.stderr)
        if "dev" in corpus.sets and (index == per_epoch - 1 or step == steps - 1):
            dev = scores(model, corpus, "dev", precision)
            history.append({"epoch": round((step + 1) / per_epoch, 2), "train_seconds": round(seconds, 2)} | dev)
            if best is None or dev["f1"] > best[0]:
                best = dev["f1"], {name: p.detach().clone() for name, p in trainable.items()}
    for name, value in (best[1] if best else {}).items():
        trainable[name].data.copy_(value)
    return {"train_seconds": round(seconds, 2), "tokens_per_second": round(tokens / seconds), "tokens": tokens,
            "steps": steps, "final_loss": round(loss.item(), 4), "dev": history,
            "trainable_parameters": sum(p.numel() for p in trainable.values())}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--epochs", type=float, help="instead of the recipe's")
    parser.add_argument("--train-sampling-strategy", choices=["random", "group_by_length"], help="instead of the recipe's")
    options = parser.parse_args()
    recipe = read_recipe(options.recipe)
    if options.train_sampling_strategy:
        recipe["training"]["train_sampling_strategy"] = options.train_sampling_strategy
    if options.epochs:
        recipe["training"] |= {"epochs": options.epochs, "max_steps": None}
    torch.set_num_threads(options.threads)
    torch.manual_seed(recipe["seed"])
    random.seed(recipe["seed"])
    precision = (lambda: torch.autocast("cpu", dtype=torch.bfloat16)) if options.bf16 else contextlib.nullcontext

    begin = time.perf_counter()
    corpus = Corpus(recipe)
    model = build_model(recipe, corpus.labels)
    prepared = time.perf_counter() - begin
    results = train(model, corpus, recipe, precision)
    test = scores(model, corpus, "test", precision) if "test" in corpus.sets else None
    print(json.dumps({
        "peer": f"torch {torch.__version__}", "recipe": os.path.basename(options.recipe), "bf16": options.bf16,
        "threads": options.threads} | results | {
        "test": test, "prepare_seconds": round(prepared, 2), "wall_seconds": round(time.perf_counter() - begin, 2),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "settings": {key: recipe[key] for key in ("seed", "task", "method", "training")}}))


if __name__ == "__main__":
    main()
