#!/usr/bin/env python3
"""Forward passes of BERT on CPUs: `tune` in bf16 and int8 against OpenVINO in bf16 and ONNX Runtime in dynamic int8.

usage: serving_engines.py [WORKLOAD …] [--rounds N] [--threads N]        default: 1x16, 1x128 and 32x128 of base and mini
       serving_engines.py --peer MODEL SHAPE ENGINE THREADS              one measurement of an engine, in its own process
Random weights of BERT-base's or MiniLM-L6's sizes, batches without padding. In each round every engine runs, one after the other, in a
process of its own. Prints a JSON object: for each workload the medians over the rounds, in milliseconds, and the medians of the ratios
within a round. Needs .build/release/bench-steps (swift build -c release --product bench-steps), and for the peers torch,
transformers, onnx, onnxruntime and openvino.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent / ".build/release/bench-steps"
SIZES = {"mini": {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536},
         "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}}
WORKLOADS = [f"{model}-{shape}" for model in SIZES for shape in ("1x16", "1x128", "32x128")]
PEERS = {"openvino-bf16": "bf16", "onnxruntime-int8": "int8"}


def repeats(shape):
    return 60 if shape.startswith("1x") else 5


def peer(model, shape, engine, threads):
    """Median seconds of a forward pass."""
    import torch
    from transformers import BertConfig, BertForTokenClassification

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = BertForTokenClassification(BertConfig(num_labels=2, **SIZES[model]))

        def forward(self, ids, mask):
            return self.model(input_ids=ids, attention_mask=mask).logits

    ids = torch.randint(1000, 20000, tuple(map(int, shape.split("x"))))
    inputs = {"ids": ids.numpy(), "mask": torch.ones_like(ids).numpy()}
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        with torch.inference_mode():
            axes = {name: {0: "batch", 1: "tokens"} for name in ("ids", "mask", "logits")}
            torch.onnx.export(Logits().eval(), (ids, torch.ones_like(ids)), path, input_names=["ids", "mask"],
                              output_names=["logits"], dynamic_axes=axes, dynamo=False, opset_version=17)
        if engine == "openvino-bf16":
            import openvino
            settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "bf16",
                        "PERFORMANCE_HINT": "LATENCY"}
            core = openvino.Core()
            compiled = core.compile_model(core.read_model(path), "CPU", settings)
            run = lambda: compiled(inputs)
        else:
            import onnxruntime
            from onnxruntime.quantization import QuantType, quantize_dynamic
            quantize_dynamic(path, f"{folder}/int8.onnx", weight_type=QuantType.QInt8)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads, options.log_severity_level = threads, 3
            session = onnxruntime.InferenceSession(f"{folder}/int8.onnx", options, providers=["CPUExecutionProvider"])
            run = lambda: session.run(None, inputs)
        run(), run()
        seconds = []
        for _ in range(repeats(shape)):
            begin = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def measure(workload, threads):
    """Milliseconds by engine and precision, of one round."""
    model, shape = workload.split("-")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    environment["OMP_NUM_THREADS"] = str(threads)
    output = subprocess.run(
        [BENCH, f"infer-{workload}", "--precision", "bf16,int8", "--steps", str(repeats(shape)), "--threads", str(threads)],
        check=True, capture_output=True, text=True, env=environment).stdout
    rows = [json.loads(line) for line in output.splitlines()]
    times = {f"tune-{row['precision']}": 1e3 * row["median_seconds"] for row in rows if "workload" in row}
    for engine in PEERS:
        command = [sys.executable, __file__, "--peer", model, shape, engine, str(threads)]
        times[engine] = 1e3 * float(subprocess.run(command, check=True, stdout=subprocess.PIPE,
                                                   stderr=subprocess.DEVNULL, text=True, env=environment).stdout)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=WORKLOADS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    table = {}
    for workload in options.workloads:
        rounds = [measure(workload, options.threads) for _ in range(options.rounds)]
        table[workload] = {name: round(statistics.median(times[name] for times in rounds), 3) for name in rounds[0]}
        for engine, precision in PEERS.items():
            ratios = [times[engine] / times[f"tune-{precision}"] for times in rounds]
            table[workload][f"times_faster_than_{engine}"] = round(statistics.median(ratios), 2)
        ratios = [times["tune-bf16"] / times["tune-int8"] for times in rounds]
        table[workload]["int8_times_faster_than_bf16"] = round(statistics.median(ratios), 2)
        print(workload, table[workload], file=sys.stderr, flush=True)
    print(json.dumps({"threads": options.threads, "rounds": options.rounds, "milliseconds": table}, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        print(peer(*sys.argv[2:5], int(sys.argv[5])))
    else:
        main()
