"""Makes golden.safetensors: attention of 4,096 tokens and rotary embeddings by PyTorch and transformers.

Inputs are a function of their index (`numbers`), which the tests compute again. Attention is computed in float64, its
mask made by transformers; rotary embeddings in float32, as transformers does. Of large results only every 61st row is
stored.

usage: python make_golden.py        (torch 2.15.0, transformers 5.24.0, safetensors 0.8.0)
"""
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import ModernBertConfig
from transformers.masking_utils import create_bidirectional_sliding_window_mask
from transformers.models.modernbert.modeling_modernbert import ModernBertRotaryEmbedding, apply_rotary_pos_emb

HERE = Path(__file__).resolve().parent
TOKENS, HEADS, SIZE = 4096, 2, 16


def numbers(rows, columns, seed, scale):
    """Float32 numbers in ±scale: the upper 24 bits of a product modulo 2^32."""
    index = torch.arange(rows * columns, dtype=torch.int64) + seed * 1000003
    mixed = (index * 2654435761) % 2**32
    mixed = ((mixed ^ (mixed >> 15)) * 2246822519) % 2**32
    return (scale * ((mixed >> 8).float() / 2**23 - 1)).reshape(rows, columns)


def attention(window):
    """context and the gradient of Σ context·dcontext."""
    d = HEADS * SIZE
    qkv = numbers(TOKENS, 3 * d, 1, 2).double().requires_grad_()
    q, k, v = (x.unflatten(1, (HEADS, SIZE)).transpose(0, 1)[None] for x in qkv.chunk(3, dim=1))
    mask = None
    if window:
        config = ModernBertConfig(local_attention=2 * window)
        config._attn_implementation = "sdpa"
        mask = create_bidirectional_sliding_window_mask(config, inputs_embeds=q[0, 0][None], attention_mask=None)
    y = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)[0].transpose(0, 1).flatten(1)
    y.backward(numbers(TOKENS, d, 2, 1).double())
    return y[::61], qkv.grad[::61]


def rotary(theta, size, positions):
    """qkv with q and k rotated."""
    layer = dict(rope_type="default", rope_theta=theta)
    config = ModernBertConfig(
        hidden_size=HEADS * size, num_attention_heads=HEADS, layer_types=["full_attention"], num_hidden_layers=1,
        rope_parameters=dict(full_attention=layer, sliding_attention=layer))
    qkv = numbers(len(positions), 3 * HEADS * size, 3, 2)
    cos, sin = ModernBertRotaryEmbedding(config)(qkv[None], torch.tensor([positions]), "full_attention")
    q, k, v = (x.unflatten(1, (HEADS, size)).transpose(0, 1)[None] for x in qkv.chunk(3, dim=1))
    q, k = apply_rotary_pos_emb(q, k, cos, sin)
    return torch.cat([x[0].transpose(0, 1).flatten(1) for x in (q, k, v)], dim=1)


def make():
    tensors = {}
    for name, window in (("global", 0), ("local", 64)):
        tensors[f"{name}.context"], tensors[f"{name}.gradient"] = attention(window)
    positions = [0, 1, 2, 3, 0, 1, 5, 127, 1000, 4095, 8191]
    for theta in (10000, 160000):
        for size in (16, 64):
            tensors[f"rotary.{theta}.{size}"] = rotary(float(theta), size, positions)
    save_file({k: v.detach().float().contiguous() for k, v in tensors.items()}, HERE / "golden.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    make()
