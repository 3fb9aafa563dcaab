"""Makes adapters with trainable tokens, by PyTorch and PEFT: new tokens and one that the vocabulary has.

A LoRA over a classifier whose vocabulary is four tokens larger (BERT, ModernBERT), one over a masked language model whose
decoder is tied to the word embeddings, and PEFT's stand-alone `TRAINABLE_TOKENS`. Training is that of ../make_tiny_bert.py. The
decoder's bias is 0, because PEFT 0.21 leaves it out of a tied decoder with trainable tokens. tokens.json has what transformers'
tokenizers make of texts after `add_tokens`.

usage: python make_trainable_tokens.py        (torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0)
"""
import sys
import tempfile
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, TrainableTokensConfig, get_peft_model
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer, logging

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import make_tiny_bert as bert  # noqa: E402

# Base folder, size of its vocabulary, targets of LoRA; the trained ids are 7 and those of the four new tokens.
RUNS = {
    "bert": ("tiny-bert-sequence", 60, ["query", "value"]),
    "modernbert": ("families/modernbert-sequence", 60, ["Wqkv"]),
    "masked": ("distillation/student", 120, ["query", "value"]),
}
LENGTHS = [[5, 12, 3, 18], [7, 7, 14, 3], [22, 2, 9, 11], [6, 15, 4, 8]]


def batches(run, vocabulary):
    """Random ids; every third is one of the trained ones."""
    chance = torch.Generator().manual_seed(len(run))
    draw = lambda low, high, n: torch.randint(low, high, (n,), generator=chance).tolist()
    trained = [7] + list(range(vocabulary, vocabulary + 4))
    made = []
    for lengths in LENGTHS:
        ids = [[2] + [trained[t] if one == 0 else i for i, t, one in zip(draw(5, 60, n), draw(0, 5, n), draw(0, 3, n))]
               for n in lengths]
        types = [[0] * len(row) for row in ids]
        labels = ([[i if one == 0 else -100 for i, one in zip(row, draw(0, 4, len(row)))] for row in ids]
                  if run == "masked" else [[label] for label in draw(0, 3, len(ids))])
        made.append(dict(lengths=[len(row) for row in ids], ids=ids, types=types, labels=labels))
    return made


def base(run):
    folder, vocabulary, _ = RUNS[run]
    settings = dict(attn_implementation="eager", dtype=torch.float32)
    if run == "masked":
        model = AutoModelForMaskedLM.from_pretrained(bert.HERE / folder, **settings)
        model.cls.predictions.bias.data.zero_()
    else:
        model = AutoModelForSequenceClassification.from_pretrained(bert.HERE / folder, num_labels=3, **settings)
    model.resize_token_embeddings(vocabulary + 4, mean_resizing=False)
    model.get_input_embeddings().weight.data[vocabulary:] = 0
    return model


def padded(run):
    def inputs(batch):
        made = whole_padded(batch if run == "masked" else {k: batch[k] for k in ("lengths", "ids", "types")})
        if run == "modernbert":
            del made["token_type_ids"]
        if "labels" in batch and run != "masked":
            made["labels"] = torch.tensor(batch["labels"]).flatten()
        return made
    return inputs


def randomise(model, seed):
    chance = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.requires_grad or "trainable_tokens_delta" in name:
            n = torch.randn(p.shape, generator=chance)
            p.data = p.data + 0.1 * n if name.endswith("bias") else 0.2 * n if "lora_" in name else 0.3 * n
    return model


def save(model, name, folder, **settings):
    path = HERE / name
    model.peft_config["default"].base_model_name_or_path = str(bert.HERE / folder)
    model.save_pretrained(path, **settings)
    (path / "README.md").unlink()
    file = path / "adapter_config.json"
    config = bert.json.loads(file.read_text())
    if isinstance(config.get("target_modules"), list):
        config["target_modules"] = sorted(config["target_modules"])
    config["base_model_name_or_path"] = folder
    file.write_text(bert.json.dumps(config, indent=2, sort_keys=True) + "\n")
    return path


@torch.no_grad()
def logits(model, run, batch):
    out = model.eval()(**padded(run)({k: v for k, v in batch.items() if k != "labels"})).logits
    return bert.real(out, batch) if run == "masked" else out


TOKENS = ["@GENE$", "<S:A>", "</S:A>", "cell"]
TEXTS = ["the @GENE$ in <S:A> cells </S:A>.", "x@gene$y<s:a>the", "@GENE $ < S:A> (cell)", "@GENE$@GENE$ cell cells"]


def tokenizers():
    made = {}
    for name, files in [("wordpiece", None), ("bpe", 3), ("bpe-generic", 4)]:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            if files is None:
                folder = bert.HERE / "tiny-bert-sequence"
            else:
                case = bert.json.loads((bert.HERE / "bpe/golden.json").read_text())[files]
                for path, text in case["files"].items():
                    (folder / path).write_text(text)
            tokenizer = AutoTokenizer.from_pretrained(folder)
            before = len(tokenizer)
            tokenizer.add_tokens(TOKENS)
            made[name] = dict(
                before=before, ids=tokenizer.convert_tokens_to_ids(TOKENS),
                texts={text: tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS})
    bert.write_json(HERE / "tokens.json", dict(tokens=TOKENS) | made)


def make():
    tokenizers()
    golden = {}
    for seed, (run, (folder, vocabulary, targets)) in enumerate(RUNS.items()):
        trained = [7] + list(range(vocabulary, vocabulary + 4))
        data = batches(run, vocabulary)
        bert.padded = padded(run)
        kind = {} if run == "masked" else dict(task_type="SEQ_CLS")
        if run == "modernbert":
            kind["modules_to_save"] = ["classifier", "head"]
        model = randomise(get_peft_model(base(run), LoraConfig(
            r=4, lora_alpha=8, lora_dropout=0.0, target_modules=targets, trainable_token_indices=trained, **kind)), seed)
        golden[f"{run}-start"] = logits(model, run, data[0])
        # Without the whole matrix, which PEFT also saves if the vocabulary was resized.
        save(model, f"{run}-start", folder, save_embedding_layers=False)
        facts, _ = bert.train(model, data)
        bert.write_json(HERE / f"{run}.json", facts | {f"batch.{i}": batch for i, batch in enumerate(data)})
        golden[f"{run}-final"] = logits(model, run, data[0])
        path = save(model, f"{run}-final", folder)
        again = logits(PeftModel.from_pretrained(base(run), path), run, data[0])
        assert torch.equal(again, golden[f"{run}-final"]), f"{run}: the same logits after loading"
        print(run, facts["trainable_parameters"], facts["losses"][0], "→", facts["losses"][-1])
        if run == "bert":
            alone = randomise(get_peft_model(base(run), TrainableTokensConfig(
                task_type="SEQ_CLS", token_indices=trained)), 9)
            golden["alone"] = logits(alone, run, data[0])
            save(alone, "alone", folder, save_embedding_layers=False)
    bert.write_tensors(HERE / "golden.safetensors", {f"logits.{k}": v for k, v in golden.items()})


if __name__ == "__main__":
    whole_padded = bert.padded
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    make()
