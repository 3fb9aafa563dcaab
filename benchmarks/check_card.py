"""Follows the model cards of adapters: trains one of every PEFT method and task, and runs the Python code of its card.

usage: check_card.py [--tune .build/release/tune] [--base checkpoints/biomed-mini-l3] [--only lora,prefix] [--keep FOLDER]
Run it from the root of the project after `make quickstart` (torch, transformers, peft). For each card's code, BASE, ADAPTER
and the texts are replaced. Its token ids, labels and logits must be those of `tune predict --logits` (within 1e-4), PEFT must
know every tensor of the folder, and adapter_config.json must choose no other modules. A masked language model has no
predictions to compare. Prints one line per adapter and exits with 1 if one of them fails.
"""
import argparse
import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from peft import get_peft_model_state_dict
from safetensors.torch import load_file

from family_pretraining import make_bpe

METHODS = {
    "lora": {"type": "lora", "rank": 4},
    "lora-layers": {"type": "lora", "rank": 4, "target_modules": r".*layer\.[01]\..*"},
    "lora-exclude": {"type": "lora", "rank": 4, "target_modules": "all-linear", "exclude_modules": r".*\b(query|output\.dense)"},
    "lora-patterns": {"type": "lora", "rank": 4, "target_modules": ["query", "dense"], "layers_to_transform": [0, 2], "bias": "all",
                      "rank_pattern": {r"\bquery": 2}, "alpha_pattern": {r"layer\.2\..*": 3}, "use_rslora": True},
    "lora-saved": {"type": "lora", "rank": 4, "target_modules": ["query"], "modules_to_save": ["word_embeddings", "output.LayerNorm"]},
    "dora": {"type": "lora", "rank": 4, "use_dora": True, "target_modules": "all-linear"},
    "pissa": {"type": "lora", "rank": 4, "init_lora_weights": "pissa"},
    "olora": {"type": "lora", "rank": 4, "init_lora_weights": "olora", "use_rslora": True},
    "adalora": {"type": "adalora", "init_r": 4, "target_r": 2, "tinit": 2, "tfinal": 4, "target_modules": r".*(query|dense)"},
    "ia3": {"type": "ia3"},
    "ia3-pattern": {"type": "ia3", "target_modules": r".*layer\.[02]\..*(key|dense)",
                    "feedforward_modules": r".*(?<!attention\.)output\.dense"},
    "vera": {"type": "vera", "rank": 16, "target_modules": r".*layer\.1\.\w+\.self\.\w+"},
    "layer_norm": {"type": "layer_norm"},
    "layer_norm-pattern": {"type": "layer_norm", "target_modules": r".*layer\.\d+\.output\..*"},
    "prompt": {"type": "prompt", "num_virtual_tokens": 5},
    "prefix": {"type": "prefix", "num_virtual_tokens": 5},
    "prefix-network": {"type": "prefix", "num_virtual_tokens": 5, "prefix_projection": True, "encoder_hidden_size": 16},
}
# The methods that name modules, for ModernBERT. PEFT does not have prefix tuning of it.
MODERNBERT = {
    "lora-layers": {"type": "lora", "rank": 4, "target_modules": r".*layers\.[01]\..*"},
    "lora-exclude": {"type": "lora", "rank": 4, "target_modules": "all-linear", "exclude_modules": r".*\b(Wqkv|mlp\.Wo)"},
    "lora-patterns": {"type": "lora", "rank": 4, "target_modules": ["Wqkv", "Wo"], "layers_to_transform": [0, 2], "bias": "all",
                      "rank_pattern": {r"\bWqkv": 2}, "alpha_pattern": {r"layers\.2\..*": 3}, "use_rslora": True},
    "lora-saved": {"type": "lora", "rank": 4, "target_modules": ["Wqkv"], "modules_to_save": ["tok_embeddings", "mlp_norm"]},
    "adalora": METHODS["adalora"] | {"target_modules": r".*(Wqkv|Wo)"},
    "ia3-pattern": {"type": "ia3", "target_modules": r".*layers\.[02]\..*(Wqkv|mlp\.Wo)", "feedforward_modules": r".*mlp\.Wo"},
    "vera": {"type": "vera", "rank": 16, "target_modules": r".*layers\.1\.attn\.\w+"},
    "layer_norm-pattern": {"type": "layer_norm", "target_modules": r".*layers\.\d+\.mlp_norm"},
    "prefix": None, "prefix-network": None,
}
SIZES = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 128}
TEXTS = ["The patient with chronic renal failure developed severe nausea after 40 mg of Tolvaprine daily .",
         "No rash (grade II) was seen in the placebo arm; 5-FU was stopped."]


def recipes(folder):
    """The tasks, with their data."""
    words = ["nausea", "rash", "fever", "improved", "stable", "recovered"]
    for name, second in [("single", False), ("pairs", True)]:
        rows = [{"text": f"Case {i}: the patient had {words[i % 6]}.", "label": "bad" if i % 6 < 3 else "good"} | (
            {"text_pair": f"Outcome {words[-i % 6]}"} if second else {}) for i in range(96)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "text.txt").write_text("".join(f"Case {i}: aspirin reduced {words[i % 6]} in the patient.\n" for i in range(200)))

    def table(name):
        pair = {"text_pair_column": "text_pair"} if name == "pairs" else {}
        file = str(folder / f"{name}.jsonl")
        return {"format": "jsonl", "train": file, "dev": file, "label_column": "label"} | pair

    conll = {"format": "conll", "train": "recipes/quickstart/train.tsv", "dev": "recipes/quickstart/dev.tsv",
             "max_train_examples": 96}
    text = {"format": "text", "max_length": 32, "train": str(folder / "text.txt"), "dev": str(folder / "text.txt")}
    return {"token_classification": conll, "sequence_classification": table("single"), "pairs": table("pairs"),
            "masked_lm": text}


def new_base(family, folder):
    """A random base of a family, with the WordPiece vocabulary of the base that ships, or byte-level BPE of the quick start's
    words."""
    source, sizes = Path("checkpoints/biomed-mini-l3"), dict(SIZES)
    if family == "distilbert":
        sizes = {"dim": 64, "n_layers": 3, "n_heads": 4, "hidden_dim": 128}
    folder.mkdir()
    if family in ("roberta", "modernbert"):
        text = Path("recipes/quickstart/train.tsv").read_text()
        make_bpe(family, folder, [" ".join(line.split("\t")[0] for line in block.split("\n")) for block in text.split("\n\n")])
    else:
        for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json"):
            shutil.copy(source / name, folder / name)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    config = transformers.AutoConfig.for_model(
        family, **sizes, vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id)
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    return str(folder)


def methods(options):
    family = json.loads((Path(options.base) / "config.json").read_text())["model_type"]
    chosen = METHODS | (MODERNBERT if family == "modernbert" else {})
    only = options.only.split(",") if options.only else chosen
    return {name: method for name, method in chosen.items() if method and name in only}


def tune(options, *arguments):
    done = subprocess.run([options.tune, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"tune {arguments[0]}: {done.stderr.strip()[-600:]}")
    return done.stdout


def train(options, folder, name, task, data, method):
    recipe = {"seed": 3, "model": {"path": options.base}, "task": {"type": "sequence_classification" if task == "pairs" else task},
              "data": data, "method": method, "output": str(folder / name),
              "training": {"epochs": 1, "batch_size": 8, "learning_rate": 0.02}}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(recipe))
    tune(options, "run", path)
    return folder / name / "adapter"


def follow(card, base, adapter, text, pair):
    """Runs the card's code with these values; returns its variables."""
    code = re.search(r"```python\n(.*?)```", card, re.DOTALL).group(1)
    for variable, value in [("BASE", base), ("ADAPTER", str(adapter)), ("TEXT", text), ("TEXT_PAIR", pair)]:
        code = re.sub(rf"^{variable} = .*$", lambda _: f"{variable} = {value!r}", code, flags=re.MULTILINE)
    variables = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, variables)
    return variables, printed.getvalue()


def unknown_tensors(model, adapter):
    stored = load_file(adapter / "adapter_model.safetensors")
    known = get_peft_model_state_dict(model)
    # With bias "all" PEFT 0.21 also saves the head's original bias, which it does not load, and the decoder's by two names.
    copies = ".original_module.", ".modules_to_save.", ".predictions.decoder.bias", ".lm_head.decoder.bias"
    known = {key for key in known if not any(name in key for name in copies)}
    return sorted(stored.keys() ^ known)


def check(options, adapter, task):
    card = (adapter / "README.md").read_text()
    settings = json.loads((adapter / "tune.json").read_text())["task"]
    if task == "masked_lm":
        variables, printed = follow(card, options.base, adapter, "", "")
        return 0.0, unknown_tensors(variables["model"], adapter), len(printed) > 0
    worst, agree = 0.0, True
    for text in TEXTS:
        pair = "Nausea was reported." if task == "pairs" else None
        file = adapter / "text.jsonl"
        file.write_text(json.dumps({"text": text} | ({"text_pair": pair} if pair else {})) + "\n")
        answer = json.loads(tune(options, "predict", options.base, "--adapter", f"a={adapter}", "--logits", file))
        window = answer["windows"]["a"][0]
        variables, printed = follow(card, options.base, adapter, text, pair)
        ours, theirs = torch.tensor(window["logits"]), variables["logits"].reshape(-1, len(settings["labels"]))
        names = variables["model"].config.id2label
        agree &= variables["inputs"]["input_ids"][0].tolist() == window["ids"] and ours.shape == theirs.shape
        agree &= [names[i] for i in range(len(names))] == settings["labels"]
        agree &= ours.argmax(-1).tolist() == theirs.argmax(-1).tolist() and len(printed) > 0
        if ours.shape == theirs.shape:
            worst = max(worst, (ours - theirs).abs().max().item())
    return worst, unknown_tensors(variables["model"], adapter), agree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tune", default=".build/release/tune")
    parser.add_argument("--base", default="checkpoints/biomed-mini-l3")
    parser.add_argument("--family", help="make a random base of this family instead")
    parser.add_argument("--only", help="names of methods, separated by commas")
    parser.add_argument("--tasks", help="names of tasks, separated by commas")
    parser.add_argument("--keep", type=Path, help="folder for the runs; default: a temporary one")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        if options.family:
            options.base = new_base(options.family, folder / "base")
        for task, data in recipes(folder).items():
            for name, method in methods(options).items():
                if options.tasks and task not in options.tasks.split(","):
                    continue
                if task == "masked_lm" and method["type"] in ("prompt", "prefix"):
                    continue
                try:
                    adapter = train(options, folder, f"{task}-{name}", task, data, method)
                    difference, unknown, agree = check(options, adapter, task)
                    good = difference <= 1e-4 and not unknown and agree
                    print(f"{'ok  ' if good else 'FAIL'} {task} {name}: {difference:.1e} {unknown or ''}", flush=True)
                except Exception as error:
                    good = False
                    print(f"FAIL {task} {name}: {type(error).__name__}: {str(error)[:600]}", flush=True)
                failures += not good
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
