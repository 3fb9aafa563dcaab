"""Makes the tiny DistilBERT folders, their golden values and a LoRA adapter by PEFT that the Swift tests read.

As make_tiny_bert.py, from which it takes the vocabulary, the batches and the writing: float32 on one CPU thread, fixed
seeds, no dropout, rows of real tokens only. Does not write README.md.

usage: python make_tiny_distilbert.py        (torch 2.15.0, transformers 5.23.0, peft 0.21.2, safetensors 0.8.0)
"""
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    DistilBertConfig, DistilBertForSequenceClassification, DistilBertForTokenClassification, logging,
)

import make_tiny_bert as bert

SHAPE = dict(
    vocab_size=60, dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=48, dropout=0.0,
    attention_dropout=0.0, seq_classif_dropout=0.0, attn_implementation="eager",
)


def randomise(model, seed):
    """Matrices 0.3n, gains of norms 1 + 0.2n, biases 0.1n, as in make_tiny_bert.py, whose norms have other names."""
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        n = torch.randn(p.shape, generator=chance)
        gain = "LayerNorm" in name or "layer_norm" in name
        p.data = 0.1 * n if name.endswith("bias") else 1 + 0.2 * n if gain else 0.3 * n
    return model.eval()


def make_golden(kind, labels, folder, golden, batch, seed):
    model = randomise(kind(DistilBertConfig(**SHAPE, **bert.named(labels))), seed)
    path = bert.save_folder(model, folder) / golden
    bert.write_golden(path, bert.token_golden if "labels" in batch else bert.sequence_golden, {"": model}, batch, {})
    return model


def make_adapter(batch):
    """Queries and values, as PEFT chooses in a BERT; everything that is trained is random."""
    base = lambda: DistilBertForTokenClassification.from_pretrained(
        bert.HERE / "tiny-distilbert", attn_implementation="eager")
    model = get_peft_model(base(), LoraConfig(
        task_type="TOKEN_CLS", lora_dropout=0.0, r=4, lora_alpha=6, target_modules=["q_lin", "v_lin"]))
    chance = torch.Generator().manual_seed(53)
    for name, p in model.named_parameters():
        if p.requires_grad:
            p.data = (0.1 if name.endswith("bias") else 0.2) * torch.randn(p.shape, generator=chance)
    folder = bert.HERE / "tiny-distilbert" / "lora"
    model.peft_config["default"].base_model_name_or_path = "tiny-distilbert"
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    config = bert.json.loads(path.read_text())
    config |= dict(target_modules=sorted(config["target_modules"]), base_model_name_or_path="tiny-distilbert")
    path.write_text(bert.json.dumps(config, indent=2, sort_keys=True) + "\n")
    golden = {"logits": bert.logits(model, batch)}
    assert torch.equal(bert.logits(PeftModel.from_pretrained(base(), folder), batch), golden["logits"])
    bert.write_tensors(folder / "golden.safetensors", golden)


def largest_gap(found, exact):
    """Without the key biases, whose gradients are rounding: softmax does not depend on them."""
    keys = [k for k in found if not k.endswith("k_lin.bias")]
    return max(((found[k] - exact[k]).abs().max() / exact[k].abs().max()).item() for k in keys)


def without_types(batch):
    return {k: v for k, v in batch.items() if k != "types"}


def padded(batch):
    inputs = whole_padded(batch | dict(types=[[0] * t for t in batch["lengths"]]))
    return {k: v for k, v in inputs.items() if k != "token_type_ids"}


def make():
    tokens = without_types(bert.ragged([3, 17, 9, 24, 1], seed=50))
    make_golden(DistilBertForTokenClassification, bert.TAGS, "tiny-distilbert", "golden-token.safetensors", tokens, 51)
    texts = without_types(bert.unlabelled(bert.ragged([11, 2, 26, 1, 8], seed=54))) | dict(classes=[2, 0, 1, 1, 0])
    make_golden(
        DistilBertForSequenceClassification, bert.CLASSES, "tiny-distilbert-sequence", "golden-sequence.safetensors",
        texts, 52)
    make_adapter(tokens)


if __name__ == "__main__":
    whole_padded, bert.padded, bert.largest_gap = bert.padded, padded, largest_gap
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    make()
