"""Makes golden.json: what twenty steps of each optimizer make of small weights, in float64, and every schedule's rates.

Weights and gradients are `number(k)`, exact in float32 and computed again by the test, so that only results are stored.

usage: python make_golden.py        (torch 2.15.0, transformers 5.23.0)
"""
import json
from pathlib import Path

import torch
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn
from transformers import optimization
from transformers.optimization import Adafactor

HERE = Path(__file__).resolve().parent
SHAPES = {
    "layer.0.query.weight": [5, 7],
    "layer.0.query.bias": [7],
    "layer.0.LayerNorm.weight": [6],
    "layer.1.dense.weight": [9, 17],
    "classifier.weight": [3, 4],
}
STEPS, MAX_NORM, DECAY = 20, 5.0, 0.1


def number(k):
    """The k-th of numbers in [-1, 1) without much order: 24 bits of a hash (Knuth's and Murmur's multipliers)."""
    h = k * 2654435761 % 2**32
    h = (h ^ h >> 15) * 2246822519 % 2**32
    h = (h ^ h >> 13) * 3266489917 % 2**32
    return (h >> 8) / 2**23 - 1


def tensors(step):
    """Weights (step 0) or gradients (1…); every third step's are an eighth, too small to be clipped."""
    k, result = 100_000 * step, {}
    for name, shape in SHAPES.items():
        count = torch.Size(shape).numel()
        size = 0.125 if step % 3 == 0 and step > 0 else 1
        result[name] = size * torch.tensor([number(k + i) for i in range(count)], dtype=torch.float64).reshape(shape)
        k += count
    return result


class Lion(torch.optim.Optimizer):
    """lion-pytorch's update (Chen et al. 2023, algorithm 2), without decay, which `run` does."""

    def __init__(self, groups, lr, betas=(0.9, 0.99)):
        super().__init__(groups, dict(lr=lr, betas=betas))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.add_(torch.sign(m * beta1 + p.grad * (1 - beta1)), alpha=-group["lr"])
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)


def run(make, peak, groups=(), average=None, decoupled=True):
    """Twenty steps at peak·(20 - k)/20. `groups`: (part of a name, rate factor, decay or None); the first wins."""
    parameters = {name: torch.nn.Parameter(value) for name, value in tensors(0).items()}
    options = []
    for name, p in parameters.items():
        match = next((g for g in groups if f".{g[0]}." in f".{name}."), ("", 1, None))
        isMatrix = not name.endswith(".bias") and "LayerNorm" not in name
        decay = (DECAY if match[2] is None else match[2]) if isMatrix else 0
        options.append(dict(params=[p], factor=match[1], decay=decay))
    optimizer = make([dict(params=o["params"], **({} if decoupled else {"weight_decay": o["decay"]})) for o in options])
    model = torch.nn.ParameterList(parameters.values())
    averaged = AveragedModel(model, multi_avg_fn=average[0]) if average else None
    for step in range(STEPS):
        for group, o in zip(optimizer.param_groups, options):
            group["lr"] = peak * (STEPS - step) / STEPS * o["factor"]
            if decoupled:
                with torch.no_grad():
                    o["params"][0].mul_(1 - group["lr"] * o["decay"])
        for name, gradient in tensors(step + 1).items():
            parameters[name].grad = gradient
        torch.nn.utils.clip_grad_norm_(parameters.values(), MAX_NORM)
        optimizer.step()
        if averaged and step >= average[1]:
            averaged.update_parameters(model)
    final = averaged.module if averaged else model
    return {name: p.flatten().tolist() for name, p in zip(parameters, final)}


def adamw(groups):
    return torch.optim.AdamW(groups, lr=1)


def adafactor(groups):
    return Adafactor(groups, lr=1, scale_parameter=False, relative_step=False, warmup_init=False)


GROUPS = (("layer.0", 0.5, None), ("query", 7, 7), ("classifier", 3, 0.02))
# torch's SGD and Lion's reference are given no decay: here it is decoupled, done by `run`.
RUNS = {
    "adamw": run(adamw, 3e-3, decoupled=False),
    "adamw-groups": run(adamw, 3e-3, GROUPS, decoupled=False),
    "sgd": run(lambda g: torch.optim.SGD(g, lr=1), 1e-2),
    "sgd-momentum": run(lambda g: torch.optim.SGD(g, lr=1, momentum=0.9), 1e-2, GROUPS),
    "sgd-nesterov": run(lambda g: torch.optim.SGD(g, lr=1, momentum=0.9, nesterov=True), 1e-2),
    "lion": run(lambda g: Lion(g, lr=1), 1e-3),
    "lion-groups": run(lambda g: Lion(g, lr=1), 1e-3, GROUPS),
    "adafactor": run(adafactor, 1e-2, decoupled=False),
    "adafactor-groups": run(adafactor, 1e-2, GROUPS, decoupled=False),
    "ema": run(adamw, 3e-3, average=(get_ema_multi_avg_fn(0.9), 0), decoupled=False),
    "mean-of-5": run(adamw, 3e-3, average=(get_swa_multi_avg_fn(), 15), decoupled=False),
}

PEAK, TOTAL = 3e-4, 40


def rates(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    schedule = make(optimizer)
    found = []
    for _ in range(TOTAL):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step() if len(found) < TOTAL else None
    return found


o = optimization
SCHEDULES = {
    "linear": rates(lambda x: o.get_linear_schedule_with_warmup(x, 7, TOTAL)),
    "constant": rates(lambda x: o.get_constant_schedule_with_warmup(x, 7)),
    "cosine": rates(lambda x: o.get_cosine_schedule_with_warmup(x, 7, TOTAL)),
    "cosine-floor": rates(lambda x: o.get_cosine_with_min_lr_schedule_with_warmup(x, 7, TOTAL, min_lr_rate=0.1)),
    "polynomial": rates(lambda x: o.get_polynomial_decay_schedule_with_warmup(x, 7, TOTAL, lr_end=0, power=1)),
    "polynomial-floor": rates(
        lambda x: o.get_polynomial_decay_schedule_with_warmup(x, 7, TOTAL, lr_end=0.05 * PEAK, power=2.5)),
    "inverse-sqrt": rates(lambda x: o.get_inverse_sqrt_schedule(x, 7)),
    "inverse-sqrt-no-warmup": rates(lambda x: o.get_inverse_sqrt_schedule(x, 0)),
    "inverse-sqrt-timescale": rates(lambda x: o.get_inverse_sqrt_schedule(x, 7, timescale=3)),
    "one-cycle": rates(lambda x: OneCycleLR(x, PEAK, total_steps=TOTAL, cycle_momentum=False)),
    "one-cycle-options": rates(
        lambda x: OneCycleLR(
            x, PEAK, total_steps=TOTAL, pct_start=0.11, div_factor=10.0, final_div_factor=50.0, cycle_momentum=False)),
}

with open(HERE / "golden.json", "w") as file:
    runs = {k: {n: [float(f"{x:.9g}") for x in v] for n, v in run.items()} for k, run in RUNS.items()}
    json.dump({"runs": runs, "schedules": SCHEDULES}, file, indent=None, separators=(",", ":"))
    file.write("\n")
