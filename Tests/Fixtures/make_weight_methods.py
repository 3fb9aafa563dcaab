"""Makes adapters of PEFT's methods that change weights, and what PEFT's `merge_and_unload` makes of them: folders
`adapters/weights/<name>` and `adapters/weights/golden.safetensors`, with `<name>.logits` (of the batch in
`tiny-bert/golden-token.json`) and `<name>.<weight>`, every seventh number of the merged weights that differ from the base's.
Every parameter is random, so that whoever leaves one out is found.

usage: python make_weight_methods.py          (torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0)
       python make_weight_methods.py randperm       torch.randperm of some seeds, for the test
"""
import json
import shutil
import sys
import warnings
from pathlib import Path

import torch
from peft import (
    BOFTConfig, FourierFTConfig, HRAConfig, LoHaConfig, LoKrConfig, MissConfig, OFTConfig, PeftModel, RandLoraConfig,
    ShiraConfig, VBLoRAConfig, get_peft_model)
from peft.tuners.boft import layer as boft
from transformers import logging

from make_tiny_bert import HERE, base, logits, write_tensors

FOLDER = HERE / "adapters" / "weights"
ALL = dict(task_type="TOKEN_CLS", target_modules=["query", "intermediate.dense", "output.dense"])
LAST = ALL | dict(layers_to_transform=[1])
METHODS = {
    "loha": LoHaConfig(**ALL, r=4, alpha=6, rank_pattern={"query": 2}, alpha_pattern={"layer.1.output.dense": 3},
                       use_effective_conv2d=True, modules_to_save=["token_type_embeddings"]),
    "lokr": LoKrConfig(**ALL, r=2, alpha=3, rank_pattern={"intermediate.dense": 16}, rank_dropout_scale=True),
    "lokr-both": LoKrConfig(**LAST, r=1, alpha=2, decompose_both=True, decompose_factor=8),
    "oft": OFTConfig(**ALL, oft_block_size=8),
    "oft-exact": OFTConfig(**LAST, r=6, oft_block_size=0, use_cayley_neumann=False, bias="oft_only"),
    "oft-shared": OFTConfig(task_type="TOKEN_CLS", target_modules=r".*layer\.0.*(query|output\.dense)", oft_block_size=4,
                            block_share=True, coft=True, eps=0.3, num_cayley_neumann_terms=3),
    "oft-terms": OFTConfig(**LAST, oft_block_size=16, coft=True, eps=0.2, num_cayley_neumann_terms=2),
    "boft": BOFTConfig(**ALL, boft_block_size=4, bias="boft_only"),
    "boft-butterfly": BOFTConfig(**LAST, boft_block_size=0, boft_block_num=8, boft_n_butterfly_factor=3),
    "boft-without-cuda": BOFTConfig(**LAST, boft_block_size=4, boft_n_butterfly_factor=2),
    "hra": HRAConfig(**ALL, r=4),
    "hra-gs": HRAConfig(**LAST, r=3, apply_GS=True, bias="hra_only"),
    "miss": MissConfig(**ALL, r=4),
    "miss-remainder": MissConfig(**LAST, r=5, init_weights=False),
    "miss-bat": MissConfig(**LAST, r=4, init_weights="bat"),
    "miss-mini": MissConfig(**LAST, r=4, mini_r=8, init_weights="mini"),
    "shira": ShiraConfig(**ALL, r=2, random_seed=3),
    "randlora": RandLoraConfig(**LAST, r=6, randlora_alpha=9, projection_prng_key=4),
    "fourierft": FourierFTConfig(**ALL, n_frequency=40, scaling=60, n_frequency_pattern={"query": 25}),
    "vblora": VBLoRAConfig(**ALL, r=2, num_vectors=12, vector_length=16),
    "vblora-topk": VBLoRAConfig(**LAST, r=2, num_vectors=300, vector_length=8, topk=3, save_only_topk_weights=True),
}


class BlockDiagonal:
    """What BOFT's CUDA extension computes; without it PEFT's layer has one butterfly factor, whatever the config says."""

    @staticmethod
    def forward(blocks):
        return [torch.stack([torch.block_diag(*factor) for factor in blocks])]


def randomise(model, seed):
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.requires_grad or "vector_bank" in name:
            scale = 0.1 if name.endswith("bias") else 2 if "logits" in name else 0.3
            p.data = p.data + scale * torch.randn(p.shape, generator=chance)
    return model.eval()


def fixed():
    batch = json.loads((HERE / "tiny-bert" / "golden-token.json").read_text())
    return {k: batch[k] for k in ("lengths", "ids", "types")}


def make():
    shutil.rmtree(FOLDER, ignore_errors=True)
    golden, original = {}, dict(base().named_parameters())
    for i, (name, config) in enumerate(METHODS.items()):
        boft.get_fbd_cuda = (lambda: BlockDiagonal) if name == "boft-butterfly" else (lambda: None)
        torch.manual_seed(100 + i)  # SHiRA's and the others' own starts
        model = randomise(get_peft_model(base(), config), seed=200 + i)
        if name == "shira":
            assert model.peft_config["default"].random_seed == 3
        before = logits(model, fixed())
        model.peft_config["default"].base_model_name_or_path = "tiny-bert"
        folder = FOLDER / name
        model.save_pretrained(folder)
        (folder / "README.md").unlink()
        path = folder / "adapter_config.json"
        config = json.loads(path.read_text())
        if isinstance(config["target_modules"], list):
            config["target_modules"].sort()
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
        merged = PeftModel.from_pretrained(base(), folder).merge_and_unload()
        golden[f"{name}.logits"] = logits(merged, fixed())
        print(f"{name}: merged against the adapter: {(golden[f'{name}.logits'] - before).abs().max():.1e}")
        for key, value in merged.state_dict().items():
            if key.startswith("bert.encoder") and not torch.equal(value, original[key]):
                golden[f"{name}.{key}"] = value.flatten()[::7].clone()
    write_tensors(FOLDER / "golden.safetensors", golden)


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if sys.argv[1:2] == ["randperm"]:
        for seed, n in [(777, 32 * 32), (0, 10), (2**40 + 5, 700)]:
            print(seed, n, torch.randperm(n, generator=torch.Generator().manual_seed(seed))[:8].tolist())
    else:
        make()
