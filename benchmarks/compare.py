"""From rounds of both sides to medians and ratios. A round is {"tune": {NAME: record}, "peer": {NAME: record}}, a record
{figure: number}; NAME says what is compared with what: a precision, say. Without a peer, "peer" is {}."""
import statistics


def medians(rounds, side):
    """{NAME: {figure: median}}; what is no number is the first round's."""
    result = {}
    for name in rounds[0][side]:
        records = [turn[side][name] for turn in rounds]
        result[name] = {
            key: round(statistics.median(record[key] for record in records), 5)
            if isinstance(value, (int, float)) and not isinstance(value, bool) else value
            for key, value in records[0].items()}
    return result


def ratios(rounds, figure):
    """{NAME: median over the rounds of the peer's figure by ours}, and as "best" the best of theirs by the best of ours.

    Both sides of a ratio are of the same round, one right after the other, so that a slow minute slows both."""
    names = [name for name in rounds[0]["tune"] if name in rounds[0]["peer"]]
    result = {name: statistics.median(turn["peer"][name][figure] / turn["tune"][name][figure] for turn in rounds)
              for name in names}
    if rounds[0]["peer"]:
        result["best"] = statistics.median(
            min(record[figure] for record in turn["peer"].values())
            / min(record[figure] for record in turn["tune"].values()) for turn in rounds)
    return {name: round(ratio, 3) for name, ratio in result.items()}


def row(rounds, figure):
    """What the results file keeps: medians of both sides and, where there is a peer, how many times faster."""
    result = {"rounds": len(rounds), "tune": medians(rounds, "tune")}
    if rounds[0]["peer"]:
        result |= {"peer": medians(rounds, "peer"), "times_faster": ratios(rounds, figure)}
    return result


def memory_row(rounds):
    """The same of peak memory: the smallest precision of each side is its best."""
    pick = lambda side: {name: figures["peak_rss_mb"] for name, figures in medians(rounds, side).items()}
    result = {"tune": pick("tune")}
    if rounds[0]["peer"]:
        result |= {"peer": pick("peer"), "times_smaller": ratios(rounds, "peak_rss_mb")}
    return result
