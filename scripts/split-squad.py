#!/usr/bin/env python3
"""Splits a file of SQuAD's JSON by document: of every ten, eight for train.json, one for dev.json, one for test.json.

usage: split-squad.py FILE FOLDER
"""
import json
import pathlib
import sys

documents, folder = json.load(open(sys.argv[1], encoding="utf-8"))["data"], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
names = ["train"] * 8 + ["dev", "test"]
for name in ("train", "dev", "test"):
    data = [document for index, document in enumerate(documents) if names[index % 10] == name]
    (folder / f"{name}.json").write_text(json.dumps({"data": data}), encoding="utf-8")
    print(name, len(data), "documents", sum(len(p["qas"]) for d in data for p in d["paragraphs"]), "questions")
