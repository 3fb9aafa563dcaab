"""Makes teachers, students, batches and the golden values of masked-language training and distillation.

Weights are float16 numbers, computed with in float64 on one CPU thread, without dropout, from fixed seeds. Batches are
padded and masked as transformers wants them; all losses are over the rows of real tokens. Does not write README.md.
Each run is made in float32 too, and the distance is printed: it bounds the tolerance of a test.

usage: python make_golden.py        (torch 2.15.0, transformers 5.23.0, safetensors 0.8.0)
"""
import copy
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import (
    BertConfig, BertForMaskedLM, BertForTokenClassification, get_linear_schedule_with_warmup, logging,
)
from transformers.trainer_pt_utils import get_parameter_names

HERE = Path(__file__).resolve().parent
SPECIALS = "[PAD] [UNK] [CLS] [SEP] [MASK]".split()
LETTERS = [chr(ord("a") + i) for i in range(26)]
VOCABULARY = SPECIALS + LETTERS + ["##" + c for c in LETTERS] + [f"{a}{b}" for a in "stv" for b in LETTERS[:21]]
TAGS = ["O", "B-A", "I-A", "B-B", "I-B"]
MASK, IGNORED = 4, -100
STEPS, RATE, DECAY = 20, 5e-3, 0.01
LENGTHS = [[5, 12, 1, 20], [7, 7, 16, 3], [22, 2, 9, 11], [6, 15, 4, 8]]
TEMPERATURE = 2.0
# Weights of the terms; "pairs" are [student's state, teacher's state], 0 being the embeddings' output.
RUNS = {
    "mlm": dict(student="student", batches="masked", weights=dict(hard=1.0)),
    "triple": dict(student="student", teacher="teacher", batches="masked", scope="every_token",
                   weights=dict(soft=5.0, hard=2.0, cosine=1.0)),
    "tagging": dict(student="narrow-student", teacher="tagging-teacher", batches="tags", scope="labelled",
                    weights=dict(soft=0.5, hard=0.5, hidden=1.0, attention=0.2, relations=1.5),
                    pairs=[[0, 0], [1, 2], [2, 4]], relation_pair=[2, 4], relation_heads=2),
}


def config(layers, width, intermediate, **others):
    return BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=width, num_hidden_layers=layers, num_attention_heads=4,
        intermediate_size=intermediate, max_position_embeddings=24, type_vocab_size=2, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, attn_implementation="eager", **others)


def randomise(model, seed):
    """Float16 weights large enough that no loss is flat: matrices 0.3n, gains 1 + 0.2n, biases 0.1n."""
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        n = torch.randn(p.shape, generator=chance)
        n = 0.1 * n if name.endswith("bias") else 1 + 0.2 * n if "LayerNorm" in name else 0.3 * n
        p.data = n.half().float()
    return model.eval()


def save_folder(model, name):
    folder = HERE / name
    copy.deepcopy(model).half().save_pretrained(folder)
    (folder / "vocab.txt").write_text("".join(token + "\n" for token in VOCABULARY))
    write_json(folder / "tokenizer_config.json", dict(tokenizer_class="BertTokenizer", do_lower_case=True))
    again = type(model).from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).state_dict()
    assert all(torch.equal(again[k], v) for k, v in model.state_dict().items()), "what is saved is what is trained"


def write_json(path, value):
    lines = (f" {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def drawn(chance, low, high, n):
    return torch.randint(low, high, (n,), generator=chance).tolist()


def texts(lengths, chance):
    second = [drawn(chance, 0, t + 1, 1)[0] for t in lengths]
    return dict(lengths=lengths, ids=[drawn(chance, len(SPECIALS), len(VOCABULARY), t) for t in lengths],
                types=[[int(i >= s) for i in range(t)] for t, s in zip(lengths, second)])


def masked(lengths, seed):
    """A fifth of the tokens is asked for: 8 of 10 masked, 1 replaced, 1 left; at least one a batch."""
    chance = torch.Generator().manual_seed(seed)
    batch = texts(lengths, chance)
    batch["labels"] = [[IGNORED] * t for t in lengths]
    for i, row in enumerate(batch["ids"]):
        for j, (pick, how) in enumerate(zip(drawn(chance, 0, 5, len(row)), drawn(chance, 0, 10, len(row)))):
            if pick == 0 or (i, j) == (1, 1):
                batch["labels"][i][j] = row[j]
                row[j] = MASK if how < 8 else drawn(chance, 5, len(VOCABULARY), 1)[0] if how == 8 else row[j]
    return batch


def tagged(lengths, seed):
    """A tag a token; a third does not count."""
    chance = torch.Generator().manual_seed(seed)
    batch = texts(lengths, chance)
    batch["labels"] = [[IGNORED if skip == 0 else tag for skip, tag in
                        zip(drawn(chance, 0, 3, t), drawn(chance, 0, len(TAGS), t))] for t in lengths]
    return batch


def fill(rows, value):
    width = max(map(len, rows))
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


class Seen:
    """What a forward shows: rows of logits and states of all real tokens, and q, k, v of each sequence and layer."""

    def __init__(self, model, batch):
        self.lengths, self.heads = batch["lengths"], model.config.num_attention_heads
        caught = []
        layers = [layer.attention.self for layer in model.bert.encoder.layer]
        hooks = [part.register_forward_hook(lambda _, __, y: caught.append(y))
                 for layer in layers for part in (layer.query, layer.key, layer.value)]
        out = model(input_ids=fill(batch["ids"], 0), token_type_ids=fill(batch["types"], 0),
                    attention_mask=fill([[1] * t for t in self.lengths], 0), output_hidden_states=True)
        for hook in hooks:
            hook.remove()
        assert len(caught) == 3 * len(layers)
        self.logits = self.real(out.logits)
        self.states = [self.real(x) for x in out.hidden_states]
        self.parts = [caught[3 * i:3 * i + 3] for i in range(len(layers))]

    def real(self, x):
        """[sequences, width, d] → [n, d]"""
        return torch.cat([x[i, :t] for i, t in enumerate(self.lengths)])

    def cut(self, layer, part, heads):
        """Part 0, 1, 2 = q, k, v of a layer, counted from 1: [heads, t, w] for each sequence."""
        x = self.parts[layer - 1][part]
        return [x[i, :t].unflatten(1, (heads, -1)).transpose(0, 1) for i, t in enumerate(self.lengths)]


def product(a, b):
    return a @ b.transpose(1, 2) / a.shape[-1] ** 0.5


def kl(student, teacher):
    """Σ KL(softmax(teacher) ‖ softmax(student)) over rows."""
    return F.kl_div(F.log_softmax(student, dim=-1), F.softmax(teacher, dim=-1), reduction="sum")


def hidden_error(run, x, t, projections):
    """Σ over pairs of the mean squared difference."""
    return sum(F.mse_loss(projections[str(a)](x.states[a]), t.states[b]) for a, b in run["pairs"])


def attention_error(run, x, t):
    """Σ over pairs of layers of the mean squared difference of raw scores, over all heads and places of attention."""
    loss, count = 0, x.heads * sum(t * t for t in x.lengths)
    for a, b in run["pairs"]:
        if a > 0 and b > 0:
            for q, k, tq, tk in zip(x.cut(a, 0, x.heads), x.cut(a, 1, x.heads), t.cut(b, 0, x.heads),
                                    t.cut(b, 1, x.heads)):
                loss = loss + F.mse_loss(product(q, k), product(tq, tk), reduction="sum") / count
    return loss


def relation_divergence(run, x, t):
    """The mean over q, k, v, heads and tokens."""
    (a, b), heads = run["relation_pair"], run["relation_heads"]
    pairs = [pair for part in range(3) for pair in zip(x.cut(a, part, heads), t.cut(b, part, heads))]
    return sum(kl(product(x, x), product(t, t)) for x, t in pairs) / (3 * heads * sum(x.lengths))


def terms(run, student, teacher, projections, batch):
    """Each term times its weight; the loss is their sum."""
    x = Seen(student, batch)
    with torch.no_grad():
        t = Seen(teacher, batch) if teacher else None
    labels = torch.tensor([label for row in batch["labels"] for label in row])
    rows = labels != IGNORED if run.get("scope") == "labelled" else labels == labels
    make = dict(
        soft=lambda: kl(x.logits[rows] / TEMPERATURE, t.logits[rows] / TEMPERATURE) / rows.sum() * TEMPERATURE**2,
        hard=lambda: F.cross_entropy(x.logits, labels, ignore_index=IGNORED),
        cosine=lambda: F.cosine_embedding_loss(x.states[-1], t.states[-1], torch.ones(len(labels))),
        hidden=lambda: hidden_error(run, x, t, projections),
        attention=lambda: attention_error(run, x, t),
        relations=lambda: relation_divergence(run, x, t))
    return {name: weight * make[name]() for name, weight in run["weights"].items()}


def train(run, student, teacher, projections, batches):
    """20 steps as transformers' Trainer takes them → what each step saw."""
    learns = dict(student.named_parameters()) | {f"projection.{n}": p for n, p in projections.named_parameters()}
    bare = set(get_parameter_names(student, [torch.nn.LayerNorm], ["bias", "layernorm"]))
    decayed = {n for n in learns if n in bare or n.startswith("projection") and n.endswith("weight")}
    groups = [dict(params=[p for n, p in learns.items() if (n in decayed) == yes], weight_decay=DECAY * yes)
              for yes in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimizer, STEPS // 10, STEPS)
    seen = dict(losses=[], terms={name: [] for name in run["weights"]}, learning_rates=[], gradient_norms=[])
    for step in range(STEPS):
        optimizer.zero_grad()
        parts = terms(run, student, teacher, projections, batches[step % len(batches)])
        loss = sum(parts.values())
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(learns.values(), 1.0)
        seen["losses"].append(loss.item())
        for name, part in parts.items():
            seen["terms"][name].append(part.item())
        seen["learning_rates"].append(schedule.get_last_lr()[0])
        seen["gradient_norms"].append(norm.item())
        optimizer.step()
        schedule.step()
    return seen


def made(run, models, kind):
    """Student, teacher and projections of a run, in numbers of `kind`."""
    take = lambda name: copy.deepcopy(models[name]).to(kind) if name else None
    return take(run["student"]), take(run.get("teacher")), copy.deepcopy(models["projections"]).to(kind)


def make_run(name, run, models, batches):
    results = [train(run, *made(run, models, kind), batches[run["batches"]]) for kind in (torch.float64, torch.float32)]
    gap = max(abs(a - b) for a, b in zip(*(r["losses"] for r in results)))
    first, *_, last = results[0]["losses"]
    print(f"{name}: loss {first:.4f} → {last:.4f}; float32 against float64: {gap:.1e}")
    write_json(HERE / f"{name}.json", results[0] | dict(settings=run | dict(temperature=TEMPERATURE)))


def make_gradients(name, run, models, batch):
    """Each term's own gradients for one batch; those that are 0, or would be without rounding, are left out."""
    tensors = {}
    for term in run["weights"]:
        student, teacher, projections = made(run, models, torch.float64)
        terms(run, student, teacher, projections, batch)[term].backward()
        found = {n: p.grad for n, p in student.named_parameters() if p.grad is not None and p.grad.abs().max() > 1e-12}
        tensors |= {f"{term}.{n}": g.float() for n, g in found.items()}
    save_file(tensors, HERE / f"{name}-gradients.safetensors")


def make():
    tags = dict(id2label=dict(enumerate(TAGS)), label2id={name: i for i, name in enumerate(TAGS)})
    models = {
        "teacher": randomise(BertForMaskedLM(config(4, 24, 32)), 1),
        "student": randomise(BertForMaskedLM(config(2, 24, 32)), 2),
        "tagging-teacher": randomise(BertForTokenClassification(config(4, 24, 24, **tags)), 3),
        "narrow-student": randomise(BertForTokenClassification(config(2, 16, 24, **tags)), 4),
    }
    for name, model in models.items():
        save_folder(model, name)
    pairs = RUNS["tagging"]["pairs"]
    models["projections"] = randomise(torch.nn.ModuleDict({str(a): torch.nn.Linear(16, 24) for a, _ in pairs}), 5)
    start = {f"distillation.0.projection.{n}": p for n, p in models["projections"].state_dict().items()}
    save_file(start, HERE / "projections.safetensors")
    batches = dict(masked=[masked(t, 20 + i) for i, t in enumerate(LENGTHS)],
                   tags=[tagged(t, 30 + i) for i, t in enumerate(LENGTHS)])
    write_json(HERE / "batches.json", {f"{kind}.{i}": b for kind, all in batches.items() for i, b in enumerate(all)})
    make_gradients("triple", RUNS["triple"], models, batches["masked"][0])
    for name, run in RUNS.items():
        make_run(name, run, models, batches)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    make()
