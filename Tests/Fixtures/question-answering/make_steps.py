"""Makes training runs of tiny answering models of every family, in full and with LoRA, which the Swift tests repeat.

The bases are folders of other fixtures, with a random head (start.safetensors). Training is that of ../make_tiny_bert.py, but
each sequence is run by itself and the loss is the mean over the batch: transformers' softmax over the tokens includes padding,
so its loss of a padded batch is another. For each family: FAMILY.json with four batches and what each step saw, LoRA folders
before and after, and in logits.safetensors the logits of the first batch.

usage: python make_steps.py        (torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0)
"""
import json
import shutil
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForQuestionAnswering, logging

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import make_tiny_bert as bert  # noqa: E402

# Base folder, queries and values, [CLS] and what stands between the texts and after them, and what PEFT does not name.
FAMILIES = {
    "bert": ("tiny-bert", ["query", "value"], [2], [3], None),
    "distilbert": ("tiny-distilbert", ["q_lin", "v_lin"], [2], [3], None),
    "roberta": ("families/roberta-token", ["query", "value"], [0], [2, 2], None),
    "electra": ("families/electra-token", ["query", "value"], [2], [3], None),
    "modernbert": ("families/modernbert-token", ["Wqkv"], [1], [2], ["classifier"]),
}
LENGTHS = [[(5, 7), (2, 12), (1, 1), (8, 12)], [(7, 3), (3, 7), (4, 15), (2, 2)], [(1, 20), (1, 16), (9, 4), (6, 6)],
           [(4, 15), (5, 14), (3, 2), (8, 8)]]


class OneByOne(torch.nn.Module):
    """The mean of the losses of a batch's sequences, each without padding."""

    def __init__(self, model, takes_types):
        super().__init__()
        self.model, self.takes_types = model, takes_types

    def outputs(self, ids, types, label=None):
        inputs = dict(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long))
        if self.takes_types:
            inputs["token_type_ids"] = torch.tensor([types])
        if label:
            inputs |= dict(start_positions=torch.tensor(label[:1]), end_positions=torch.tensor(label[1:]))
        # PeftModelForQuestionAnswering's own forward drops the token types.
        model = self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model
        return model(**inputs)

    def forward(self, batch):
        losses = [self.outputs(*row).loss for row in zip(batch["ids"], batch["types"], batch["labels"])]
        return type("Output", (), dict(loss=torch.stack(losses).mean()))


def draw_batches(cls, between, takes_types, seed):
    chance = torch.Generator().manual_seed(seed)
    draw = lambda n, low=5, high=60: torch.randint(low, high, (n,), generator=chance).tolist()
    batches = {}
    for index, lengths in enumerate(LENGTHS):
        batch = dict(ids=[], types=[], labels=[])
        for a, b in lengths:
            first = cls + draw(a) + between
            start = draw(1, 0, b)[0]
            end = draw(1, start, b)[0]
            batch["ids"].append(first + draw(b) + between[-1:])
            batch["types"].append([0] * len(first) + [int(takes_types)] * (b + 1))
            # Some windows do not have the answer.
            batch["labels"].append([0, 0] if draw(1, 0, 4)[0] == 0 else [len(first) + start, len(first) + end])
        batches[f"batch.{index}"] = batch
    return batches


def head(model):
    return getattr(model, "qa_outputs", None) or model.classifier


def base(folder, start):
    model = AutoModelForQuestionAnswering.from_pretrained(
        bert.HERE / folder, num_labels=2, ignore_mismatched_sizes=True, attn_implementation="eager", dtype=torch.float32)
    if hasattr(model, "dropout"):
        model.dropout.p = 0.0  # DistilBERT's qa_dropout
    head(model).load_state_dict(start)
    return model.eval()


@torch.no_grad()
def logits(module, batch):
    out = [module.eval().outputs(ids, types) for ids, types in zip(batch["ids"], batch["types"])]
    return torch.cat([torch.stack([o.start_logits[0], o.end_logits[0]], -1) for o in out])


def adapter(folder, start, targets, saved, seed):
    model = get_peft_model(base(folder, start), LoraConfig(
        task_type="QUESTION_ANS", r=4, lora_alpha=8, lora_dropout=0.0, target_modules=targets, modules_to_save=saved))
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.requires_grad and "lora_" in name:
            p.data = 0.2 * torch.randn(p.shape, generator=chance)
    return model


def save(model, name, folder):
    model.peft_config["default"].base_model_name_or_path = folder
    model.save_pretrained(HERE / name)
    (HERE / name / "README.md").unlink()


def make(family, index, tensors):
    folder, targets, cls, between, saved = FAMILIES[family]
    takes_types = family in ("bert", "electra")
    chance = torch.Generator().manual_seed(index)
    start = dict(weight=0.3 * torch.randn(2, 32, generator=chance), bias=0.1 * torch.randn(2, generator=chance))
    tensors |= {f"{family}.start.{name}": value for name, value in start.items()}
    batches = draw_batches(cls, between, takes_types, 50 + index)
    result, rows = dict(batches=batches), list(batches.values())
    bert.padded = lambda batch: dict(batch=batch)
    for name in ("full", "lora"):
        model = adapter(folder, start, targets, saved, 70 + index) if name == "lora" else base(folder, start)
        module = OneByOne(model, takes_types)
        for moment in ("start", "final"):
            if moment == "final":
                result[name], _ = bert.train(module, rows)
            key = f"{family}.{name}-{moment}"
            tensors[key] = logits(module, rows[0])
            if name == "lora":
                shutil.rmtree(HERE / f"{family}-lora-{moment}", ignore_errors=True)
                save(model, f"{family}-lora-{moment}", folder)
                again = PeftModel.from_pretrained(base(folder, start), HERE / f"{family}-lora-{moment}")
                assert torch.equal(logits(OneByOne(again, takes_types), rows[0]), tensors[key]), "the same after loading"
        print(family, name, result[name]["losses"][0], result[name]["losses"][-1])
        for key in ("decayed", "not_decayed", "learning_rates"):
            del result[name][key]
    (HERE / f"{family}.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    tensors = {}
    for index, family in enumerate(FAMILIES):
        make(family, index, tensors)
    save_file({k: v.contiguous() for k, v in tensors.items()}, HERE / "logits.safetensors")
