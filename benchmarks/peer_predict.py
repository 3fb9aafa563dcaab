"""The peer of `tune predict` for one sentence, as a whole process: transformers, and PEFT with --adapter.

Does what a Python user would: load the base, load the adapter, tokenize, one forward pass, entities from IOB2 tags.
Labels come from tune.json beside the adapter, or from the base's config.json.

usage: peer_predict.py MODEL TEXT [--adapter FOLDER] [--threads N]
Prints one JSON line as `tune predict` does: {"text": …, "entities": {NAME: [{label, start, end, text, probability}]}},
offsets in code points, NAME the adapter's folder or "base".
"""
import argparse
import json
import os

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer


def load(options):
    if not options.adapter:
        model = AutoModelForTokenClassification.from_pretrained(options.model, dtype=torch.float32)
        return model, [model.config.id2label[i] for i in range(model.config.num_labels)]
    from peft import PeftModel
    with open(f"{options.adapter}/tune.json", encoding="utf-8") as file:
        labels = json.load(file)["task"]["labels"]
    base = AutoModelForTokenClassification.from_pretrained(options.model, num_labels=len(labels), dtype=torch.float32)
    return PeftModel.from_pretrained(base, options.adapter), labels


def words(encoding):
    """[(index of the first token, start, end)] of every word."""
    result, before = [], None
    for index, (word, (start, end)) in enumerate(zip(encoding.word_ids(), encoding["offset_mapping"][0].tolist())):
        if word is None:
            continue
        if word == before:
            result[-1] = (*result[-1][:2], end)
        else:
            result.append((index, start, end))
        before = word
    return result


def entities(text, tags):
    """Entities of [(tag, probability, start, end)]; an I- without a B- begins one, as in tune."""
    spans, before = [], None
    for tag, probability, start, end in tags:
        prefix, _, label = tag.partition("-")
        if prefix == "I" and before == label:
            spans[-1]["end"] = end
            spans[-1]["probability"].append(probability)
        elif prefix in ("B", "I"):
            spans.append({"label": label, "start": start, "end": end, "probability": [probability]})
        before = label if prefix in ("B", "I") else None
    return [span | {"text": text[span["start"]:span["end"]],
                    "probability": round(sum(span["probability"]) / len(span["probability"]), 6)} for span in spans]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("text")
    parser.add_argument("--adapter")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, labels = load(options)
    model.eval()
    encoding = AutoTokenizer.from_pretrained(options.model)(
        options.text, return_tensors="pt", return_offsets_mapping=True, truncation=True)
    with torch.inference_mode():
        inputs = {key: value for key, value in encoding.items() if key != "offset_mapping"}
        probabilities, best = model(**inputs).logits[0].softmax(-1).max(-1)
    tags = [(labels[best[i].item()], probabilities[i].item(), start, end) for i, start, end in words(encoding)]
    name = os.path.basename(os.path.normpath(options.adapter)) if options.adapter else "base"
    print(json.dumps({"text": options.text, "entities": {name: entities(options.text, tags)}}))


if __name__ == "__main__":
    main()
