"""Pre-trains a small base of a family from random weights by masked-language modeling on PubMed text, trains NER (NCBI-disease)
on it and on the untrained base, and compares `tune predict` with `tune eval`.

usage: python benchmarks/family_pretraining.py electra [--minutes 10] [--threads 1] [--folder runs/families]

BERT, DistilBERT and ELECTRA take the vocabulary of checkpoints/biomed-mini-l3. RoBERTa and ModernBERT get a byte-level BPE
vocabulary of 8,000 tokens trained here (tokenizers 0.23). Prints dev F1 of both and exits with 1 if pre-training did not
raise it, or if the tags of predict have another F1 than eval.
"""
import argparse
import gzip
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

TEXT = Path("../shared/data/pubmed-text")
NER = Path("../shared/data/ncbi-disease")
# Small, to see several million tokens in ten minutes on one core: before that, a model learns the frequencies of tokens only.
SIZES = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 512}
CONFIGS = {
    "bert": SIZES | {"max_position_embeddings": 512},
    "distilbert": {"dim": 128, "n_layers": 2, "n_heads": 4, "hidden_dim": 512, "max_position_embeddings": 512},
    "roberta": SIZES | {"max_position_embeddings": 514, "type_vocab_size": 1},
    "electra": SIZES | {"max_position_embeddings": 512, "embedding_size": 64},
    "modernbert": SIZES | {"intermediate_size": 320, "max_position_embeddings": 1024, "local_attention": 64},
}


def make_bpe(family, folder, lines):
    """A byte-level BPE vocabulary of the lines, in the files of the family's tokenizer."""
    from tokenizers import AddedToken, ByteLevelBPETokenizer, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from tokenizers import processors, trainers
    folder.mkdir(parents=True, exist_ok=True)
    if family == "roberta":
        tokenizer = ByteLevelBPETokenizer()
        tokenizer.train_from_iterator(lines, 8000, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
        tokenizer.save_model(str(folder))
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "RobertaTokenizer"}))
        return
    names = dict(unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", mask_token="[MASK]")
    tokens = [AddedToken(name, lstrip=name == "[MASK]", normalized=False, special=True) for name in names.values()]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=8000, special_tokens=tokens, initial_alphabet=alphabet, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(names | {"tokenizer_class": "PreTrainedTokenizerFast"}))


def tune(options, *arguments):
    done = subprocess.run([options.tune, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"tune {' '.join(map(str, arguments))}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def run(options, name, recipe):
    """Trains; returns the run's folder and its seconds."""
    output, file = options.folder / name, options.folder / f"{name}.json"
    file.write_text(json.dumps(recipe | {"seed": 7, "precision": "bf16", "output": str(output)}, indent=2))
    start = time.time()
    tune(options, "run", file, "--overwrite", "--threads", options.threads)
    return output, time.time() - start


def pretrain(options, model):
    def recipe(steps):
        return {"model": model, "task": {"type": "masked_lm"}, "method": {"type": "full"},
                "data": {"format": "text", "train": str(TEXT / "abstracts-train.txt.gz"), "max_length": 128},
                "training": {"max_steps": steps, "max_tokens_per_batch": 2048, "learning_rate": 2e-3, "warmup_ratio": 0.05,
                             "schedule": "linear", "adam_beta2": 0.98}}
    times = [run(options, "speed", recipe(steps))[1] for steps in (20, 120)]
    seconds = (times[1] - times[0]) / 100
    steps = max(40, int((60 * options.minutes - times[0]) / seconds))
    folder, took = run(options, "pretrained", recipe(steps))
    print(f"{options.family}: {steps} steps of masked_lm in {took / 60:.1f} minutes", flush=True)
    return folder / "model"


def ner(options, name, model):
    """Dev F1 of full fine-tuning, as eval says it and by predict's tags."""
    recipe = {"model": model, "task": {"type": "token_classification"}, "method": {"type": "full"},
              "data": {"format": "conll", "train": str(NER / "train.tsv"), "dev": str(NER / "devel.tsv"), "max_length": 128},
              "training": {"epochs": 3, "batch_size": 16, "learning_rate": 5e-4, "warmup_ratio": 0.1}}
    folder = run(options, name, recipe)[0] / "model"
    dev = json.loads(tune(options, "eval", folder, NER / "devel.tsv", "--json", "--threads", options.threads))
    return dev["f1"], predicted_f1(options, folder)


def predicted_f1(options, folder):
    sentences = [[line.split("\t") for line in block.split("\n") if line]
                 for block in (NER / "devel.tsv").read_text(encoding="utf-8").split("\n\n") if block.strip()]
    words = options.folder / "dev.jsonl"
    words.write_text("".join(json.dumps({"words": [row[0] for row in rows]}) + "\n" for rows in sentences))
    answers = tune(options, "predict", folder, words, "--threads", options.threads).splitlines()
    gold, found = set(), set()
    for number, (rows, answer) in enumerate(zip(sentences, map(json.loads, answers), strict=True)):
        gold |= entities(number, [row[-1] for row in rows])
        found |= entities(number, [tag["label"] for tag in answer["tags"]["base"]])
    return 2 * len(gold & found) / max(1, len(gold) + len(found))


def entities(sentence, tags):
    """Entities of BIO tags, as seqeval counts them."""
    result, start = set(), None
    for index, tag in enumerate([*tags, "O"]):
        begins = tag[0] == "B" or tag[0] == "I" and (start is None or tags[index - 1][2:] != tag[2:])
        if start is not None and (begins or tag[0] == "O"):
            result.add((sentence, start, index, tags[start][2:]))
            start = None
        start = index if begins else start
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=CONFIGS)
    parser.add_argument("--tune", default=".build/release/tune")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("runs/families"))
    options = parser.parse_args()
    options.folder /= options.family
    options.folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Path("checkpoints/biomed-mini-l3")
    if options.family in ("roberta", "modernbert"):
        tokenizer = options.folder / "tokenizer"
        with gzip.open(TEXT / "abstracts-train.txt.gz", "rt", encoding="utf-8") as file:
            make_bpe(options.family, tokenizer, list(itertools.islice(file, 20_000)))
    new = {"init": "random", "family": options.family, "config": CONFIGS[options.family], "tokenizer": str(tokenizer),
           "dropout": 0, "attention_dropout": 0}
    before, before_predicted = ner(options, "ner-untrained", new)
    after, after_predicted = ner(options, "ner-pretrained", {"path": str(pretrain(options, new))})
    print(f"{options.family}: dev F1 {before:.4f} untrained, {after:.4f} pre-trained; by predict {before_predicted:.4f} and "
          f"{after_predicted:.4f}", flush=True)
    same = abs(before - before_predicted) < 1e-9 and abs(after - after_predicted) < 1e-9
    sys.exit(0 if same and after > before else 1)


if __name__ == "__main__":
    main()
