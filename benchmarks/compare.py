"""Medians and ratios of rounds of both sides. A round is {"tune": {NAME: record}, "peer": {NAME: record}}, a record is
{quantity: number}; records with the same NAME, such as a precision, are compared. Without a peer, "peer" is {}."""
import statistics


def medians(rounds, side):
    """{NAME: {quantity: median}}; a value that is not a number is taken from the first round."""
    result = {}
    for name in rounds[0][side]:
        records = [pair[side][name] for pair in rounds]
        result[name] = {
            key: round(statistics.median(record[key] for record in records), 5)
            if isinstance(value, (int, float)) and not isinstance(value, bool) else value
            for key, value in records[0].items()}
    return result


def ratios(rounds, quantity):
    """{NAME: median over the rounds of the peer's value divided by ours}; "best" compares each side's best record.

    Both sides of a ratio are measured in the same round, one right after the other: a slow minute slows both."""
    names = [name for name in rounds[0]["tune"] if name in rounds[0]["peer"]]
    result = {name: statistics.median(pair["peer"][name][quantity] / pair["tune"][name][quantity] for pair in rounds)
              for name in names}
    if rounds[0]["peer"]:
        result["best"] = statistics.median(
            min(record[quantity] for record in pair["peer"].values())
            / min(record[quantity] for record in pair["tune"].values()) for pair in rounds)
    return {name: round(ratio, 3) for name, ratio in result.items()}


def row(rounds, quantity):
    """A row of the results file: medians of both sides and, with a peer, how many times faster we are."""
    result = {"rounds": len(rounds), "tune": medians(rounds, "tune")}
    if rounds[0]["peer"]:
        result |= {"peer": medians(rounds, "peer"), "times_faster": ratios(rounds, quantity)}
    return result


def memory_row(rounds):
    """The same for peak memory; the best record of a side is its smallest."""
    pick = lambda side: {name: values["peak_rss_mb"] for name, values in medians(rounds, side).items()}
    result = {"tune": pick("tune")}
    if rounds[0]["peer"]:
        result |= {"peer": pick("peer"), "times_smaller": ratios(rounds, "peak_rss_mb")}
    return result
