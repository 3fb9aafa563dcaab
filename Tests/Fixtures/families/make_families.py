"""Makes tiny models of every family and head, with the logits, the loss and all gradients that transformers computes, and
runs of twenty steps, in full and with LoRA.

Each sequence is run by itself, without padding, on one thread in float32, with random weights and no dropout. The runs take
padded batches, as ../make_tiny_bert.py trains.

usage: python make_families.py        (torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0)
"""
import json
import pathlib
import shutil
import sys

import torch
import transformers as hf
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import make_tiny_bert as bert  # noqa: E402

SHAPE = dict(vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
             hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, attn_implementation="eager")
FAMILIES = {
    "roberta": ("Roberta", hf.RobertaConfig(**SHAPE, max_position_embeddings=50, type_vocab_size=1, pad_token_id=1)),
    "electra": ("Electra", hf.ElectraConfig(**SHAPE, max_position_embeddings=48, embedding_size=16)),
    "modernbert": ("ModernBert", hf.ModernBertConfig(
        vocab_size=60, hidden_size=32, num_hidden_layers=4, num_attention_heads=4, intermediate_size=48,
        local_attention=8, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1,
        sep_token_id=2, attn_implementation="eager")),
}
TARGETS = {"roberta": ["query", "value"], "electra": ["query", "value"], "modernbert": ["Wqkv"]}
TASK_TYPES = {"token": "TOKEN_CLS", "sequence": "SEQ_CLS", "masked": None}
HEADS = {"token": "ForTokenClassification", "sequence": "ForSequenceClassification", "masked": "ForMaskedLM"}


def randomize(model, seed):
    """Matrices 0.3n, gains of norms 1 + 0.2n, biases 0.1n. With 0.3 twenty steps of ModernBERT amplify rounding."""
    scale = 0.1 if model.config.model_type == "modernbert" else 0.3
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        n = torch.randn(p.shape, generator=generator)
        is_gain = p.dim() == 1 and name.endswith("weight")
        p.data = 0.1 * n if name.endswith("bias") else 1 + 0.2 * n if is_gain else scale * n
    return model.eval()


def make(family, head, seed):
    prefix, config = FAMILIES[family]
    generator = torch.Generator().manual_seed(seed)
    draw = lambda n, most: torch.randint(0, most, (n,), generator=generator).tolist()
    ids = [[max(5, i) for i in draw(n, 60)] for n in (3, 17, 9, 24, 1)]
    classes = 60 if head == "masked" else 5 if head == "token" else 3
    if family == "modernbert":
        config.classifier_pooling = "mean" if head == "sequence" else "cls"
    config.id2label = {i: f"L{i}" for i in range(2 if head == "masked" else classes)}
    targets = [draw(len(s), classes) for s in ids] if head != "sequence" else [draw(1, classes) for _ in ids]
    if head == "masked":
        targets = [[t if i % 3 == 0 else -100 for i, t in enumerate(row)] for row in targets]
    model = randomize(getattr(hf, prefix + HEADS[head])(config), seed)
    logits = torch.cat([model(torch.tensor([s])).logits.reshape(-1, classes) for s in ids])
    labels = torch.tensor(sum(targets, []))
    loss = torch.nn.functional.cross_entropy(logits, labels)
    loss.backward()
    encoder = getattr(model, model.base_model_prefix)
    states = lambda sequences: torch.cat([encoder(torch.tensor([s])).last_hidden_state[0] for s in sequences])
    padded = ids[1][:8] + [config.pad_token_id] + ids[1][8:]  # padding tokens have no gradient, but a place in RoBERTa
    folder = HERE / f"{family}-{head}"
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    golden = {"logits": logits, "loss": loss[None], "hidden_states": states(ids + [padded])}
    golden |= {"gradient." + n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    save_file({k: v.detach().contiguous() for k, v in golden.items()}, folder / "golden.safetensors")
    (folder / "golden.json").write_text(json.dumps({"ids": ids, "padded": padded, "targets": [max(t, -1) for t in sum(targets, [])]}) + "\n")


def draw_batches(head, seed):
    """Four batches of four sequences, with labels."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda n, low, high: torch.randint(low, high, (n,), generator=generator).tolist()
    batches = []
    for lengths in ([5, 12, 3, 18], [7, 7, 14, 3], [22, 2, 9, 11], [6, 15, 4, 8]):
        ids = [draw(n, 5, 60) for n in lengths]
        classes = 60 if head == "masked" else 5 if head == "token" else 3
        labels = [draw(1 if head == "sequence" else n, 0, classes) for n in lengths]
        if head == "masked":
            labels = [[t if i % 3 == 0 else -100 for i, t in enumerate(row)] for row in labels]
        batches.append(dict(ids=ids, labels=labels))
    return batches


def padded(batch, pad, head):
    width = max(map(len, batch["ids"]))
    fill = lambda rows, value: torch.tensor([row + [value] * (width - len(row)) for row in rows])
    labels = torch.tensor(batch["labels"])[:, 0] if head == "sequence" else fill(batch["labels"], -100)
    mask = fill([[1] * len(row) for row in batch["ids"]], 0)
    return dict(input_ids=fill(batch["ids"], pad), attention_mask=mask, labels=labels)


def make_runs(family, head, seed):
    folder, auto = HERE / f"{family}-{head}", getattr(hf, FAMILIES[family][0] + HEADS[head])
    base = lambda: auto.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
    batches, pad = draw_batches(head, seed), base().config.pad_token_id
    fixed = [s for b in batches[:1] for s in b["ids"]]
    logits = lambda m: torch.cat([m.eval()(torch.tensor([s])).logits.flatten(0, -2) for s in fixed]).detach()
    bert.padded = lambda batch: padded(batch, pad, head)
    runs = {"batches": {f"batch.{i}": b | dict(types=[[0] * len(s) for s in b["ids"]]) for i, b in enumerate(batches)}}
    adapter = get_peft_model(base(), LoraConfig(
        task_type=TASK_TYPES[head], r=4, lora_alpha=8, lora_dropout=0.0, target_modules=TARGETS[family]))
    generator = torch.Generator().manual_seed(seed)
    for name, p in adapter.named_parameters():
        if p.requires_grad:
            p.data = 0.2 * torch.randn(p.shape, generator=generator)
    golden = {}
    for name, model in (("full", base()), ("lora", adapter)):
        for moment in ("start", "final"):
            if moment == "final":
                runs[name], _ = bert.train(model, batches)
            golden[f"{name}-{moment}"] = logits(model)
            if name == "lora":
                model.peft_config["default"].base_model_name_or_path = f"{family}-{head}"
                model.save_pretrained(folder / f"lora-{moment}")
                (folder / f"lora-{moment}" / "README.md").unlink()
                again = logits(PeftModel.from_pretrained(base(), folder / f"lora-{moment}"))
                assert torch.equal(again, golden[f"lora-{moment}"]), "the same logits after loading"
    save_file(golden, folder / "runs.safetensors")
    (folder / "runs.json").write_text(json.dumps(runs | dict(fixed=fixed)) + "\n")
    print(family, head, {n: (runs[n]["losses"][0], runs[n]["losses"][-1]) for n in ("full", "lora")})


if __name__ == "__main__":
    torch.set_num_threads(1)
    hf.logging.set_verbosity_error()
    for i, family in enumerate(FAMILIES):
        for j, head in enumerate(HEADS):
            make(family, head, 10 * i + j)
            make_runs(family, head, 100 + 10 * i + j)
