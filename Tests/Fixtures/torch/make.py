"""Writes the files of this folder, and what is in them: expected.json.

Command: python make.py (torch 2.15.0, numpy 2.4.6, safetensors 0.8.0). Legacy files differ from run to run in the keys of their storages.
"""
import argparse, collections, io, json, os, pickle, zipfile

import numpy
import torch
from safetensors.torch import load_file

os.chdir(os.path.dirname(os.path.abspath(__file__)))
NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
    torch.uint16: "U16", torch.uint32: "U32", torch.uint64: "U64", torch.complex64: "C64", torch.complex128: "C128",
    torch.complex32: "C32", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
    torch.float8_e4m3fnuz: "F8_E4M3FNUZ", torch.float8_e5m2fnuz: "F8_E5M2FNUZ", torch.float8_e8m0fnu: "F8_E8M0",
    torch.float4_e2m1fn_x2: "F4",
}
expected = {}


def describe(tensor):
    shape = list(tensor.shape)
    if tensor.dtype == torch.float4_e2m1fn_x2:
        shape[-1] *= 2
        raw = tensor.view(torch.uint8).numpy().tobytes()
    else:
        raw = bytes(tensor.detach().contiguous().reshape(-1).view(torch.uint8).tolist())
    return {"dtype": NAMES[tensor.dtype], "shape": shape, "bytes": raw.hex()}


def save(name, value, tensors=None, **options):
    """Writes zip and legacy form; `tensors`: what is expected, by name."""
    tensors = {key: describe(t) for key, t in (tensors or value).items()}
    for form, new in [("zip", True), ("legacy", False)]:
        torch.save(value, f"{name}-{form}.bin", _use_new_zipfile_serialization=new, **options)
        expected[f"{name}-{form}.bin"] = tensors


def rezip(source, target, change=lambda name, data: data, method=zipfile.ZIP_STORED, order=lambda names: names):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", method) as new:
        for name in order(old.namelist()):
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(zipfile.ZipInfo(name), data, method)
    expected[target] = expected[source]


# Every dtype; the bytes 0, 1, 2, … but for the types that must be small.
dtypes = {}
for dtype, name in NAMES.items():
    if dtype == torch.float4_e2m1fn_x2:
        dtypes[name] = torch.arange(3, dtype=torch.uint8).view(dtype)
    elif dtype == torch.bool:
        dtypes[name] = torch.tensor([[True, False, True]])
    else:
        size = torch.empty(0, dtype=dtype).element_size()
        dtypes[name] = torch.arange(6 * size, dtype=torch.uint8).view(dtype).reshape(2, 3)
save("dtypes", dtypes)

# Strides, shared storages, parameters.
x = torch.arange(24.0).reshape(2, 3, 4)
parameter = torch.nn.Parameter(torch.arange(3.0))
strides = collections.OrderedDict(
    whole=x, transposed=x.permute(2, 0, 1), part=x[1], steps=x[:, ::2, 1:4:2], row=x[1, 2], scalar=x[1, 2, 3],
    expanded=torch.tensor([[1.0], [2.0]]).expand(2, 5), once=torch.tensor(3.5).expand(2, 2), empty=torch.empty(0, 4),
    emptied=x[:, :0], ones=torch.arange(4.0).as_strided((1, 4, 1), (77, 1, 99)), parameter=parameter,
    frozen=torch.nn.Parameter(torch.ones(2, dtype=torch.float16), requires_grad=False), half=x.half().T.T,
)
strides["tied"] = strides["parameter"]
save("strides", strides)

# A module's state dict, with _metadata; so many entries that the indices of the memo are long.
torch.manual_seed(1)
model = torch.nn.Sequential(*[torch.nn.Linear(1, 1) for _ in range(60)], torch.nn.LayerNorm(2))
save("module", model.state_dict())

# Nested values, as training scripts write them.
w, b = torch.arange(6.0).reshape(2, 3), torch.arange(2.0)
nested = {"a": {"b": [w, (b, {"c": w.T})], 7: b}, "epoch": 3, "lr": 1e-3, "big": 1 << 80, "none": None, "yes": True}
save("nested", nested, {"a.b.0": w, "a.b.1.0": b, "a.b.1.1.c": w.T, "a.7": b})
wrapped = {"epoch": 3, "state_dict": {"module.w": w, "module.b": b}, "optimizer": {"state": {0: {"exp_avg": w}}}}
save("wrapped", wrapped, {"w": w, "b": b})

# Archives that something else wrote again, or an older version wrote.
rezip("strides-zip.bin", "deflated.bin", method=zipfile.ZIP_DEFLATED)
rezip("strides-zip.bin", "stored.bin")
rezip("dtypes-zip.bin", "old.bin", lambda name, data: data if "/data" in name else None, order=sorted)
rezip("module-zip.bin", "cuda.bin", lambda name, data: data.replace(b"torch\nFloatStorage", b"torch.cuda\nFloatStorage")
      .replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"))
torch.serialization.set_crc32_options(False)
torch.save(strides, "no-checksums.bin")
torch.serialization.set_crc32_options(True)
expected["no-checksums.bin"] = expected["strides-zip.bin"]


# Python 2: byte strings, an OrderedDict made of a list of pairs, _rebuild_tensor, a storage that is a view of another.
def text(value):
    return b"U" + bytes([len(value)]) + value.encode()


def storage(key, view):
    return (b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + b"K\x04" + view + b"tQ")


MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e8002 4de9032e 80027d2e".replace(" ", ""))
view = b"(" + text("8") + b"K\x01K\x02t"
tensors = [(b"weight", storage("7", b"N") + b"K\x00(K\x02K\x02t(K\x01K\x02t"), (b"bias", storage("7", view) + b"K\x01K\x01\x85K\x01\x85")]
pairs = b"".join(b"](" + text(name.decode()) + b"ctorch._utils\n_rebuild_tensor\n(" + rest + b"tRe" for name, rest in tensors)
numbers = torch.arange(4.0)
with open("python2.bin", "wb") as file:
    file.write(MAGIC + b"\x80\x02ccollections\nOrderedDict\n](" + pairs + b"e\x85R." + b"\x80\x02](" + text("7") + b"e.")
    file.write((4).to_bytes(8, "little") + numbers.numpy().tobytes())
expected["python2.bin"] = {"weight": describe(numbers.reshape(2, 2).T.contiguous()), "bias": describe(numbers[2:3])}

# Folders of tests, as .bin: with the names of the first checkpoints, from several GPUs; and as PEFT wrote adapters.
tiny = load_file("../tiny-bert/model.safetensors")
torch.save(tiny, "tiny-bert.bin")
old = {"module." + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): t
       for name, t in tiny.items()}
torch.save(old, "tiny-bert-old.bin", _use_new_zipfile_serialization=False)
odd = {name: t.double() for name, t in tiny.items()}
odd |= {"cls.species.weight": torch.ones(6, 32), "cls.seq_relationship.weight": torch.ones(2, 32), "bert.embeddings.position_ids":
        torch.arange(64).expand(1, -1)}
torch.save(odd, "tiny-bert-odd.bin")
torch.save(load_file("../adapters/lora-start/adapter_model.safetensors"), "adapter_model.bin")


# What must be refused, by the name of what it asks for.
class Run:
    def __reduce__(self):
        return (os.system, ("touch called",))


refused = {
    "system": ({"w": w, "x": Run()}, "posix.system"),
    "numpy": ({"w": w, "loss": numpy.float64(1.0)}, "numpy._core.multiarray.scalar"),
    "whole-module": (torch.nn.Linear(1, 1), "torch.nn.modules.linear.Linear"),
    "namespace": ({"w": w, "args": argparse.Namespace(a=1)}, "argparse.Namespace"),
    "defaultdict": (collections.defaultdict(list), "collections.defaultdict"),
    "quantized": ({"w": torch.quantize_per_tensor(w, 0.1, 0, torch.qint8)}, "torch._utils._rebuild_qtensor"),
    "sparse": ({"w": w.to_sparse()}, "torch._utils._rebuild_sparse_tensor"),
    "set": ({"w": w, "x": {1}}, "__builtin__.set"),
}
globals_ = {}
for name, (value, asked) in refused.items():
    for form, new in [("zip", True), ("legacy", False)]:
        torch.save(value, f"refused-{name}-{form}.bin", _use_new_zipfile_serialization=new)
        globals_[f"refused-{name}-{form}.bin"] = asked
torch.save({"w": w}, "refused-protocol4.bin", pickle_protocol=4)
torch.save({"w": torch.complex(w, w).conj()}, "refused-conj.bin")
torch.save([w, b], "list.bin")
torch.jit.script(torch.nn.Linear(1, 1)).save("refused-script.bin")

with open("expected.json", "w") as file:
    json.dump({"tensors": expected, "globals": globals_}, file, indent=None, separators=(",", ":"), sort_keys=True)
