#!/usr/bin/env python3
"""How fast would up to 64 ranks be? A simulation of the steps of `tune run` from measured times; trains nothing.

    benchmarks/scaling.py                                             the table of docs/cluster.md
    benchmarks/scaling.py --shards 16 --gigabits 1 25 --limit 16

Every rank computes its groups of shards, whose times vary; as in Sources/Training/RankSum.swift, it sends to each other
rank that rank's slice of the sum of each of its groups; each rank adds its slice of all groups in order and sends it to the
others; all make the same update. Large gradients are sent while the slowest rank's last shard continues its backward pass,
two thirds of a shard's time, except those of the embeddings, which come last. It is assumed that all machines are alike and
joined by a switch that is never the bottleneck, that a rank sends and receives at the full rate at once, and that every message
costs the latency once on either side. Evaluations, snapshots and reading data are left out. The number of groups is limited to
--limit in Sources/Training/ShardGroups.swift; a higher limit shows what more ranks would need.

A shard's default time is that of one core, from base-lora-8x128 and base-full-8x128 in docs/performance.md (bf16; two cores take
half as long); the update, the latency, the rate of additions and the variation are assumptions.
"""
import argparse, random, statistics

# Seconds of a shard and of an update, numbers in the gradients, and those that are ready last: BERT-base, one thread.
WORK = {
    "LoRA r 8": {"shard": 0.60, "update": 0.001, "numbers": 296_450, "last": 296_450, "limit": 8},
    "full": {"shard": 1.57, "update": 0.25, "numbers": 108_895_490, "last": 23_837_184, "limit": 4},
}


def first_group(count, rank, ranks):
    """As in ShardGroups.swift."""
    return (count * rank + ranks - 1) // ranks


def step(work, ranks, shards, limit, gigabits, options, rng):
    """Seconds of a step."""
    count = min(shards, limit)
    bounds = [first_group(count, rank, ranks) for rank in range(ranks + 1)]
    own = [end - begin for begin, end in zip(bounds, bounds[1:])]
    times = [work["shard"] * rng.lognormvariate(0, options.variation) for _ in range(shards)]
    computed = max(sum(times[shards * begin // count:shards * end // count]) for begin, end in zip(bounds, bounds[1:]))
    if ranks == 1:
        return computed + work["update"]
    size, rate, latency = 4 * work["numbers"], gigabits * 0.94e9 / 8, options.latency
    part = size / ranks
    # What one rank sends and receives: sums of groups to the ranks that add them, then slices to all.
    gathered = max(max(groups * (size - part), (count - groups) * part) for groups in own)
    messages = max(groups * (ranks - 1) for groups in own) + 2 * (ranks - 1)
    spread = (ranks - 1) * part
    added = count * part / options.add_rate
    sent = (gathered + spread) / rate + messages * latency + added
    hidden = min(sent * (1 - work["last"] / work["numbers"]), work["shard"] * 2 / 3)
    return computed + sent - hidden + work["update"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--shards", type=int, default=64, help="of a step: tokens of the batch / 256 (LoRA on BERT-base) or 512")
    parser.add_argument("--gigabits", type=float, nargs="+", default=[1, 10])
    parser.add_argument("--limit", type=int, help="groups of a step; default: those of tune, and 64")
    parser.add_argument("--latency", type=float, default=100e-6, help="seconds of a message")
    parser.add_argument("--add-rate", type=float, default=3e9, help="bytes of sums that a core adds per second")
    parser.add_argument("--variation", type=float, default=0.05, help="standard deviation of the log of a shard's time")
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    columns = [(name, limit, gigabits) for name, work in WORK.items()
               for limit in ([options.limit] if options.limit else [work["limit"], 64]) for gigabits in options.gigabits]
    print("| ranks | " + " | ".join(f"{name}, {limit} groups, {gigabits:g} Gb/s" for name, limit, gigabits in columns) + " |")
    print("|---:" * (len(columns) + 1) + "|")
    for ranks in options.ranks:
        cells = []
        for name, limit, gigabits in columns:
            if ranks > min(limit, options.shards):
                cells.append("–")
                continue
            one, several = (
                statistics.mean(step(WORK[name], count, options.shards, limit, gigabits, options, random.Random(seed))
                                for seed in range(options.steps)) for count in (1, ranks))
            cells.append(f"{one / several:.2f}")
        print(f"| {ranks} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
