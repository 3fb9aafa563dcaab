"""Makes rank-2, a LoRA of some modules, and golden.safetensors: updates of combined adapters by PEFT's `add_weighted_adapter`, for CombinationTests.

The adapters are lora-final and lora-start of ../adapters, or lora-final and rank-2 ("ranks"), without their
heads, which PEFT refuses to combine. Of each combination, scale * B @ A of one module; of "magnitude_prune" and "cat" also
A and B.

usage: python make.py        (peft 0.21.2, transformers 5.24.0, torch 2.15.0)
"""
import json
import shutil
import tempfile
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import BertForTokenClassification

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent
MODULE = "bert.encoder.layer.1.attention.self.query"
WEIGHTS = [0.7, -0.4]
RUNS = {
    "linear": {}, "cat": {}, "svd": {"svd_rank": 3}, "ties": {"density": 0.6},
    "ties-frequency": {"combination_type": "ties", "density": 0.6, "majority_sign_method": "frequency"},
    "magnitude_prune": {"density": 0.3}, "ties_svd": {"density": 0.6, "svd_rank": 3},
    "magnitude_prune_svd": {"density": 0.3},
    "ranks-cat": {"combination_type": "cat", "adapters": ["lora-final", "rank-2"]},
    "ranks-svd": {"combination_type": "svd", "svd_rank": 5, "adapters": ["lora-final", "rank-2"]},
}


def headless(name, folder):
    target = Path(folder) / name
    shutil.copytree(FIXTURES / "adapters" / name, target)
    config = json.loads((target / "adapter_config.json").read_text())
    config |= {"task_type": None, "modules_to_save": None}
    (target / "adapter_config.json").write_text(json.dumps(config))
    tensors = load_file(target / "adapter_model.safetensors")
    save_file({k: v for k, v in tensors.items() if "classifier" not in k}, target / "adapter_model.safetensors")
    return target


def base():
    return BertForTokenClassification.from_pretrained(FIXTURES / "tiny-bert")


torch.manual_seed(1)
rank2 = get_peft_model(base(), LoraConfig(r=2, lora_alpha=8, use_rslora=True, target_modules=["query", "output.dense"]))
for name, parameter in rank2.named_parameters():
    if "lora_" in name:
        torch.nn.init.normal_(parameter, std=0.3)
rank2.peft_config["default"].base_model_name_or_path = "tiny-bert"
rank2.save_pretrained(HERE / "rank-2")
(HERE / "rank-2" / "README.md").unlink()
with tempfile.TemporaryDirectory() as folder:
    names = ["lora-final", "lora-start", "rank-2"]
    folders = {name: headless(name, folder) for name in names[:2]} | {"rank-2": HERE / "rank-2"}
    peft = PeftModel.from_pretrained(base(), folders["lora-final"], adapter_name="lora-final")
    for name in names[1:]:
        peft.load_adapter(folders[name], adapter_name=name)
    golden = {}
    for run, options in RUNS.items():
        options = {"combination_type": run, "adapters": names[:2]} | options
        new = run.replace("-", "_") + "_new"
        peft.add_weighted_adapter(weights=WEIGHTS, adapter_name=new, **options)
        layer = peft.base_model.model.get_submodule(MODULE)
        golden[run] = layer.get_delta_weight(new).detach().contiguous()
        if run in ("magnitude_prune", "cat"):
            golden[run + ".A"] = layer.lora_A[new].weight.detach().clone()
            golden[run + ".B"] = layer.lora_B[new].weight.detach().clone()
    save_file(golden, HERE / "golden.safetensors")
    print({name: (tuple(t.shape), float(t.norm())) for name, t in golden.items()})
