"""Trains small vocabularies with the `tokenizers` library and says how they split texts.

    python make_vocabularies.py > vocabularies.json

The library numbers continuing characters at random, which decides between pairs that occur equally often; so every
vocabulary is trained 300 times. `always` are the tokens of all 300, `seldom` those that only some have; the texts
are split alike by all.
"""

import json
import random

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

PARTS = (
    "hepat gastr nephr cardi neur derm arthr bronch encephal my oste aden lymph thromb",
    "itis osis oma ectomy opathy algia ology emia otomy oid",
)
WORDS = "the of a in and with was for patients Patients were after mg/kg (n=12), p<0.05. TNF-α naïve Müller's β-blocker É 10%"


def corpus(seed, count):
    chance = random.Random(seed)
    first, second = (part.split() for part in PARTS)
    rare, common = [a + b for a in first for b in second], WORDS.split()
    chance.shuffle(rare)
    weights = [1 / (i + 1) for i in range(len(rare))]
    return [
        " ".join(chance.choice(common) if chance.random() < 0.5 else chance.choices(rare, weights)[0] for _ in range(12))
        for _ in range(count)
    ]


def trained(texts, size, frequency, lowercase, alphabet):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, min_frequency=frequency, limit_alphabet=alphabet, show_progress=False,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


texts, others = corpus(1, 120), corpus(2, 20)
cases = []
for size, frequency, lowercase, alphabet in [
        (90, 2, True, 1000), (160, 2, True, 1000), (1000, 5, True, 1000), (200, 2, False, 1000), (150, 2, True, 20)]:
    found = [trained(texts, size, frequency, lowercase, alphabet) for _ in range(300)]
    tokens = [set(one.get_vocab()) for one in found]
    always, some = set.intersection(*tokens), set.union(*tokens)
    splits = [[one.encode(text).tokens for text in others] for one in found]
    assert all(split == splits[0] for split in splits), "texts are split by chance; choose another size"
    cases.append(dict(
        size=size, count=len(tokens[0]), min_frequency=frequency, lowercase=lowercase, alphabet=alphabet,
        always=sorted(always), seldom=sorted(some - always), splits=splits[0]))
print(json.dumps(dict(texts=texts, others=others, cases=cases), ensure_ascii=False, indent=0).replace('",\n"', '","'))
