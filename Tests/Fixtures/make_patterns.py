"""Makes adapters/patterns.json: 1,000 regular expressions, and which module names Python's `re.fullmatch` chooses with each.

    python make_patterns.py         (Python 3.11 or later, transformers 5.24; two runs give the same bytes)

{"names": [...], "patterns": [[pattern, [indices of the matching names]], ...]}; null for a pattern that `re` rejects.
The names are those of all modules of BERT's and DistilBERT's models for the three tasks, with 2 layers, and of one layer 11.
The first 300 patterns are made from what people write into target_modules, the others from the grammar of `re`.

    python make_patterns.py --nested 1000 adapters/nested-patterns.json

makes patterns with nested repeats, of which many take `re` forever: "slow" instead of indices after 0.2 s. The names are
fewer, and some are the letters that such patterns take longest for.
"""
import argparse
import json
import random
import re
import signal
import warnings
from pathlib import Path

import transformers

RANDOM = random.Random(13)
TASKS = "TokenClassification", "SequenceClassification", "MaskedLM"
FAMILIES = {"Bert": {"num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8},
            "DistilBert": {"n_layers": 2, "dim": 8, "n_heads": 2, "hidden_dim": 8}}


def module_names():
    names = []
    for family, sizes in FAMILIES.items():
        config = getattr(transformers, family + "Config")(vocab_size=10, **sizes)
        for task in TASKS:
            model = getattr(transformers, f"{family}For{task}")(config)
            names += [name for name, _ in model.named_modules() if name and name not in names]
    return names + [name.replace("layer.1", "layer.11") for name in names if "bert.encoder.layer.1" in name]


PARTS = ["query", "key", "value", "dense", "q_lin", "v_lin", "lin1", "lin2", "self", "output", "intermediate", "attention",
         "LayerNorm", "pooler", "ffn"]
STARTS = [".*", ".*\\.", r"bert\.encoder\.layer\.\d+\.", r".*layer\.[01]\.", r".*layer\.(0|11)\.", r".*\b", r".*\.layer\.1\.",
          r"(?:distil)?bert\..*", r"(?!.*pooler).*", r".*(?<!output\.)", r".*(?<=attention\.)", "(?i).*", "(?x) .* ",
          r"(.*\.)?", r"^.*", r"(?P<path>.*)\.", r".*layer\.\d{1,2}\..*", r".*(?=\.)\.", r".*\.[^.]*", "(?s:.*)", r"(?>.*\.)"]
ENDS = ["", "$", r"\Z", ".*", r"\b", r"\b.*", r"\.dense", r"(\.dense)?", "[a-z]*", r"\w+", r"(?!.+)", r"(?:\.\w+)*", "{1}", r"\z"]


def written():
    parts = RANDOM.sample(PARTS, RANDOM.randint(1, 3))
    middle = parts[0] if len(parts) == 1 else RANDOM.choice(["({})", "(?:{})"]).format("|".join(parts))
    return RANDOM.choice(STARTS) + RANDOM.choice(["", "", r"self\.", r"output\.", ".*"]) + middle + RANDOM.choice(ENDS)


ATOMS = [*PARTS, ".", "\\.", ".*", "\\w+", "[a-z]", "[^.]+", "\\d", "[01]", "e", "r", "q", "u", "\\b", "\\B", "^", "$", "\\A",
         "\\Z", "\\1", "\\2", "(?P=n)", "[]a]", "[^]e]", "[[.]", "[a-e&&b]", "[q-]", "[\\w.]", "[E-r]", "[\\b]", "[\\d-z]", "\\x2e",
         "\\056", "\\0", "\\u002e", "{", "}", "{2}", "]", "\\S", "\\W", "\\s", "(?#x)", " ", "#", "\\n", "\\z", "\\h", "\\p{L}",
         "\\Qe\\E", "\\x{71}", "(?<n>e)", "-", "N"]
REPEATS = ["*", "+", "?", "{2}", "{1,}", "{,2}", "{1,3}", "{,}", "*?", "+?", "??", "{1,2}?", "*+", "++", "?+", "**", "{3,1}", "{}"]
OPENINGS = ["(", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?P<n>", "(?i:", "(?-i:", "(?x:", "(?i)", "(?a)", "(?u)", "(?s)",
            "(?m)", "(?(1)", "(?(n)", "(?ix-s:", "(?L:", "(?-:"]


def generated(depth):
    kind = RANDOM.random()
    if depth == 0 or kind < .4:
        text = RANDOM.choice(ATOMS)
    elif kind < .65:
        text = "".join(generated(depth - 1) for _ in range(RANDOM.randint(2, 4)))
    else:
        opening = RANDOM.choice(OPENINGS)
        second = "|" + generated(depth - 1) if RANDOM.random() < .3 else ""
        text = opening + generated(depth - 1) + second + ("" if opening.endswith(")") else ")")
    return text + (RANDOM.choice(REPEATS) if RANDOM.random() < .2 else "")


def matches(pattern, names):
    try:
        expression = re.compile(pattern)
    except (re.error, ValueError):
        return None
    return [index for index, name in enumerate(names) if expression.fullmatch(name)]


KNOWN = ["(.*)*x", "(a+)+$", "(a*)*b", "(a|a)*b", "(a|aa)+b", "(.*a){12}b", "([a-z]+)*\\d", "(.*)+(.*)+x", "((a*)*)*b",
         "(?:a?){30}a{30}", "(x+x+)+y", "(.*?)*?x", "(\\w+\\.?)*!", "(?=(a+)+b)a*", "((.*)*\\.)*z", "(?:.|.|.)*q", "(a?b?)*c"]
NESTED_ATOMS = ["a", "b", "e", ".", "\\.", "[a-z]", "\\w", "[^.]", "q", "\\d", "layer", "query", "\\b", ""]
NESTED_REPEATS = ["*", "*", "+", "+", "?", "*?", "+?", "??", "{2}", "{2,}", "{,3}", "{1,4}?", "{20}", "{3,30}", "*+", "++"]


def nested(depth):
    """Groups that are repeated, in groups that are repeated."""
    if depth == 0:
        return RANDOM.choice(NESTED_ATOMS) + (RANDOM.choice(NESTED_REPEATS[:8]) if RANDOM.random() < .4 else "")
    opening = RANDOM.choice(["(", "(", "(?:", "(?:", "(?>", "(?i:", "(?=", "(?!", "(?P<n%d>" % RANDOM.randrange(10 ** 6)])
    parts = "".join(nested(depth - 1) for _ in range(RANDOM.choice([1, 1, 2])))
    second = "|" + nested(depth - 1) if RANDOM.random() < .3 else ""
    return opening + parts + second + ")" + RANDOM.choice(NESTED_REPEATS)


def timed_matches(pattern, names):
    def stop(_signal, _frame):
        raise TimeoutError
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, .2)
    try:
        return matches(pattern, names)
    except TimeoutError:
        return "slow"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def make_nested(count, path):
    names = module_names()[::6] + ["a" * 28, "a" * 60 + "b", "ab" * 20, "a.b." * 8 + "q", "layer.1." * 3 + "query"]
    patterns = {pattern: timed_matches(pattern, names) for pattern in KNOWN}
    while len(patterns) < count:
        ends = RANDOM.choice([("", ""), (".*", ""), ("", ".*"), (".*\\.", "query"), ("", "x"), ("", "$")])
        pattern = ends[0] + nested(RANDOM.randint(1, 4)) + ends[1]
        if pattern not in patterns and len(pattern) < 120:
            patterns[pattern] = timed_matches(pattern, names)
    write(names, patterns, path)


def write(names, patterns, path):
    lines = ",\n".join(json.dumps(item) for item in patterns.items())
    path.write_text(f'{{"names": {json.dumps(names)},\n"patterns": [\n{lines}\n]}}\n')


def main():
    names, patterns = module_names(), {}
    while len(patterns) < 1000:
        if len(patterns) < 300:
            pattern, is_wanted = written(), True
        else:
            pattern = RANDOM.choice(["", "", ".*", "(?i)", "(?x)"]) + generated(RANDOM.randint(1, 4)) + RANDOM.choice(["", ".*"])
            # Most random patterns choose nothing or nearly everything, or are rejected: one in eight of these is enough.
            is_wanted = 0 < len(matches(pattern, names) or []) < 40 or RANDOM.random() < .125
        if is_wanted and len(pattern) < 80:
            patterns[pattern] = matches(pattern, names)
    write(names, patterns, Path(__file__).parent / "adapters" / "patterns.json")


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--nested", nargs=2, metavar=("COUNT", "FILE"))
options = parser.parse_args()
warnings.simplefilter("ignore")
if options.nested:
    make_nested(int(options.nested[0]), Path(options.nested[1]))
else:
    main()
