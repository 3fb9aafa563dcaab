"""Attention of long sequences: the kernels of `bench-ops` and PyTorch's scaled_dot_product_attention, on one thread.

Prints the milliseconds of each, forward and backward, 12 heads of size 64: medians of alternating runs.

usage: OPENBLAS_CORETYPE= python benchmarks/attention.py        (needs torch and a release build of bench-ops)
"""
import json
import statistics
import subprocess
import time

import torch

ROUNDS, HEADS, SIZE = 3, 12, 64


def ours():
    """(kernel, shape) → milliseconds"""
    output = subprocess.run([".build/release/bench-ops", "attention"], check=True, capture_output=True).stdout
    lines = map(json.loads, output.decode().splitlines())
    return {(line["kernel"], line["shape"]): line["median_us"] / 1000 for line in lines}


def theirs(tokens, dtype):
    """Milliseconds of forward and backward, by the thread's CPU clock as in bench-ops."""
    q, k, v = (torch.randn(1, tokens, HEADS, SIZE).to(dtype).transpose(1, 2).requires_grad_() for _ in range(3))
    seconds = []
    for _ in range(4):
        start = time.thread_time()
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        middle = time.thread_time()
        y.backward(torch.ones_like(y))
        seconds.append((1000 * (middle - start), 1000 * (time.thread_time() - middle)))
    return [statistics.median(x) for x in zip(*seconds[1:])]


def main():
    torch.set_num_threads(1)
    found = {}
    for _ in range(ROUNDS):
        for (kernel, shape), value in ours().items():
            found.setdefault((kernel, shape), []).append(value)
        for tokens in (1024, 4096):
            for dtype in (torch.float32, torch.bfloat16):
                for part, value in zip(("forward", "backward"), theirs(tokens, dtype)):
                    found.setdefault((f"torch.{str(dtype)[6:]}.{part}", f"1x{tokens}x{HEADS}x{SIZE}"), []).append(value)
    for (name, shape), values in found.items():
        print(f"{name:32} {shape:28} {statistics.median(values):10.2f} ms")


if __name__ == "__main__":
    main()
