"""Makes training runs of tiny embedding models of every family, in full and with LoRA, and vectors of texts, which the Swift
tests repeat.

The bases are folders of other fixtures. The losses and the pooling are those of sentence-transformers; training is that of
../make_tiny_bert.py. For each family: FAMILY.json with four batches, each text's ids by group (a text, a similar one, a
different one), scores, and what each step saw; LoRA folders before and after. vectors.json has vectors of texts by
SentenceTransformer.encode over tiny-bert, and st6/ the files that it saves beside the weights.

usage: python make_embedding.py     (torch 2.15.0, transformers 5.24.0, peft 0.21.2, sentence-transformers 6.2.0)
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import AutoModel, logging

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import make_tiny_bert as bert  # noqa: E402

# Base folder, queries and values, [CLS], [SEP] and [PAD].
FAMILIES = {
    "bert": ("tiny-bert", ["query", "value"], 2, 3, 0),
    "distilbert": ("tiny-distilbert", ["q_lin", "v_lin"], 2, 3, 0),
    "roberta": ("families/roberta-token", ["query", "value"], 0, 2, 1),
    "electra": ("families/electra-token", ["query", "value"], 2, 3, 0),
    "modernbert": ("families/modernbert-token", ["Wqkv"], 1, 2, 0),
}
# Name, loss, texts of a group, pooling, whether vectors are normalized, whether it is LoRA.
RUNS = [
    ("pairs", losses.MultipleNegativesRankingLoss, 2, "mean", False, False),
    ("triplets-lora", losses.MultipleNegativesRankingLoss, 3, "cls", True, True),
    ("cosent", losses.CoSENTLoss, 2, "mean", True, False),
    ("cosine", losses.CosineSimilarityLoss, 2, "cls", False, False),
]
TEXTS = ["aspirin dose", "cell of the liver in a b c", "Gene (liver), a drug.", "z q x " * 40]


class Embedder(torch.nn.Module):
    def __init__(self, encoder, loss, width, pooling, normalizes, pad):
        super().__init__()
        self.encoder, self.width, self.pad, self.normalizes = encoder, width, pad, normalizes
        self.pooling = Pooling(32, pooling)
        self.loss = loss(None)

    def vectors(self, texts):
        width = max(map(len, texts))
        fill = lambda rows, value: torch.tensor([row + [value] * (width - len(row)) for row in rows])
        mask = fill([[1] * len(ids) for ids in texts], 0)
        states = self.encoder(input_ids=fill(texts, self.pad), attention_mask=mask).last_hidden_state
        x = self.pooling(dict(token_embeddings=states, attention_mask=mask))["sentence_embedding"]
        return torch.nn.functional.normalize(x, p=2, dim=1) if self.normalizes else x

    def forward(self, groups, scores):
        columns = [self.vectors([group[i] for group in groups]) for i in range(self.width)]
        return type("Output", (), dict(loss=self.loss.compute_loss_from_embeddings(columns, torch.tensor(scores))))


def draw_batches(cls, sep, seed):
    chance = torch.Generator().manual_seed(seed)
    draw = lambda n, low=5, high=60: torch.randint(low, high, (n,), generator=chance).tolist()
    text = lambda: [cls] + draw(draw(1, 1, 14)[0]) + [sep]
    # Some scores are equal.
    return [dict(groups=[[text() for _ in range(3)] for _ in range(5)], scores=[x / 4 for x in draw(5, 0, 5)])
            for _ in range(4)]


def base(folder):
    return AutoModel.from_pretrained(bert.HERE / folder, attn_implementation="eager", dtype=torch.float32)


def make(family, index):
    folder, targets, cls, sep, pad = FAMILIES[family]
    batches = draw_batches(cls, sep, 30 + index)
    result = dict(batches=batches)
    bert.padded = lambda batch: batch
    for name, loss, width, pooling, normalizes, is_lora in RUNS:
        encoder = base(folder)
        if is_lora:
            encoder = get_peft_model(encoder, LoraConfig(
                task_type="FEATURE_EXTRACTION", r=4, lora_alpha=8, lora_dropout=0.0, target_modules=targets))
            chance = torch.Generator().manual_seed(90 + index)
            for key, p in encoder.named_parameters():
                if p.requires_grad:
                    p.data = 0.2 * torch.randn(p.shape, generator=chance)
            encoder.peft_config["default"].base_model_name_or_path = folder
        # The pooler, where transformers makes one, is no part of a vector.
        for key, p in encoder.named_parameters():
            p.requires_grad_(p.requires_grad and "pooler" not in key)
        module = Embedder(encoder, loss, width, pooling, normalizes, pad)
        for moment in ("start", "final"):
            if moment == "final":
                result[name], _ = bert.train(module, batches)
            if is_lora:
                target = HERE / f"{family}-lora-{moment}"
                shutil.rmtree(target, ignore_errors=True)
                encoder.save_pretrained(target)
                (target / "README.md").unlink()
        print(family, name, result[name]["losses"][0], result[name]["losses"][-1])
        for key in ("decayed", "not_decayed", "learning_rates"):
            del result[name][key]
    (HERE / f"{family}.json").write_text(json.dumps(result) + "\n")


def make_vectors():
    vectors = {}
    for mode in ("mean", "cls"):
        for normalizes in (False, True):
            modules = [Transformer(str(bert.HERE / "tiny-bert")), Pooling(32, mode)] + [Normalize()] * normalizes
            model = SentenceTransformer(modules=modules, device="cpu")
            vectors[mode + "-normalized" * normalizes] = model.encode(TEXTS).tolist()
    (HERE / "vectors.json").write_text(json.dumps(dict(texts=TEXTS, **vectors)) + "\n")
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder)
        for name in ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json"):
            (HERE / "st6" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(folder) / name, HERE / "st6" / name)


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    for index, family in enumerate(FAMILIES):
        make(family, index)
    make_vectors()
