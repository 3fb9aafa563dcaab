#!/usr/bin/env python3
"""Writes sentences of running text as a table with one column, for training embeddings (SimCSE): the first COUNT distinct
sentences of 8 words or more, of texts one a line.

usage: split-sentences.py FILE[.gz] COUNT COLUMN > OUT.tsv
"""
import gzip
import re
import sys

path, count, column = sys.argv[1], int(sys.argv[2]), sys.argv[3]
# After a full stop, and before a capital letter that does not belong to an initial or an abbreviation such as "Fig. 2".
end = re.compile(r"(?<=[a-z0-9)\]%][.?!])\s+(?=[A-Z])")
seen = set()
print(column)
with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
    for line in lines:
        for sentence in end.split(" ".join(line.split())):
            if len(sentence.split()) >= 8 and sentence not in seen and len(seen) < count:
                seen.add(sentence)
                print(sentence)
