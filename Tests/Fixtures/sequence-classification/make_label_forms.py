"""Makes training runs like those of make_golden.py of classifiers with several labels per text and of regressions.

Full runs over the tiny BERT and LoRA over it, over pairs. The labels are in label-forms.json, the logits of the fixed batch
in label-forms.safetensors.

usage: python make_label_forms.py        (torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0)
"""
import torch
from transformers import AutoModelForSequenceClassification, logging

import make_golden as golden
from make_golden import HERE, bert

FORMS = {"multi": (3, "multi_label_classification"), "regression": (1, "regression")}


def draw_labels(form, batches, seed):
    chance = torch.Generator().manual_seed(seed)
    draw = {"multi": lambda: torch.randint(0, 2, (3,), generator=chance).float().tolist(),
            "regression": lambda: [round(torch.randn(1, generator=chance).item(), 3)]}[form]
    return [batch | dict(labels=[draw() for _ in batch["lengths"]]) for batch in batches]


def padded(batch):
    inputs = golden.whole_padded({k: batch[k] for k in ("lengths", "ids", "types")})
    if "labels" not in batch:
        return inputs
    labels = torch.tensor(batch["labels"])
    return inputs | dict(labels=labels if labels.shape[1] > 1 else labels.flatten())


def make():
    pairs = golden.draw_batches(golden.PAIRS, seed=61)
    bert.padded = padded
    logits, files = {}, {}
    fixed = golden.fixed_batch()
    for seed, (form, (labels, problem)) in enumerate(FORMS.items()):
        batches = draw_labels(form, pairs, seed=80 + seed)
        files |= {f"{form}.{i}": batch for i, batch in enumerate(batches)}
        golden.base = lambda folder: AutoModelForSequenceClassification.from_pretrained(
            bert.HERE / folder, num_labels=labels, problem_type=problem, ignore_mismatched_sizes=True,
            attn_implementation="eager", dtype=torch.float32)
        for kind in ("full", "lora"):
            torch.manual_seed(90)
            name = f"bert-{kind}-{form}"
            model = golden.start_adapter("bert", 95 + seed) if kind == "lora" else golden.base("tiny-bert-sequence")
            if kind == "full":
                chance = torch.Generator().manual_seed(99)
                for p in model.classifier.parameters():
                    p.data = 0.3 * torch.randn(p.shape, generator=chance)
                logits |= {f"start.{name}.{n}": p.detach().clone() for n, p in model.classifier.named_parameters()}
            start = golden.logits(model, fixed)
            if kind == "lora":
                golden.save_adapter(model, f"{name}-start", "tiny-bert-sequence")
            facts, _ = bert.train(model, batches)
            bert.write_json(HERE / f"{name}.json", facts)
            print(name, facts["losses"][0], "→", facts["losses"][-1])
            if kind == "lora":
                golden.save_adapter(model, f"{name}-final", "tiny-bert-sequence")
            logits |= {f"logits.{name}-start": start, f"logits.{name}-final": golden.logits(model, fixed)}
    bert.write_json(HERE / "label-forms.json", files)
    bert.write_tensors(HERE / "label-forms.safetensors", logits)


if __name__ == "__main__":
    golden.whole_padded = bert.padded
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    make()
