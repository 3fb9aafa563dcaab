"""Makes the tiny BERT folders, their golden values and the adapter goldens that the Swift tests read.

Everything is float32 on one CPU thread, without dropout, from fixed seeds; batches are padded and masked as
transformers wants them, and only the rows of real tokens are kept, one sequence after another. Does not write the
README.md files. Each golden is computed in float64 too, and the distance is printed: it bounds the tolerance of a test.

usage: python make_tiny_bert.py        (torch 2.15.0, transformers 5.23.0, peft 0.21.2, safetensors 0.8.0)
"""
import copy
import json
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import (
    BertConfig, BertForSequenceClassification, BertForTokenClassification, BertModel,
    get_linear_schedule_with_warmup, logging,
)
from transformers.trainer_pt_utils import get_parameter_names

HERE = Path(__file__).resolve().parent
SHAPE = dict(
    vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
    max_position_embeddings=48, type_vocab_size=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    attn_implementation="eager",
)
VOCABULARY = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] a b c d e f g h i j k l m n o p q r s t u v w x y z . , - ( ) "
    "cell gene aspirin drug liver dose the of in "
    "##s ##ing ##in ##ol ##ase ##ic ##a ##e ##i ##o ##n ##r ##t ##1 ##2"
).split()
TAGS = ["O", "B-A", "I-A", "B-B", "I-B"]
CLASSES = ["negative", "neutral", "positive"]
IGNORED = -100


def named(labels):
    return dict(id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)})


def randomise(model, seed):
    """Weights large enough that no gradient is negligible: matrices 0.3n, LayerNorm gains 1 + 0.2n, biases 0.1n."""
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        n = torch.randn(p.shape, generator=chance)
        p.data = 0.1 * n if name.endswith("bias") else 1 + 0.2 * n if "LayerNorm" in name else 0.3 * n
    return model.eval()


def save_folder(model, name):
    folder = HERE / name
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("".join(token + "\n" for token in VOCABULARY))
    write_json(folder / "tokenizer_config.json", dict(tokenizer_class="BertTokenizer", do_lower_case=True))
    return folder


def ragged(lengths, seed):
    """Random ids (never [PAD]), types with some 1s, labels of which a third is ignored but never a whole sequence."""
    chance = torch.Generator().manual_seed(seed)
    draw = lambda low, high, n: torch.randint(low, high, (n,), generator=chance).tolist()
    batch = dict(lengths=lengths, ids=[], types=[], labels=[])
    for t in lengths:
        keep, second = draw(0, t, 1)[0], draw(0, t + 1, 1)[0]
        labels = [IGNORED if skip == 0 and i != keep else label
                  for i, (skip, label) in enumerate(zip(draw(0, 3, t), draw(0, len(TAGS), t)))]
        batch["ids"].append(draw(1, 60, t))
        batch["types"].append([int(i >= second) for i in range(t)])
        batch["labels"].append(labels)
    return batch


def unlabelled(batch):
    return {k: v for k, v in batch.items() if k != "labels"}


def padded(batch):
    width = max(batch["lengths"])
    fill = lambda rows, value: torch.tensor([row + [value] * (width - len(row)) for row in rows])
    inputs = dict(input_ids=fill(batch["ids"], 0), token_type_ids=fill(batch["types"], 0),
                  attention_mask=fill([[1] * t for t in batch["lengths"]], 0))
    return inputs | dict(labels=fill(batch["labels"], IGNORED)) if "labels" in batch else inputs


def real(x, batch):
    """The rows of real tokens, [sequences, width, d] → [n, d]."""
    return torch.cat([x[i, :t] for i, t in enumerate(batch["lengths"])])


def gradients(model):
    return {f"gradient.{name}": p.grad.clone() for name, p in model.named_parameters()}


def token_golden(model, batch):
    model.zero_grad()
    out = model(**padded(batch))
    out.loss.backward()
    golden = dict(loss=out.loss.detach().reshape(1), logits=real(out.logits.detach(), batch)) | gradients(model)
    logits = out.logits.detach().requires_grad_()
    weight = torch.tensor([0.4, 1.5, 2.0, 0.7, 1.1], dtype=logits.dtype)
    loss = torch.nn.CrossEntropyLoss(weight=weight, label_smoothing=0.15, ignore_index=IGNORED)
    weighted = loss(logits.view(-1, len(TAGS)), padded(batch)["labels"].view(-1))
    weighted.backward()
    return golden | {"weighted.loss": weighted.detach().reshape(1), "weighted.dlogits": real(logits.grad, batch)}


def sequence_golden(model, batch):
    model.zero_grad()
    out = model(**padded(batch), labels=torch.tensor(batch["classes"]))
    out.loss.backward()
    return dict(loss=out.loss.detach().reshape(1), logits=out.logits.detach()) | gradients(model)


@torch.no_grad()
def hidden_golden(model, batch):
    out = model(**padded(batch), output_hidden_states=True)
    golden = {f"hidden_states.{i}": real(h, batch) for i, h in enumerate(out.hidden_states)}
    return golden | dict(last_hidden_state=real(out.last_hidden_state, batch), pooler_output=out.pooler_output)


def largest_gap(found, exact):
    """Largest |difference| / largest |value| of a tensor; without the key biases, on which softmax does not depend."""
    keys = [k for k in found if not k.endswith("key.bias")]
    return max(((found[k] - exact[k]).abs().max() / exact[k].abs().max()).item() for k in keys)


def write_golden(path, make, models, batch, about):
    """`models`: each under the prefix that its tensors get."""
    tensors = {}
    for prefix, model in models.items():
        golden = make(model, batch)
        exact = make(copy.deepcopy(model).double(), batch)
        print(f"{path.relative_to(HERE)} {prefix}: float32 against float64: {largest_gap(golden, exact):.1e}")
        tensors |= {prefix + k: v for k, v in golden.items()}
    write_tensors(path, tensors)
    write_json(path.with_suffix(".json"), batch | about)


def write_tensors(path, tensors):
    save_file({k: v.contiguous() for k, v in tensors.items()}, path, metadata={"format": "pt"})


def write_json(path, value):
    lines = (f" {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def save_legacy(model):
    """The bare model under the names of 2018, LayerNorm.gamma and .beta, and with a tensor that is no parameter."""
    folder = save_folder(model, "tiny-bert-legacy")
    old = lambda k: k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    tensors = {old(k): v for k, v in model.state_dict().items()}
    tensors["embeddings.position_ids"] = torch.arange(48).reshape(1, 48)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    loaded = BertModel.from_pretrained(folder, attn_implementation="eager").state_dict()
    assert all(torch.equal(loaded[k], v) for k, v in model.state_dict().items()), "transformers reads the old names"
    return folder


STEPS, RATE, DECAY = 20, 5e-3, 0.01
RUNS = {
    "lora": dict(r=4, lora_alpha=6, target_modules=["query", "key", "value", "dense"]),
    "lora-pattern": dict(
        r=4, lora_alpha=6, target_modules=["query", "value", "dense"], layers_to_transform=[1], use_rslora=True,
        rank_pattern={"query": 2, "attention.output.dense": 6}, alpha_pattern={"value": 12, "layer.1.output.dense": 3},
        bias="lora_only"),
    "lora-bias": dict(r=3, lora_alpha=5, target_modules=["query", "value"], bias="all"),
}


def base():
    return BertForTokenClassification.from_pretrained(HERE / "tiny-bert", attn_implementation="eager")


def stored_name(name):
    """The name under which PEFT stores a parameter of the live model."""
    return name.replace(".modules_to_save", "").replace(".default", "")


def start_adapter(settings, seed):
    """An adapter in which everything matters: A, B, the head and the trainable biases are all random."""
    model = get_peft_model(base(), LoraConfig(task_type="TOKEN_CLS", lora_dropout=0.0, **settings))
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.requires_grad:
            n = torch.randn(p.shape, generator=chance)
            p.data = p.data + 0.1 * n if name.endswith("bias") else 0.2 * n if "lora_" in name else 0.3 * n
    return model


def save_adapter(model, name):
    folder = HERE / "adapters" / name
    model.peft_config["default"].base_model_name_or_path = str(HERE / "tiny-bert")
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    # PEFT keeps the targets as a set, whose order differs from run to run; the path is the maker's own.
    config |= dict(target_modules=sorted(config["target_modules"]), base_model_name_or_path="tiny-bert")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    return folder


def train(model, batches):
    """20 steps as transformers' Trainer takes them → what each step saw, and the gradients of the first."""
    model.train()
    decayed = set(get_parameter_names(model, [torch.nn.LayerNorm], ["bias", "layernorm"]))
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    groups = [dict(params=[p for n, p in trainable.items() if (n in decayed) == yes], weight_decay=DECAY * yes)
              for yes in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimizer, STEPS // 10, STEPS)
    seen = dict(losses=[], learning_rates=[], gradient_norms=[])
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
    seen["trainable_parameters"] = sum(p.numel() for p in trainable.values())
    seen["decayed"], seen["not_decayed"] = sorted(decayed & set(trainable)), sorted(set(trainable) - decayed)
    return seen, first


@torch.no_grad()
def logits(model, batch):
    return real(model.eval()(**padded(unlabelled(batch))).logits, batch)


def run(name, model, batches):
    double = copy.deepcopy(model).double()
    exact = train(double, batches)[0]["losses"]
    facts, first = train(model, batches)
    gap = max(abs(a - b) for a, b in zip(facts["losses"], exact))
    end = largest_gap(dict(model.named_parameters()), dict(double.named_parameters()))
    first_loss, *_, last_loss = facts["losses"]
    print(f"{name}: {facts['trainable_parameters']} trainable, loss {first_loss:.4f} → {last_loss:.4f}; "
          f"float32 against float64: losses {gap:.1e}, final weights {end:.1e}")
    write_json(HERE / "adapters" / f"{name}.json", facts)
    write_tensors(HERE / "adapters" / f"{name}-gradients.safetensors", {stored_name(n): g for n, g in first.items()})


def make_adapters(fixed):
    lengths = [[5, 12, 1, 20], [7, 7, 16, 3], [24, 2, 9, 11], [6, 15, 4, 8]]
    batches = [ragged(t, seed=20 + i) for i, t in enumerate(lengths)]
    folder = HERE / "adapters"
    folder.mkdir(exist_ok=True)
    write_json(folder / "batches.json", {f"batch.{i}": b for i, b in enumerate(batches)})
    full, golden = base(), {"base": logits(base(), fixed)}
    run("full", full, batches)
    golden["full-final"] = logits(full, fixed)
    write_tensors(folder / "full-final.safetensors", full.state_dict())
    for i, (name, settings) in enumerate(RUNS.items()):
        model = start_adapter(settings, seed=30 + i)
        for moment in ("start", "final"):
            if moment == "final":
                run(name, model, batches)
            saved = save_adapter(model, f"{name}-{moment}")
            golden[saved.name] = logits(model, fixed)
            again = logits(PeftModel.from_pretrained(base(), saved), fixed)
            assert torch.equal(again, golden[saved.name]), f"{saved.name} gives the same logits after loading"
    write_tensors(folder / "golden.safetensors", {f"logits.{k}": v for k, v in golden.items()})


def make():
    tokens = ragged([3, 17, 9, 24, 1], seed=10)
    token = randomise(BertForTokenClassification(BertConfig(**SHAPE, **named(TAGS))), seed=1)
    weighted = {"weighted.class_weights": [0.4, 1.5, 2.0, 0.7, 1.1], "weighted.label_smoothing": 0.15}
    path = save_folder(token, "tiny-bert") / "golden-token.safetensors"
    write_golden(path, token_golden, {"": token}, tokens, weighted)
    texts = unlabelled(ragged([11, 2, 26, 1, 8], seed=11)) | dict(classes=[2, 0, 1, 1, 0])
    sequence = randomise(BertForSequenceClassification(BertConfig(**SHAPE, **named(CLASSES))), seed=2)
    path = save_folder(sequence, "tiny-bert-sequence") / "golden-sequence.safetensors"
    write_golden(path, sequence_golden, {"": sequence}, texts, {})

    plain = unlabelled(ragged([6, 1, 19, 13], seed=12))
    bare = randomise(BertModel(BertConfig(**SHAPE)), seed=3)
    relu = randomise(BertModel(BertConfig(**SHAPE, hidden_act="relu")), seed=3)
    path = save_folder(bare, "tiny-bert-bare") / "golden.safetensors"
    write_golden(path, hidden_golden, {"": bare, "relu.": relu}, plain, {})
    old = randomise(BertModel(BertConfig(**SHAPE, hidden_act="gelu_new", layer_norm_eps=1e-5)), seed=4)
    write_golden(save_legacy(old) / "golden.safetensors", hidden_golden, {"": old}, plain, {})
    make_adapters(tokens)


if __name__ == "__main__":
    assert len(VOCABULARY) == 60
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    make()
