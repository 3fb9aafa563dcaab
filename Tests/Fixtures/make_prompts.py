"""Makes the goldens of prompt and prefix tuning by PEFT, beside LoRA's in `adapters/`.

Runs are those of make_tiny_bert.py: the same batches, optimizer and schedule. Logits of virtual tokens are left out.

usage: python make_prompts.py        (torch 2.15.0, transformers 5.23.0, peft 0.21.2, safetensors 0.8.0)
"""
import copy
import json

import torch
from peft import PeftModel, PrefixTuningConfig, PromptTuningConfig, get_peft_model
from transformers import (
    BertForSequenceClassification, BertForTokenClassification, DistilBertForTokenClassification, logging,
)

import make_tiny_bert as tiny
from make_tiny_bert import HERE

CLASSES = {
    "tiny-bert": BertForTokenClassification, "tiny-bert-sequence": BertForSequenceClassification,
    "tiny-distilbert": DistilBertForTokenClassification,
}
SIZES = dict(token_dim=32, num_layers=2, num_attention_heads=4)  # which PEFT does not find in a DistilBERT
RUNS = {
    "prompt": PromptTuningConfig(task_type="TOKEN_CLS", num_virtual_tokens=5),
    "prefix": PrefixTuningConfig(task_type="TOKEN_CLS", num_virtual_tokens=4),
    "prefix-mlp": PrefixTuningConfig(
        task_type="TOKEN_CLS", num_virtual_tokens=3, prefix_projection=True, encoder_hidden_size=12),
}
SINGLES = {
    "prompt-sequence": ("tiny-bert-sequence", PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=3)),
    "prefix-sequence": ("tiny-bert-sequence", PrefixTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=3)),
    "prompt-distilbert": ("tiny-distilbert", PromptTuningConfig(task_type="TOKEN_CLS", num_virtual_tokens=3, **SIZES)),
}


def base(folder):
    return CLASSES[folder].from_pretrained(HERE / folder, attn_implementation="eager")


def start(config, seed, folder="tiny-bert"):
    """An adapter in which everything matters: what is learned before the sequences, and the head, are random."""
    model = get_peft_model(base(folder), copy.deepcopy(config))
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.requires_grad:
            p.data = (0.1 if name.endswith("bias") else 0.3) * torch.randn(p.shape, generator=chance)
    return model


def save(model, name, folder="tiny-bert"):
    path = HERE / "adapters" / name
    model.peft_config["default"].base_model_name_or_path = str(HERE / folder)
    model.save_pretrained(path)
    (path / "README.md").unlink()
    config = json.loads((path / "adapter_config.json").read_text()) | dict(base_model_name_or_path=folder)
    (path / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    return path


@torch.no_grad()
def logits(model, batch):
    """Of each sequence alone, without the virtual tokens' rows."""
    rows = []
    for i, ids in enumerate(batch["ids"]):
        inputs = dict(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long))
        if "types" in batch:
            inputs["token_type_ids"] = torch.tensor([batch["types"][i]])
        out = model.eval()(**inputs).logits
        rows.append(out[0, -len(ids):] if out.dim() == 3 else out)
    return torch.cat(rows)


def train(model, batches):
    """As make_tiny_bert.run; labels of virtual tokens are ignored."""
    n = model.peft_config["default"].num_virtual_tokens
    virtual = model.peft_config["default"].peft_type == "PROMPT_TUNING"
    original = tiny.padded

    def padded(batch):
        inputs = original(batch)
        if virtual and "labels" in inputs:
            ignored = torch.full((len(batch["ids"]), n), tiny.IGNORED)
            inputs["labels"] = torch.cat([ignored, inputs["labels"]], dim=1)
        return inputs

    tiny.padded = padded
    return original


def load(path, folder):
    return PeftModel.from_pretrained(base(folder), path)


def make():
    fixed = json.loads((HERE / "tiny-bert/golden-token.json").read_text())
    batches = [b for _, b in sorted(json.loads((HERE / "adapters/batches.json").read_text()).items())]
    golden = {}
    for i, (name, config) in enumerate(RUNS.items()):
        model = start(config, seed=70 + i)
        weights = {tiny.stored_name(n): p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
        if config.peft_type == "PREFIX_TUNING" and config.prefix_projection:
            tiny.write_tensors(HERE / "adapters" / f"{name}-weights.safetensors", weights)
        for moment in ("start", "final"):
            if moment == "final":
                original = train(model, batches)
                tiny.run(name, model, batches)
                tiny.padded = original
            path = save(model, f"{name}-{moment}")
            golden[path.name] = logits(model, fixed)
            gap = (logits(load(path, "tiny-bert"), fixed) - golden[path.name]).abs().max()
            assert gap < 1e-6, f"{path.name} gives the same logits after loading"
    for i, (name, (folder, config)) in enumerate(SINGLES.items()):
        which = "golden-sequence" if "sequence" in folder else "golden-token"
        batch = json.loads((HERE / folder / f"{which}.json").read_text())
        model = start(config, 80 + i, folder)
        save(model, name, folder)
        golden[name] = logits(model, batch)
    tiny.write_tensors(HERE / "adapters/prompts.safetensors", {f"logits.{k}": v for k, v in golden.items()})


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    make()
