"""Makes the fixtures of CheckpointsTests beside itself. Run: python make_fixtures.py"""

import json
import struct
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load, save_file

HERE = Path(__file__).parent


def thirds(*shape):
    """Element i is i / 3 - 1 in float32, which the tests compute again."""
    return (torch.arange(torch.Size(shape).numel(), dtype=torch.float32) / 3 - 1).reshape(shape)


def plain():
    tensors = {
        "layer.weight": thirds(2, 3),
        "layer.bias": thirds(3),
        "a scalar": thirds(),
        "empty": thirds(0, 4),
        'a "quoted" \\ name, ünïcode ﬁ': thirds(5, 1, 1),
    }
    for name, dtype in ("f32", torch.float32), ("f16", torch.float16), ("bf16", torch.bfloat16):
        save_file({k: v.to(dtype) for k, v in tensors.items()}, HERE / f"{name}.safetensors", metadata={"format": "pt"})
    save_file(tensors, HERE / "no-metadata.safetensors")


def mixed():
    dtypes = {
        "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
        "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8,
        "BOOL": torch.bool,
    }
    save_file({k: torch.tensor([0, 1, 2], dtype=torch.float32).to(v) for k, v in dtypes.items()}, HERE / "mixed.safetensors")


def others():
    """Four elements in each dtype that tune does not read as floats and `mixed` lacks; F4 and F6 are packed."""
    dtypes = {
        "U64": torch.uint64, "U32": torch.uint32, "U16": torch.uint16, "C64": torch.complex64, "F8_E5M2": torch.float8_e5m2,
        "F8_E4M3": torch.float8_e4m3fn, "F8_E8M0": torch.float8_e8m0fnu, "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
        "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    }
    tensors = {k: torch.tensor([1, 2, 4, 8], dtype=torch.float32).to(v) for k, v in dtypes.items()}
    tensors["F4"] = torch.tensor([0x21, 0x43], dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    # Wider and narrower neighbours in the library's layout.
    tensors |= {"F32": torch.ones(1), "I64": torch.ones(1, dtype=torch.int64), "BOOL": torch.ones(1, dtype=torch.bool)}
    save_file(tensors, HERE / "others.safetensors")
    # torch has no six-bit floats.
    entry = '{"dtype":"%s","shape":[2,2],"data_offsets":[%d,%d]}'
    header = ('{"F6_E2M3":' + entry % ("F6_E2M3", 3, 6) + ',"F6_E3M2":' + entry % ("F6_E3M2", 0, 3) + "}").encode()
    data = struct.pack("<Q", len(header)) + header + bytes(range(6))
    (HERE / "six-bits.safetensors").write_bytes(data)
    with safe_open(HERE / "six-bits.safetensors", "pt") as file:
        assert sorted(file.keys()) == ["F6_E2M3", "F6_E3M2"]


def halves():
    """Floats at every edge of the 16-bit formats, with torch's conversions of them."""
    edges = [0.0, -0.0, 1.0, -1.0, 1 / 3, 65504.0, 65519.996, 65520.0, 65536.0, 1e38, 3.4e38, float("inf"), -float("inf")]
    edges += [2.0**-14, 2.0**-15, 2.0**-24, 2.0**-25, 2.0**-25 * 1.0001, 2.0**-26, 1.5 * 2.0**-24, 2.5 * 2.0**-24, 1e-45]
    edges += [2.0**-14 - 2.0**-25, 2.0**-14 - 2.0**-26]
    edges += [1 + 2.0**-11, 1 + 3 * 2.0**-11, 1 + 2.0**-11 + 2.0**-20, 1 + 2.0**-8, 1 + 3 * 2.0**-8, 1 + 2.0**-8 + 2.0**-20]
    generator = torch.Generator().manual_seed(7)
    random = torch.randn(200, generator=generator) * torch.exp(8 * torch.randn(200, generator=generator))
    x = torch.cat([torch.tensor(edges, dtype=torch.float32), random])
    x = torch.cat([x, -x])
    save_file({"x": x, "f16": x.to(torch.float16), "bf16": x.to(torch.bfloat16), "f64": x.to(torch.float64) * (1 + 2.0**-40)},
              HERE / "halves.safetensors")


def unaligned():
    """A header of 57 bytes: the values begin at byte 65."""
    header = b'{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}  '
    data = struct.pack("<Q", len(header)) + header + struct.pack("<3f", 1, 2, 3)
    assert load(data)["x"].tolist() == [1, 2, 3]
    (HERE / "unaligned.safetensors").write_bytes(data)


def sharded():
    folder = HERE / "sharded"
    folder.mkdir(exist_ok=True)
    shards = {
        "model-00001-of-00002.safetensors": {"embed.weight": thirds(4, 2), "layer.0.weight": thirds(2, 2).to(torch.float16)},
        "model-00002-of-00002.safetensors": {"layer.1.weight": thirds(2, 2), "head.bias": thirds(3)},
    }
    for name, tensors in shards.items():
        save_file(tensors, folder / name, metadata={"format": "pt"})
    size = sum(t.nbytes for tensors in shards.values() for t in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": {t: name for name, tensors in shards.items() for t in tensors}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")


for make in plain, mixed, others, halves, unaligned, sharded:
    make()
