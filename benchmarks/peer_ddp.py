"""The peer of two ranks: a token-classification recipe on several processes of PyTorch (DistributedDataParallel, Gloo).

Reads the recipe as peer_ner.py does, and takes its first `training.max_steps` steps. `batch_size` is the whole batch, of which
each process pads and computes its part on one thread. No evaluation. Prints one JSON line from rank 0.

usage: python -m torch.distributed.run --standalone --nproc-per-node 2 peer_ddp.py RECIPE.json [--bf16]
"""
import argparse
import contextlib
import json
import random
import time

import torch
import torch.distributed
from torch.nn.parallel import DistributedDataParallel

from peer_ner import IGNORED, Corpus, batches, build_model, build_optimizer, collate, read_recipe


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
    options = parser.parse_args()
    recipe = read_recipe(options.recipe)
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo")
    rank, size = torch.distributed.get_rank(), torch.distributed.get_world_size()
    torch.manual_seed(recipe["seed"])
    random.seed(recipe["seed"])
    corpus, training = Corpus(recipe), recipe["training"]
    model = DistributedDataParallel(build_model(recipe, corpus.labels), gradient_as_bucket_view=True)
    torch.manual_seed(recipe["seed"] + rank)
    examples, steps = corpus.sets["train"], training["max_steps"]
    optimizer, schedule = build_optimizer(model, training, steps)
    trainable = [p for p in model.parameters() if p.requires_grad]
    precision = torch.autocast("cpu", dtype=torch.bfloat16) if options.bf16 else contextlib.nullcontext()
    model.train()
    order, seconds, tokens = [], 0.0, 0
    for _ in range(steps):
        order = order or batches(examples, training["batch_size"], training["train_sampling_strategy"])
        batch = [examples[i] for i in order.pop(0)]
        torch.distributed.barrier()
        clock = time.perf_counter()
        # An epoch's last batch may have fewer sentences than processes.
        inputs, targets = collate(batch[rank::size] or batch[:1], corpus.pad)
        with precision:
            logits = model(**inputs).logits
        torch.nn.functional.cross_entropy(
            logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED,
            label_smoothing=recipe["task"]["label_smoothing"]).backward()
        if training["max_grad_norm"]:
            torch.nn.utils.clip_grad_norm_(trainable, training["max_grad_norm"])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        seconds += time.perf_counter() - clock
        tokens += sum(len(ids) for ids, _, _ in batch)
    if rank == 0:
        print(json.dumps({
            "peer": f"torch {torch.__version__}", "processes": size, "bf16": options.bf16, "steps": steps, "tokens": tokens,
            "train_seconds": round(seconds, 2), "tokens_per_second": round(tokens / seconds),
            "trainable_parameters": sum(p.numel() for p in trainable)}))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
