"""Makes training runs of tiny sequence classifiers, by PyTorch and PEFT, that the Swift tests repeat.

BERT and DistilBERT, in full and with LoRA, over single texts and over pairs, and LoRA over a masked language model, which
has no pooler. Training is that of ../make_tiny_bert.py: float32 on one CPU thread, without dropout, from fixed seeds,
padded and masked; the loss is the mean over the batch's sequences. Each run is made in float64 too, and the distance is
printed: it bounds the tolerance of a test. Does not write README.md.

usage: python make_golden.py        (torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0)
"""
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, logging

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import make_tiny_bert as bert  # noqa: E402
import make_tiny_distilbert as distilbert  # noqa: E402

CLS, SEP, FIRST, LAST = 2, 3, 5, 59
LABELS = 3
# Base folder, its family's queries and values, and what is trained and saved besides PEFT's "classifier" and "score".
FAMILIES = {
    "bert": ("tiny-bert-sequence", ["query", "value"], None),
    "distilbert": ("tiny-distilbert-sequence", ["q_lin", "v_lin"], None),
    "masked-bert": ("distillation/student", ["query", "value"], ["classifier", "pooler"]),
}
# Lengths of the texts, or of the two texts of a pair, without special tokens; four batches of each.
TEXTS = [[5, 12, 1, 18], [7, 7, 14, 3], [22, 2, 9, 11], [6, 15, 4, 8]]
PAIRS = [[(5, 7), (12, 1), (1, 1), (8, 12)], [(7, 3), (3, 7), (14, 5), (2, 2)], [(11, 10), (1, 16), (9, 4), (6, 6)],
         [(4, 15), (15, 4), (3, 2), (8, 8)]]
# Over the vocabulary of the tiny folders.
FIXED = [
    ("the dose of aspirin in liver cells", None), ("a drug", "the gene in the cell."), ("(x)", None),
    ("aspirin, a drug", "dose"), ("dosing drugs in the liver of a cell - dose in, drug in", None),
    ("of", "the livers (a, b) in drugs of the cells, genes"),
]


def encoded(first, second):
    """(ids, types) of [CLS] A [SEP] or [CLS] A [SEP] B [SEP]."""
    ids = [CLS, *first, SEP]
    rest = [] if second is None else [*second, SEP]
    return ids + rest, [0] * len(ids) + [1] * len(rest)


def batch_of(rows):
    return dict(lengths=[len(ids) for ids, _ in rows], ids=[ids for ids, _ in rows], types=[types for _, types in rows])


def draw_batches(lengths, seed):
    """Random ids without special tokens among them; a label for each sequence, as a list of one."""
    chance = torch.Generator().manual_seed(seed)
    draw = lambda low, high, n: torch.randint(low, high, (n,), generator=chance).tolist()
    text = lambda n: None if n is None else draw(FIRST, LAST + 1, n)
    batches = []
    for batch in lengths:
        pairs = [n if isinstance(n, tuple) else (n, None) for n in batch]
        batches.append(batch_of([encoded(text(a), text(b)) for a, b in pairs]))
        batches[-1]["labels"] = [[label] for label in draw(0, LABELS, len(batch))]
    return batches


def fixed_batch():
    tokenizer = AutoTokenizer.from_pretrained(bert.HERE / "tiny-bert-sequence")
    pieces = lambda text: None if text is None else tokenizer(text, add_special_tokens=False)["input_ids"]
    rows = [encoded(pieces(a), pieces(b)) for a, b in FIXED]
    for (a, b), (ids, types) in zip(FIXED, rows):
        own = tokenizer(a, b, return_token_type_ids=True)
        assert (own["input_ids"], own["token_type_ids"]) == (ids, types), "the tokenizer's own template is this one"
    return batch_of(rows) | dict(texts=[list(pair) for pair in FIXED])


def padded(batch, takes_types):
    """The inputs of transformers; DistilBERT takes no types."""
    inputs = whole_padded({k: batch[k] for k in ("lengths", "ids", "types")})
    if not takes_types:
        del inputs["token_type_ids"]
    return inputs | (dict(labels=torch.tensor(batch["labels"]).flatten()) if "labels" in batch else {})


def base(folder):
    """A model without a pooler or a classifier gets random ones: start_adapter() replaces them, in a fixed order."""
    return AutoModelForSequenceClassification.from_pretrained(
        bert.HERE / folder, num_labels=LABELS, attn_implementation="eager", dtype=torch.float32)


def start_adapter(family, seed):
    """As in make_tiny_bert.py: A, B and what is saved with them are random."""
    folder, targets, saved = FAMILIES[family]
    model = get_peft_model(base(folder), LoraConfig(
        task_type="SEQ_CLS", r=4, lora_alpha=8, lora_dropout=0.0, target_modules=targets, modules_to_save=saved))
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.requires_grad:
            n = torch.randn(p.shape, generator=chance)
            p.data = p.data + 0.1 * n if name.endswith("bias") else 0.2 * n if "lora_" in name else 0.3 * n
    return model


def save_adapter(model, name, base_folder):
    folder = HERE / name
    model.peft_config["default"].base_model_name_or_path = str(bert.HERE / base_folder)
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    config = bert.json.loads(path.read_text())
    config |= dict(target_modules=sorted(config["target_modules"]), base_model_name_or_path=base_folder)
    path.write_text(bert.json.dumps(config, indent=2, sort_keys=True) + "\n")
    return folder


@torch.no_grad()
def logits(model, batch):
    return model.eval()(**bert.padded(batch)).logits


def largest_gap(found, exact):
    """Without the key biases and what is not trained: softmax does not depend on the former, the latter stays."""
    keys = [k for k in found if found[k].requires_grad and not k.endswith(("key.bias", "k_lin.bias"))]
    return max(((found[k] - exact[k]).abs().max() / exact[k].abs().max()).item() for k in keys)


def make_run(name, family, model, batches, fixed, golden):
    """Trains; keeps what each step saw, and the logits before and after."""
    takes_types = family != "distilbert"
    bert.padded = lambda batch: padded(batch, takes_types)
    is_full = not isinstance(model, PeftModel)
    folder = FAMILIES[family][0]
    for moment in ("start", "final"):
        if moment == "final":
            double = bert.copy.deepcopy(model).double()
            exact, _ = bert.train(double, batches)
            facts, _ = bert.train(model, batches)
            gap = max(abs(a - b) for a, b in zip(facts["losses"], exact["losses"]))
            end = largest_gap(dict(model.named_parameters()), dict(double.named_parameters()))
            far = (logits(model, fixed) - logits(double, fixed)).abs().max().item()
            print(f"| `{name}` | {facts['trainable_parameters']:,} | {facts['losses'][0]:.4f} → {facts['losses'][-1]:.4f} |"
                  f" float32 against float64: losses {gap:.1e}, final weights {end:.1e}, logits {far:.1e}")
            bert.write_json(HERE / f"{name}.json", facts)
        golden[f"logits.{name}-{moment}"] = logits(model, fixed)
        if not is_full:
            saved = save_adapter(model, f"{name}-{moment}", folder)
            again = logits(PeftModel.from_pretrained(base(folder), saved), fixed)
            assert torch.equal(again, golden[f"logits.{name}-{moment}"]), f"{saved.name}: the same logits after loading"


def make():
    batches = {"text": draw_batches(TEXTS, seed=60), "pair": draw_batches(PAIRS, seed=61)}
    assert all(n <= 24 for kind in batches.values() for batch in kind for n in batch["lengths"])
    bert.write_json(HERE / "batches.json", {f"{kind}.{i}": b for kind, all in batches.items() for i, b in enumerate(all)})
    fixed = fixed_batch()
    bert.write_json(HERE / "golden-fixed.json", fixed)
    golden, seed = {}, 70
    for family, (folder, _, _) in FAMILIES.items():
        for kind in ("text", "pair"):
            if family != "masked-bert":
                make_run(f"{family}-full-{kind}", family, base(folder), batches[kind], fixed, golden)
            elif kind == "text":
                continue
            make_run(f"{family}-lora-{kind}", family, start_adapter(family, seed), batches[kind], fixed, golden)
            seed += 1
    bert.write_tensors(HERE / "golden.safetensors", golden)


if __name__ == "__main__":
    whole_padded = bert.padded
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    make()
