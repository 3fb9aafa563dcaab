"""Makes the goldens of methods that only scale or free what is there: IA3, VeRA and LayerNorm tuning by PEFT, BitFit
and the head alone by plain PyTorch. The runs, files and tolerances are those of `adapters/README.md`.

usage: python make_scales.py          (torch 2.15.0, transformers 5.23.0, peft 0.21.2, safetensors 0.8.0)
       python make_scales.py check PREDICTIONS FOLDER…    opens with PEFT, or transformers, what `tune` has saved, and
                                                          prints how far their logits are from tune's own
       python make_scales.py count            trainable parameters on a BERT of base's sizes, by PEFT
"""
import json
import sys
from pathlib import Path

import torch
from peft import IA3Config, LNTuningConfig, PeftModel, VeraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import BertConfig, BertForTokenClassification, logging

from make_tiny_bert import HERE, base, logits, run, write_tensors

ADAPTERS = HERE / "adapters"
PEFT = {
    "ia3": IA3Config(task_type="TOKEN_CLS"),
    "ia3-chosen": IA3Config(
        task_type="TOKEN_CLS", target_modules=["value", "intermediate.dense", "output.dense"],
        feedforward_modules=["intermediate.dense"], exclude_modules=["attention.output.dense"]),
    "vera": VeraConfig(task_type="TOKEN_CLS", r=6, target_modules=["query", "value", "dense"], projection_prng_key=5),
    "layer-norm": LNTuningConfig(task_type="TOKEN_CLS", target_modules=["LayerNorm"]),
}
PLAIN = {
    "bitfit": ("BITFIT", {"biases": "all"}, lambda name: name.endswith(".bias")),
    "bitfit-chosen": (
        "BITFIT", {"biases": ["intermediate.dense", "query"]},
        lambda name: name.endswith(("query.bias", "intermediate.dense.bias"))),
    "head": ("HEAD", {}, lambda name: False),
}
LISTS = ["target_modules", "feedforward_modules", "exclude_modules"]


def randomise(model, seed):
    """Everything that learns away from where it starts, so that whoever leaves one out is found."""
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.requires_grad:
            n = torch.randn(p.shape, generator=chance)
            p.data = p.data + (0.1 if name.endswith("bias") else 0.3) * n
    return model


def save_peft(model, folder):
    model.peft_config["default"].base_model_name_or_path = "tiny-bert"
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    for key in LISTS:  # sets, whose order differs from run to run
        if isinstance(config.get(key), list):
            config[key].sort()
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    again = logits(PeftModel.from_pretrained(base(), folder), fixed())
    assert torch.equal(again, logits(model, fixed())), f"{folder.name} gives the same logits after loading"


def save_plain(model, folder, kind, settings):
    """As PEFT would name it: no method of PEFT's trains a bias that is nothing else."""
    folder.mkdir(exist_ok=True)
    tensors = {"base_model.model." + n: p.detach() for n, p in model.named_parameters() if p.requires_grad}
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = settings | dict(
        peft_type=kind, task_type="TOKEN_CLS", base_model_name_or_path="tiny-bert", inference_mode=True,
        modules_to_save=["classifier", "score"], peft_version="0.21.2", auto_mapping=None, revision=None)
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def fixed():
    batch = json.loads((HERE / "tiny-bert" / "golden-token.json").read_text())
    return {k: batch[k] for k in ("lengths", "ids", "types")}


def make():
    stored = json.loads((ADAPTERS / "batches.json").read_text())
    batches = [stored[f"batch.{i}"] for i in range(4)]
    golden = {}

    def both(name, model, save):
        for moment in ("start", "final"):
            if moment == "final":
                run(name, model, batches)
            save(ADAPTERS / f"{name}-{moment}")
            golden[f"logits.{name}-{moment}"] = logits(model, fixed())

    for i, (name, config) in enumerate(PEFT.items()):
        model = randomise(get_peft_model(base(), config), seed=50 + i)
        both(name, model, lambda folder: save_peft(model, folder))
    for i, (name, (kind, settings, learns)) in enumerate(PLAIN.items()):
        model = base()
        for n, p in model.named_parameters():
            p.requires_grad = learns(n) or n.startswith("classifier.")
        randomise(model, seed=60 + i)
        both(name, model, lambda folder: save_plain(model, folder, kind, settings))
    write_tensors(ADAPTERS / "golden-scales.safetensors", golden)


def check(predictions, folders):
    """`predictions`: what `tune predict BASE --adapter NAME=FOLDER --logits` printed; each folder PEFT's or a model's."""
    lines = [json.loads(line) for line in open(predictions)]
    for folder in folders:
        labels = len(json.load(open(folder + "/tune.json"))["task"]["labels"])
        if Path(folder, "adapter_config.json").exists():
            plain = BertForTokenClassification.from_pretrained(HERE / "tiny-bert", num_labels=labels,
                                                               ignore_mismatched_sizes=True)
            model = PeftModel.from_pretrained(plain, folder)
        else:
            model = BertForTokenClassification.from_pretrained(folder)
        worst, size = 0.0, 0.0
        for line in lines:
            for window in next(iter(line["windows"].values())):
                wanted = torch.tensor(window["logits"])
                found = model.eval()(torch.tensor([window["ids"]])).logits[0]
                worst, size = max(worst, (found - wanted).abs().max().item()), max(size, wanted.abs().max().item())
        print(f"{folder}: logits up to {size:.2f}, off by {worst:.1e}")


def count():
    sizes = BertConfig(num_labels=3)
    for name, config in {
        "ia3": IA3Config(task_type="TOKEN_CLS"), "vera": VeraConfig(task_type="TOKEN_CLS"),
        "layer_norm": LNTuningConfig(task_type="TOKEN_CLS", target_modules=["LayerNorm"]),
    }.items():
        with torch.device("meta" if name != "vera" else "cpu"):
            model = get_peft_model(BertForTokenClassification(sizes), config)
        print(name, model.get_nb_trainable_parameters()[0])
    with torch.device("meta"):
        model = BertForTokenClassification(sizes)
    counts = {n: p.numel() for n, p in model.named_parameters()}
    head = sum(k for n, k in counts.items() if n.startswith("classifier."))
    biases = {n: k for n, k in counts.items() if n.endswith(".bias") and not n.startswith("classifier.")}
    some = sum(k for n, k in biases.items() if n.endswith(("query.bias", "intermediate.dense.bias")))
    print("bitfit", sum(biases.values()) + head, "of query and intermediate", some + head, "head", head)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if sys.argv[1:2] == ["check"]:
        check(sys.argv[2], sys.argv[3:])
    elif sys.argv[1:2] == ["count"]:
        count()
    else:
        make()
