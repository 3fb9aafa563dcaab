"""Makes train.jsonl, dev.jsonl and test.jsonl, with "text", "label" and for pairs "text_pair", from a public corpus.

usage: seqcls_data.py CORPUS_DIR OUT_DIR
The corpus is recognised by its files:
- ChemProt (train.txt, dev.txt, test.txt): the files are JSON lines already and are copied.
- PubMedQA (ori_pqal.json, test_ground_truth.json): text is the question, text_pair the context's paragraphs joined by
  blanks, label final_decision. Test are the ids of test_ground_truth.json, in its order. The other 500 are sorted by
  id, as numbers; each tenth (the 10th, 20th, …) is dev, the other 450 are train, in this order.
- sections of abstracts (sent_train.tsv.gz, sent_dev.tsv.gz, sent_test.tsv.gz; PMID, label, sentence): text is the
  sentence. The first 10,000 of train, the first 2,000 of dev and of test.
Prints one JSON line per file: path, records, pairs, labels with counts. The same corpus gives the same bytes.
"""
import argparse
import collections
import gzip
import itertools
import json
import shutil
import sys
from pathlib import Path

SPLITS = ("train", "dev", "test")
SECTION_LIMITS = {"train": 10_000, "dev": 2_000, "test": 2_000}


def pubmedqa(folder):
    articles = json.loads((folder / "ori_pqal.json").read_text(encoding="utf-8"))
    answers = json.loads((folder / "test_ground_truth.json").read_text(encoding="utf-8"))
    others = sorted(articles.keys() - answers.keys(), key=int)
    ids = {"train": [i for n, i in enumerate(others, start=1) if n % 10], "dev": others[9::10], "test": list(answers)}
    wrong = [i for i in answers if articles[i]["final_decision"] != answers[i]]
    if wrong:
        sys.exit(f"{folder}: test_ground_truth.json and ori_pqal.json have other answers for {', '.join(wrong)}")
    for split in SPLITS:
        yield split, [{"id": i, "text": articles[i]["QUESTION"], "text_pair": " ".join(articles[i]["CONTEXTS"]),
                       "label": articles[i]["final_decision"]} for i in ids[split]]


def sections(folder):
    for split in SPLITS:
        with gzip.open(folder / f"sent_{split}.tsv.gz", "rt", encoding="utf-8", newline="\n") as file:
            rows = [line.rstrip("\r\n").split("\t") for line in itertools.islice(file, SECTION_LIMITS[split])]
        yield split, [{"text": sentence, "label": label} for _, label, sentence in rows]


def write(folder, out):
    if (folder / "train.txt").exists():
        for split in SPLITS:
            shutil.copyfile(folder / f"{split}.txt", out / f"{split}.jsonl")
        return
    if (folder / "ori_pqal.json").exists():
        records = pubmedqa(folder)
    elif (folder / "sent_train.tsv.gz").exists():
        records = sections(folder)
    else:
        sys.exit(f"{folder}: neither ChemProt nor PubMedQA nor sections of abstracts")
    for split, rows in records:
        with open(out / f"{split}.jsonl", "w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    write(options.corpus, options.out)
    for split in SPLITS:
        path = options.out / f"{split}.jsonl"
        with open(path, encoding="utf-8", newline="\n") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        print(json.dumps({"file": str(path), "records": len(rows), "pairs": sum("text_pair" in row for row in rows),
                          "labels": dict(collections.Counter(row["label"] for row in rows).most_common())}))


if __name__ == "__main__":
    main()
