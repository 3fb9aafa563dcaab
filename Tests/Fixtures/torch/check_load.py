"""Compares the tensors in expected.json with those that torch.load reads back: python check_load.py (torch 2.15.0).

Prints which files torch itself cannot load, with its reason, and exits with 1 if a tensor that it loads differs.
"""
import json, sys, warnings
from pathlib import Path

import torch

HERE = Path(__file__).parent
warnings.simplefilter("ignore")


def tensors(value, name=""):
    """The tensors of nested dictionaries, lists and tuples, with their dotted names."""
    if isinstance(value, torch.Tensor):
        yield name, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else []
    for key, item in items:
        yield from tensors(item, f"{name}.{key}".removeprefix("."))


def raw(tensor):
    return bytes(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).tolist()).hex()


different = 0
for file, expected in sorted(json.loads((HERE / "expected.json").read_text())["tensors"].items()):
    try:
        loaded = dict(tensors(torch.load(HERE / file, map_location="cpu", weights_only=True)))
    except Exception as error:
        print(f"{file}: torch.load refuses it: {str(error).splitlines()[0][:100]}")
        continue
    loaded = {name.removeprefix("state_dict.").removeprefix("module."): t for name, t in loaded.items()
              if not name.startswith("optimizer.")}
    wrong = sorted(name for name in expected.keys() | loaded.keys()
                   if name not in loaded or name not in expected or raw(loaded[name]) != expected[name]["bytes"])
    different += len(wrong)
    print(f"{file}: {len(expected)} tensors, " + (f"different: {wrong}" if wrong else "equal"))
sys.exit(1 if different else 0)
