"""Makes the goldens of DoRA, PiSSA, OLoRA and AdaLoRA beside those of LoRA: 20 steps of tiny-bert by PEFT.

Settings of the runs, files and names are those of adapters/README.md; a run's section there says what is special.

usage: python make_lora_family.py        (as make_tiny_bert.py, whose tiny-bert and batches must be there)
"""
import json
import sys

import torch
from safetensors.torch import load_file
from peft import AdaLoraConfig, LoraConfig, PeftModel, get_peft_model
from peft.optimizers import create_loraplus_optimizer
from transformers import get_linear_schedule_with_warmup, logging
from transformers.trainer_pt_utils import get_parameter_names

import make_tiny_bert as tiny
from make_tiny_bert import DECAY, HERE, RATE, STEPS, base, logits, padded, stored_name, write_json, write_tensors

ALL = ["query", "key", "value", "dense"]
RUNS = {
    "dora": LoraConfig(r=4, lora_alpha=6, target_modules=ALL, use_dora=True, bias="lora_only"),
    "pissa": LoraConfig(r=4, lora_alpha=6, target_modules=ALL, rank_pattern={"query": 2}, alpha_pattern={"key": 3},
                        init_lora_weights="pissa"),
    "olora": LoraConfig(r=4, lora_alpha=6, target_modules=["query", "value"], use_rslora=True,
                        init_lora_weights="olora"),
    "adalora": AdaLoraConfig(init_r=4, target_r=2, lora_alpha=6, target_modules=ALL, tinit=3, tfinal=5, deltaT=2,
                             total_step=STEPS, orth_reg_weight=0.1),
}
STARTS_RANDOM = {"dora", "adalora"}


def start(name, config, seed):
    config.task_type = "TOKEN_CLS"
    torch.manual_seed(seed)
    model = get_peft_model(base(), config)
    if name in STARTS_RANDOM:
        chance = torch.Generator().manual_seed(seed)
        for n, p in model.named_parameters():
            if p.requires_grad:
                r = torch.randn(p.shape, generator=chance)
                if n.endswith("bias"):
                    p.data = p.data + 0.1 * r
                elif "magnitude" in n:
                    p.data = p.data * (1 + 0.2 * r)
                else:
                    p.data = (0.2 if "lora_" in n else 0.3) * r
    return model


def train(model, batches, after=lambda step: None, plus=None):
    """As make_tiny_bert's, with what some methods do after a step."""
    model.train()
    decayed = set(get_parameter_names(model, [torch.nn.LayerNorm], ["bias", "layernorm"]))
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    groups = [dict(params=[p for n, p in trainable.items() if (n in decayed) == yes], weight_decay=DECAY * yes)
              for yes in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    if plus:
        optimizer = create_loraplus_optimizer(
            model, torch.optim.AdamW, lr=1e-3, loraplus_lr_ratio=plus, loraplus_weight_decay=DECAY,
            betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimizer, STEPS // 10, STEPS)
    seen = dict(losses=[], learning_rates=[], gradient_norms=[], ranks=[])
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = model(**padded(batches[step % len(batches)])).loss
        loss.backward()
        if step == 0:
            first = {n: p.grad.clone() for n, p in trainable.items()}
        norm = torch.nn.utils.clip_grad_norm_(trainable.values(), 1.0)
        seen["losses"].append(loss.item())
        seen["learning_rates"].append(schedule.get_last_lr()[0])
        seen["gradient_norms"].append(norm.item())
        optimizer.step()
        schedule.step()
        after(step)
        seen["ranks"].append(sum(int((p != 0).sum()) for n, p in model.named_parameters() if "lora_E" in n))
    seen["trainable_parameters"] = model.get_nb_trainable_parameters()[0]
    return seen, first


def save(model, folder, **more):
    model.peft_config["default"].base_model_name_or_path = str(HERE / "tiny-bert")
    model.save_pretrained(folder, **more)
    (folder / "README.md").unlink()
    tidy(folder)


def tidy(folder):
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config |= dict(target_modules=sorted(config["target_modules"]), base_model_name_or_path="tiny-bert", inference_mode=True)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def make(only=None):
    batches = list(json.loads((HERE / "adapters" / "batches.json").read_text()).values())
    fixed = json.loads((HERE / "tiny-bert" / "golden-token.json").read_text())
    plus = PeftModel.from_pretrained(base(), HERE / "adapters" / "lora-start", is_trainable=True)
    write_json(HERE / "adapters" / "lora-plus.json", train(plus, batches, plus=8)[0])
    if only == "lora-plus":
        return
    for i, (name, config) in enumerate(RUNS.items()):
        folder = HERE / "adapters" / name
        model, golden = start(name, config, seed=50 + i), {}
        initial, more = folder.with_name(name + "-start"), {}
        if name in STARTS_RANDOM:
            save(model, initial)
        else:
            # PEFT's own way to a plain LoRA: it wants to see the start again.
            model.peft_config["default"].init_lora_weights = True
            save(model, initial)
            model.peft_config["default"].init_lora_weights = config.init_lora_weights = name
            more = dict(path_initial_model_for_weight_conversion=str(initial))
        golden["start"] = logits(model, fixed)
        after = model.base_model.update_and_allocate if name == "adalora" else lambda step: None
        seen, first = train(model, batches, after)
        golden["final"] = logits(model, fixed)
        final = folder.with_name(name + "-final")
        save(model, final, **more)
        if more:
            tidy(initial)  # PEFT wrote its settings anew.
            # PEFT's conversion forgets the head.
            stored = load_file(final / "adapter_model.safetensors")
            head = {stored_name(n): p for n, p in model.named_parameters() if "classifier.modules_to_save" in n}
            write_tensors(final / "adapter_model.safetensors", stored | head)
        again = logits(PeftModel.from_pretrained(base(), final), fixed)
        print(name, seen["trainable_parameters"], seen["losses"][0], seen["losses"][-1], seen["ranks"],
              "after loading:", (again - golden["final"]).abs().max().item())
        write_json(folder.with_suffix(".json"), seen)
        write_tensors(HERE / "adapters" / f"{name}-gradients.safetensors",
                      {stored_name(n): g for n, g in first.items()} | {f"logits.{k}": v for k, v in golden.items()})


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    make(*sys.argv[1:])
