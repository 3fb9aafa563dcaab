"""metrics.csv and TensorBoard's event file of metrics.jsonl, by Python's csv and by tensorboard's own protobufs."""

import csv
import json
import pathlib

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

here = pathlib.Path(__file__).parent
lines = [json.loads(line) for line in (here / "metrics.jsonl").read_text().splitlines()]
recipe = (here / "recipe.json").read_text().rstrip("\n")
apart = {"event", "split", "step", "unix_seconds", "metrics", "per_type"}


def flat(value, name=""):
    for key, member in value.items():
        if key in apart:
            continue
        if isinstance(member, dict):
            yield from flat(member, f"{name}{key}.")
        else:
            yield name + key, float(member) if isinstance(member, str) else member


def figures():
    tokens = seconds = 0
    for line in lines:
        found = dict(flat(line))
        if line["event"] == "step":
            found["tokens_per_second"] = (line["tokens"] - tokens) / (line["seconds"] - seconds)
            tokens, seconds = line["tokens"], line["seconds"]
            yield line, "train", sorted(found.items())
        else:
            yield line, line["split"], sorted((found | dict(flat(line["metrics"]))).items())


rows = list(figures())
columns = list(dict.fromkeys(name for _, _, found in rows for name, _ in found))
with open(here / "metrics.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["event", "split", "step", "unix_seconds", *columns])
    for line, part, found in rows:
        cells = {name: str(value).lower() if isinstance(value, bool) else value for name, value in found}
        table.writerow([line["event"], part, line["step"], line["unix_seconds"], *(cells.get(name, "") for name in columns)])

with open(here / "events.out.tfevents.1700000001.tune", "wb") as file:
    records, first = RecordWriter(file), lines[0]["unix_seconds"]

    def write(**what):
        records.write(event_pb2.Event(**what).SerializeToString())

    write(wall_time=first, file_version="brain.Event:2")
    write(wall_time=first, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))
    text = tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING,
        tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)]),
        string_val=[f"```json\n{recipe}\n```".encode()],
    )
    kind = summary_pb2.SummaryMetadata(plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text"))
    value = summary_pb2.Summary.Value(tag="recipe/text_summary", metadata=kind, tensor=text)
    write(wall_time=first, summary=summary_pb2.Summary(value=[value]))
    for line, part, found in rows:
        values = [
            summary_pb2.Summary.Value(tag=f"{part}/{name.replace('.', '/')}", simple_value=number)
            for name, number in found
            if not isinstance(number, bool) and name.split(".")[-1] not in {"tokens", "seconds", "support"}
        ]
        write(wall_time=line["unix_seconds"], step=line["step"], summary=summary_pb2.Summary(value=values))
