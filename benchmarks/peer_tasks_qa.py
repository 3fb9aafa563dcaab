"""Extractive question answering of peer_tasks.py: windows, and answers by the rules of transformers' run_qa.py."""
import json
import random
from types import SimpleNamespace

import torch
import transformers


def nearest(text, context, stated):
    """Where the text stands in the context nearest to the stated place; of two equally near places, the first."""
    places, place = [], context.find(text)
    while place >= 0:
        places.append(place)
        place = context.find(text, place + 1)
    return min(places, key=lambda place: abs(place - stated))


class Questions:
    """The splits as windows of questions with their contexts. Every question has an answer."""

    model_class, peft_type = transformers.AutoModelForQuestionAnswering, "QUESTION_ANS"

    def __init__(self, recipe, tokenizer):
        self.data, self.task, self.tokenizer = recipe["data"], recipe["task"], tokenizer
        self.questions, self.examples = {}, {}
        for split in ("train", "dev", "test"):
            if split in self.data:
                limit = self.data.get("max_train_examples") if split == "train" else None
                self.questions[split] = list(self.read(self.data[split]))[:limit]
                self.examples[split] = [window for number, question in enumerate(self.questions[split])
                                        for window in self.windows(number, *question)]
        self.draw_negatives()

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            for document in json.load(file)["data"]:
                for paragraph in document["paragraphs"]:
                    for question in paragraph["qas"]:
                        text, context = question["answers"][0]["text"], paragraph["context"]
                        start = nearest(text, context, question["answers"][0]["answer_start"])
                        yield question["id"], question["question"].lstrip(), context, start, start + len(text)

    def windows(self, number, _, question, context, start, end):
        answer = context[start:end]
        start, end = start + len(answer) - len(answer.lstrip()), start + len(answer.rstrip())
        found = self.tokenizer(
            question, context, truncation="only_second", max_length=self.data["max_length"], stride=self.data["stride"],
            return_overflowing_tokens=True, return_offsets_mapping=True)
        for row, ids in enumerate(found["input_ids"]):
            offsets, parts = found["offset_mapping"][row], found.sequence_ids(row)
            tokens = [i for i, part in enumerate(parts) if part == 1]
            target = (0, 0)
            if offsets[tokens[0]][0] <= start and offsets[tokens[-1]][1] >= end:
                target = (max(i for i in tokens if offsets[i][0] <= start),
                          min(i for i in tokens if offsets[i][1] >= end))
            yield SimpleNamespace(ids=ids, types=found["token_type_ids"][row], target=target, number=number,
                                  offsets={i: offsets[i] for i in tokens})

    def draw_negatives(self):
        """Keeps as many windows without the answer as the recipe says, for each with it."""
        windows = self.examples["train"]
        positive, negative = ([w for w in windows if (w.target != (0, 0)) == has] for has in (True, False))
        self.examples["train"] = positive + random.sample(
            negative, round(self.task["negatives_per_positive"] * len(positive)))

    def targets(self, windows):
        starts, ends = zip(*(window.target for window in windows))
        return {"start_positions": torch.tensor(starts), "end_positions": torch.tensor(ends)}

    def predictions(self, split, outputs):
        spans = [[] for _ in self.questions[split]]
        for window, output in zip(self.examples[split], outputs):
            spans[window.number] += self.spans(window, output)
        for (name, _, _, start, end), found in zip(self.questions[split], spans):
            best = max(found, key=lambda span: span[0], default=(0.0, 0, 0))
            yield {"id": name, "gold": [{"start": start, "end": end}], "scores": None,
                   "predicted": {"start": best[1], "end": best[2]}}

    def spans(self, window, output):
        """(score, start, end) of a window's candidates; start and end count the characters of the context."""
        starts, ends = (output[key].tolist()[:len(window.ids)] for key in ("start_logits", "end_logits"))
        best = [[i for i in sorted(range(len(row)), key=lambda i: -row[i])[:20] if i in window.offsets]
                for row in (starts, ends)]
        for start in best[0]:
            for end in best[1]:
                if 0 <= end - start < self.task["max_answer_length"]:
                    yield starts[start] + ends[end], window.offsets[start][0], window.offsets[end][1]

    def model_settings(self):
        return {}
