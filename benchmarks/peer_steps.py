"""The peer of the step workloads: the time of one training step or one forward pass in PyTorch, transformers and PEFT.

A workload is <shape>-<what>-<b>x<t>: shape is base (BERT-base), mini (MiniLM-L6: 6 layers, hidden size 384, 12 heads)
or modern (ModernBERT-base); what is full, lora (rank 8, alpha 16, on query and value, or Wqkv), infer or distil; b
sequences of t tokens. Weights are random; speed does not depend on them. A training step is forward, loss of a sequence
classification with 2 labels, backward, clipping and AdamW, with BERT's dropout of 0.1 (ModernBERT: 0). With --ragged, sequence i has 8 + 37·i mod (t - 7) tokens and
is padded to t.
distil: a DistilBERT with half of the layers is distilled from a BERT of the shape, with DistilBERT's three loss terms.

usage: peer_steps.py [WORKLOAD …] [--precision fp32,bf16] [--threads N] [--steps 7] [--ragged] [--recompute]
                      [--dropout 0.1] [--attention sdpa|eager]
Prints one JSON line for each workload and precision: median and minimum seconds, tokens per second (without padding),
peak memory. Each runs in a separate process, so that peak memory is measured separately.
"""
import argparse
import concurrent.futures
import contextlib
import json
import multiprocessing
import os
import re
import resource
import statistics
import time

SHAPES = {
    "base": {},
    "modern": {},
    "mini": {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536},
}
WORKLOADS = [
    "base-full-8x128", "base-lora-8x128", "base-lora-32x128", "base-full-8x512", "mini-full-16x128",
    "mini-lora-16x128", "base-distil-8x128", "infer-base-1x16", "infer-base-1x128", "infer-base-32x128",
    "infer-mini-1x16", "infer-mini-1x128", "infer-mini-32x128",
]


def parse(workload):
    """(shape, what, b, t); "infer-base-1x128" and "base-infer-1x128" are the same."""
    match = re.fullmatch(r"(\w+)-(\w+)-(\d+)x(\d+)", workload)
    shape, what = sorted(match.group(1, 2), key=lambda name: name not in SHAPES) if match else ("", "")
    if shape not in SHAPES or (shape, what) == ("modern", "distil") or what not in ("full", "lora", "infer", "distil"):
        raise SystemExit(f"{workload!r} is not a workload; expected one like {', '.join(WORKLOADS[:3])}")
    return shape, what, int(match[3]), int(match[4])


def distillation(config, inputs, lengths):
    """(student, its loss): a DistilBERT with a BERT teacher, as in distiller.py of transformers'
    research_projects/distillation: 5·KL at temperature 2 over all non-padding tokens, 2·cross-entropy over 15 % masked
    tokens, 1 - cos of the last hidden states. Selects rows of logits by index, which is faster than masked_select."""
    import torch
    import torch.nn.functional as F
    import transformers

    teacher = transformers.BertForMaskedLM(config).eval()
    student = transformers.DistilBertForMaskedLM(transformers.DistilBertConfig(
        vocab_size=config.vocab_size, dim=config.hidden_size, n_layers=config.num_hidden_layers // 2,
        n_heads=config.num_attention_heads, hidden_dim=config.intermediate_size,
        max_position_embeddings=config.max_position_embeddings, dropout=config.hidden_dropout_prob,
        attention_dropout=config.attention_probs_dropout_prob))
    attended = inputs["attention_mask"].bool()
    labels = torch.full_like(inputs["input_ids"], -100)
    for row, length in enumerate(lengths):
        count = max(1, (15 * length + 50) // 100)
        positions = [index * length // count for index in range(count)]
        labels[row, positions] = inputs["input_ids"][row, positions]
        inputs["input_ids"][row, positions] = 103
    temperature = 2

    def loss():
        with torch.no_grad():
            theirs = teacher(**inputs, output_hidden_states=True)
        ours = student(**inputs, output_hidden_states=True)
        soft = F.kl_div(F.log_softmax(ours.logits[attended] / temperature, -1),
                        F.softmax(theirs.logits[attended] / temperature, -1), reduction="batchmean") * temperature ** 2
        hard = F.cross_entropy(ours.logits.view(-1, config.vocab_size), labels.view(-1), ignore_index=-100)
        x, y = ours.hidden_states[-1][attended], theirs.hidden_states[-1][attended]
        return 5 * soft + 2 * hard + F.cosine_embedding_loss(x, y, x.new_ones(len(x)))

    return student, loss


def measure(workload, precision, options):
    import torch
    import transformers
    from peft import LoraConfig, get_peft_model

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    shape, what, b, t = parse(workload)
    if shape == "modern":
        config = transformers.ModernBertConfig(num_labels=2)
    else:
        config = transformers.BertConfig(
            **SHAPES[shape], vocab_size=30522, num_labels=2, max_position_embeddings=max(512, t),
            hidden_dropout_prob=options.dropout, attention_probs_dropout_prob=options.dropout)
    config._attn_implementation = options.attention
    lengths = [8 + 37 * i % (t - 7) if options.ragged else t for i in range(b)]
    inputs = {"input_ids": torch.randint(5, 30522, (b, t)),
              "attention_mask": (torch.arange(t) < torch.tensor(lengths)[:, None]).long()}
    labels = torch.randint(0, 2, (b,))
    if what == "distil":
        model, loss_of = distillation(config, inputs, lengths)
    else:
        model = transformers.AutoModelForSequenceClassification.from_config(config)
        loss_of = lambda: model(**inputs, labels=labels).loss
    if what == "lora":
        lora = LoraConfig(task_type="SEQ_CLS", r=8, lora_alpha=16,
                          target_modules=["Wqkv"] if shape == "modern" else ["query", "value"])
        model = get_peft_model(model, lora)
    context = (lambda: torch.autocast("cpu", dtype=torch.bfloat16)) if precision == "bf16" else contextlib.nullcontext
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-4)

    def train():
        with context():
            loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()

    def infer():
        with torch.inference_mode(), context():
            model(**inputs).logits.float().sum().item()

    if options.recompute:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.train(what != "infer")
    step, seconds = infer if what == "infer" else train, []
    for number in range(options.steps + 2):
        clock = time.perf_counter()
        step()
        if number >= 2:
            seconds.append(time.perf_counter() - clock)
    median = statistics.median(seconds)
    return {
        "peer": f"torch {torch.__version__}", "workload": workload, "precision": precision, "ragged": options.ragged,
        "gradient_checkpointing": options.recompute, "threads": options.threads,
        "median_seconds": round(median, 5), "least_seconds": round(min(seconds), 5),
        "tokens": sum(lengths), "tokens_per_second": round(sum(lengths) / median),
        "trainable_parameters": 0 if what == "infer" else sum(p.numel() for p in trainable),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=WORKLOADS)
    parser.add_argument("--precision", default="fp32,bf16")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--steps", type=int, default=7, help="measured steps, after two warm-up steps")
    parser.add_argument("--ragged", action="store_true")
    parser.add_argument("--recompute", action="store_true", help="gradient checkpointing")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
    options = parser.parse_args()
    for workload in options.workloads:
        parse(workload)
    spawn = multiprocessing.get_context("spawn")
    for workload in options.workloads:
        for precision in options.precision.split(","):
            with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as process:
                print(json.dumps(process.submit(measure, workload, precision, options).result()), flush=True)


if __name__ == "__main__":
    main()
