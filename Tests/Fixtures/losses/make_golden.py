"""Makes golden.json and golden.safetensors: distillation losses and their gradients by PyTorch, in float64.

Inputs are float32 numbers; what is computed from them in float64 is stored rounded to float32 (losses: as they are, in
the JSON). Each case is one op with its settings, tensors `<case>.student`, `.teacher`, `.gradient`.

usage: python make_golden.py        (torch 2.15.0, safetensors 0.8.0)
"""
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
LENGTHS = [1, 17, 2]
SCALE = 0.37


def randoms(rows, columns, seed, size=1.0):
    return size * torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def kl(student, teacher, temperature):
    """DistilBERT's: KLDivLoss(log softmax(s/T), softmax(t/T))·T², summed."""
    log_p, q = F.log_softmax(student / temperature, dim=-1), F.softmax(teacher / temperature, dim=-1)
    return F.kl_div(log_p, q, reduction="sum") * temperature**2


def top_kl(student, teacher, temperature, k):
    """The same over the teacher's k likeliest classes and all others as one."""
    log_p, log_q = F.log_softmax(student / temperature, dim=-1), F.log_softmax(teacher / temperature, dim=-1)
    known, top = log_q.topk(k, dim=-1)
    others = torch.ones_like(log_p).scatter(1, top, 0).bool()
    rest = log_p.masked_fill(~others, -torch.inf).logsumexp(-1, keepdim=True)
    left = (log_q.exp() * others).sum(-1, keepdim=True)
    p = torch.cat([log_p.gather(1, top), rest], -1)
    return F.kl_div(p, torch.cat([known.exp(), left], -1), reduction="sum") * temperature**2


def cosine(student, teacher):
    return F.cosine_embedding_loss(student, teacher, torch.ones(len(student)), reduction="sum")


def parts(qkv, heads):
    """q, k, v of each sequence, each [heads, t, width]."""
    for sequence in qkv.split(LENGTHS):
        yield [x.unflatten(1, (heads, -1)).transpose(0, 1) for x in sequence.chunk(3, dim=1)]


def product(a, b):
    return a @ b.transpose(1, 2) / a.shape[-1] ** 0.5


def scores(student, teacher, heads):
    pairs = zip(parts(student, heads), parts(teacher, heads))
    return sum(F.mse_loss(product(q, k), product(a, b), reduction="sum") for (q, k, _), (a, b, _) in pairs)


def relations(student, teacher, heads):
    loss = 0
    for ours, theirs in zip(parts(student, heads), parts(teacher, heads)):
        for x, t in zip(ours, theirs):
            loss = loss + F.kl_div(F.log_softmax(product(x, x), -1), F.softmax(product(t, t), -1), reduction="sum")
    return loss


OPS = dict(divergence=kl, top=top_kl, cosine=cosine, squared=lambda s, t: F.mse_loss(s, t, reduction="sum"),
           scores=scores, relations=relations)


def cases():
    """name → (op, settings, student, teacher)"""
    n = sum(LENGTHS)
    for t in (1, 2, 4):
        yield f"divergence.T{t}", "divergence", dict(temperature=t), randoms(6, 41, 1, 3), randoms(6, 41, 2, 3)
        settings = dict(temperature=t, k=5)
        yield f"top.T{t}", "top", settings, randoms(6, 41, 3, 3), randoms(6, 41, 4, 3)
    corners = lambda seed: 80 * torch.sign(randoms(4, 33, seed))
    yield "divergence.extreme", "divergence", dict(temperature=1), corners(5), corners(6)
    yield "divergence.wide", "divergence", dict(temperature=2), randoms(1, 2500, 7, 2), randoms(1, 2500, 8, 2)
    x, t = randoms(6, 19, 10), randoms(6, 19, 11)
    t[2] = 0
    yield "cosine", "cosine", {}, x, t
    # A student's row of zeros has a gradient of its own size: alone, so that it hides no other.
    yield "cosine.nothing", "cosine", {}, 0 * x[:2], torch.stack([t[0], t[2]])
    yield "squared", "squared", {}, randoms(5, 19, 12), randoms(5, 19, 13)
    for op, heads in (("scores", 2), ("relations", 4)):
        yield f"{op}.alike", op, dict(heads=heads), randoms(n, 24, 14), randoms(n, 24, 15)
        yield f"{op}.narrow", op, dict(heads=heads), randoms(n, 12, 16, 1.5), randoms(n, 36, 17)


def make():
    tensors, facts = {}, {}
    for name, op, settings, student, teacher in cases():
        x = student.double().requires_grad_()
        loss = SCALE * OPS[op](x, teacher.double(), **settings)
        loss.backward()
        tensors |= {f"{name}.student": student, f"{name}.teacher": teacher, f"{name}.gradient": x.grad.float()}
        facts[name] = dict(op=op, loss=loss.item(), scale=SCALE) | settings
        if "heads" in settings:
            facts[name]["lengths"] = LENGTHS
    save_file({k: v.contiguous() for k, v in tensors.items()}, HERE / "golden.safetensors")
    lines = (f" {json.dumps(k)}: {json.dumps(v)}" for k, v in facts.items())
    (HERE / "golden.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    make()
