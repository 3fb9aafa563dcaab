#!/usr/bin/env python3
"""Writes csv.jsonl and json.jsonl: tricky tables with the values that Python reads from them.

    python3 Tests/Fixtures/tables/make_tables.py        Python 3.11, modules csv and json

Each line is {"content": the table, "rows": its records as Python's csv.reader or json.loads reads them}. Every record has
a text and a pair that are not blank, a label, and a unique id; column names and order differ between tables.
"""
import csv
import io
import json
import random
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
CHARACTERS = list("abcxyz    ,,;\"\"\"'\\\\\t\r\n\n") + [
    "\r\n", '""', "é", "e\u0301", "\u0301", "ß", "中", "😀", "\u200d", "\u2028", "\u0085", "\ufeff", "\u00a0", "\x01",
    "\x7f", "null", "{", "}", "#"]
COLUMNS = ["text", "pair", "label", "id"]


def value(rng, blank=False):
    text = "".join(rng.choice(CHARACTERS) for _ in range(rng.randrange(0, 9)))
    # A character that is neither white space nor ignored at the start of a file, so that the value is not blank.
    return text if blank else text[: len(text) // 2] + rng.choice("kqw,\"") + text[len(text) // 2:]


def table(rng, case):
    """The header and the rows, with up to two columns that no record uses."""
    header = COLUMNS + [value(rng) + str(i) for i in range(rng.randrange(3))]
    rng.shuffle(header)
    rows = []
    for number in range(rng.randrange(1, 5)):
        row = {name: value(rng, blank=name not in COLUMNS) for name in header}
        row["id"] += str(number)
        rows.append([row[name] for name in header])
    return header, rows


def csv_content(rng, header, rows):
    quoting, terminator = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), rng.choice(["\n", "\r\n"])
    lines = []
    for row in [header] + rows:
        # csv.writer puts only the characters of its own terminator in quotes.
        out = io.StringIO(newline="")
        csv.writer(out, quoting=quoting, lineterminator="\r\n").writerow(row)
        lines.append(out.getvalue()[:-2] + terminator)
    content = "".join(lines)
    if rng.random() < 0.3:
        content = content[: -len(terminator)]
    elif rng.random() < 0.3:
        content += "\n\r\n"
    return content


def bare_csv(rng):
    """A table without csv.writer: quotes inside fields without quotes, which are ordinary characters."""
    fields = ["a\"b", "5\" x 3\"", "a\"\"b", " \"a\"", "x", "'", "\\\"", "a b", "\tz"]
    lines = ["id,text,pair,label"]
    lines += [",".join([str(i)] + [rng.choice(fields) for _ in range(3)]) for i in range(rng.randrange(1, 6))]
    return rng.choice(["\n", "\r\n"]).join(lines) + rng.choice(["", "\n"])


def read_csv(content):
    header, *rows = [row for row in csv.reader(io.StringIO(content, newline=""), strict=True) if row]
    return [dict(zip(header, row)) for row in rows]


def json_content(rng, header, rows):
    lines = []
    for row in rows:
        record = dict(zip(header, row))
        record["label"] = rng.choice([record["label"], rng.randrange(-5, 99999999999), True, False])
        record["extra"] = rng.choice([None, [], {"a": [1.5e300, {}]}, "\x00", 10**25, -0.0])
        text = json.dumps(record, ensure_ascii=rng.random() < 0.5, separators=rng.choice([(",", ":"), (" , ", " :\t")]))
        lines.append(text.replace("/", "\\/") if rng.random() < 0.3 else text)
        if rng.random() < 0.2:
            lines.append(rng.choice(["", " \t", "\r"]))
    return rng.choice(["\n", "\r\n"]).join(lines) + rng.choice(["", "\n", "\n\n"])


def read_json(content):
    records = [json.loads(line) for line in content.split("\n") if line.strip(" \t\r\n")]
    for record in records:
        if not isinstance(record["label"], str):
            record["label"] = json.dumps(record["label"])
    return records


def write(name, contents, read):
    with open(FOLDER / name, "w", encoding="utf-8") as file:
        for content in contents:
            rows = [[record[name] for name in COLUMNS] for record in read(content)]
            file.write(json.dumps({"content": content, "rows": rows}) + "\n")


def main():
    rng = random.Random(1)
    tables = [table(rng, case) for case in range(200)]
    bare = [bare_csv(rng) for _ in range(40)]
    write("csv.jsonl", [csv_content(rng, *t) for t in tables] + bare, read_csv)
    write("json.jsonl", [json_content(rng, *t) for t in tables], read_json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
