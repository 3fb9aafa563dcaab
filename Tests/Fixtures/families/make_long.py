"""Makes the golden file of a ModernBERT at 4,096 tokens: hidden states (every 64th row), logits (the same), loss and all
gradients of transformers, in float32 with eager attention. The weights are those of modernbert-token; its config.json
gets 8,192 positions and a window of 128.

usage: python make_long.py        (torch 2.15.0, transformers 5.24.0, safetensors 0.8.0)
"""
import pathlib

import torch
import transformers as hf
from safetensors.torch import save_file

HERE, TOKENS = pathlib.Path(__file__).resolve().parent, 4096


def numbers(count, most, seed):
    """0 ≤ integers < most, as in FamilyTests.swift."""
    return [(i * 2654435761 + seed) % 2**32 // 65536 % most for i in range(count)]


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = HERE / "modernbert-token"
    config = hf.ModernBertConfig.from_pretrained(folder, max_position_embeddings=8192, local_attention=128)
    model = hf.ModernBertForTokenClassification.from_pretrained(
        folder, config=config, attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.tensor([[5 + x for x in numbers(TOKENS, 55, 0)]])
    states = model.model(ids).last_hidden_state[0]
    logits = model(ids).logits[0]
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(numbers(TOKENS, 5, 12345)))
    loss.backward()
    golden = {"hidden_states": states[::64], "logits": logits[::64], "loss": loss[None]}
    golden |= {"gradient." + n: p.grad for n, p in model.named_parameters()}
    save_file({k: v.detach().contiguous() for k, v in golden.items()}, HERE / "modernbert-long.safetensors")
