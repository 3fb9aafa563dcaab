"""Makes the goldens of bottleneck adapters by the `adapters` library, beside PEFT's in `adapters/`.

Runs are those of make_tiny_bert.py: the same batches, optimizer and schedule.

usage: python make_bottlenecks.py        (adapters 1.3.0, torch 2.15.0, transformers 4.57.6, safetensors 0.8.0)
"""
import json

import adapters
import torch
from transformers import BertForTokenClassification, DistilBertForTokenClassification, logging

from make_tiny_bert import HERE, logits, run, write_tensors

RUNS = {
    "houlsby": adapters.DoubleSeqBnConfig(reduction_factor=4),
    "pfeiffer": adapters.SeqBnConfig(reduction_factor=6, non_linearity="gelu", scaling=0.5, leave_out=[0]),
}
CLASSES = {"tiny-bert": BertForTokenClassification, "tiny-distilbert": DistilBertForTokenClassification}


def base(folder="tiny-bert"):
    model = CLASSES[folder].from_pretrained(HERE / folder, attn_implementation="eager")
    adapters.init(model)
    return model


def start(config, seed, folder="tiny-bert"):
    """An adapter in which everything matters: its matrices, its biases and the head are all random."""
    model = base(folder)
    model.add_adapter("golden", config=config)
    model.train_adapter("golden")
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.requires_grad:
            p.data = (0.1 if name.endswith("bias") else 0.3) * torch.randn(p.shape, generator=chance)
    return model


def save(model, folder, name="tiny-bert"):
    model.save_adapter(folder, "golden", use_safetensors=True)
    for file in ("adapter_config.json", "head_config.json"):
        config = json.loads((folder / file).read_text()) | dict(model_name=name)  # a path of the maker's
        (folder / file).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def check(folder, expected, batch, name="tiny-bert"):
    model = base(name)
    model.load_adapter(str(folder), use_safetensors=True, set_active=True)
    assert torch.equal(logits(model, batch), expected), f"{folder} gives the same logits after loading"


def make():
    fixed = json.loads((HERE / "tiny-bert/golden-token.json").read_text())
    batches = [b for _, b in sorted(json.loads((HERE / "adapters/batches.json").read_text()).items())]
    golden = {}
    for i, (name, config) in enumerate(RUNS.items()):
        model = start(config, seed=50 + i)
        for moment in ("start", "final"):
            if moment == "final":
                run(name, model, batches)
            folder = HERE / "adapters" / f"{name}-{moment}"
            save(model, folder)
            golden[folder.name] = logits(model, fixed)
            check(folder, golden[folder.name], fixed)
    distil = json.loads((HERE / "tiny-distilbert/golden-token.json").read_text())
    model = start(RUNS["houlsby"], 60, "tiny-distilbert")
    save(model, HERE / "adapters/houlsby-distilbert", "tiny-distilbert")
    golden["houlsby-distilbert"] = real_logits(model, distil)
    write_tensors(HERE / "adapters/bottlenecks.safetensors", {f"logits.{k}": v for k, v in golden.items()})


@torch.no_grad()
def real_logits(model, batch):
    """As `logits`, of a model without token types."""
    rows = [model.eval()(input_ids=torch.tensor([ids])).logits[0] for ids in batch["ids"]]
    return torch.cat(rows)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    logging.set_verbosity_error()
    make()
