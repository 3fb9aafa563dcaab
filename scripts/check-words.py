#!/usr/bin/env python3
"""Fails if a file has a word for which the field has a standard term.

    scripts/check-words.py            prints every line with such a word, and the term to use
    scripts/check-words.py --count    prints the number of lines per word

Checks Sources, Tests, benchmarks, docs, recipes and scripts, without data, fixtures and the list of renamed keys.
"""
import re
import subprocess
import sys

# The term to use, by a pattern of the words to avoid. False friends mean something else in transformers, PEFT or PyTorch.
FALSE_FRIENDS = {
    r"\bisHalf\b|\bhalves\b|\bHalfStorage\b|_half\b|\bint half\b": "bf16",
    r"\bconfig\.hidden\b|\bconfig\.width\b": "intermediateSize, hiddenSize",
    r"\bfit\(_ model|\.fit\(|\bFitting\b|\bfitting\.": "inject, Injection",
    r"[Mm]ultiplier\b|TUNE_MULTIPLIER": "GEMM backend, TUNE_GEMM (of learning rates: factor)",
    r"\bDraft\b|\bdraft\b(?! 7|-07)": "RawRecipe",
    r"\bTextEncoder\b": "TextTokenizer",
    r"\bcase shuffled\b": "random, as train_sampling_strategy",
}
INVENTED = {
    r"\b[Ss]eams?\b|\bBlockSeams\b|\b[Ss]ockets?\b": "adapter slot",
    r"\b[Pp]refac(e|es|ed)\b|\bisPrefaced\b": "virtual tokens",
    r"\bKeptStates|\bFrozenStates|[Kk]ept states": "hidden-state cache",
    r"\bShelf": "RecipeLibrary",
    r"\bTeaching\b|\bmakeTeaching\b": "ObjectiveSetup",
    r"\bDescent\b": "OptimizerStep",
    r"\b[Ss]tretch(es)?\b|\bStrip\b|\bstrips\b": "chunk",
    r"\bshrink\b": "decay factor",
    r"\b[Nn]eck\b": "head transform",
    r"\b[Cc]hance\b": "random seed, random key, random number generator",
    r"\b[Uu]sual|\busual[A-Z]": "default",
    r"\bfresh\b|\bfreshParameter\b": "newly initialized",
    r"\beveryName\b": "strict",
    r"\bAnchored|(?<!text-)\banchor\b": "ResidualInitLoRA",
    r"\bLearningBias\b|\blearnWhole\b|\bHeadTraining\b": "BiasMode, addModulesToSave, LinearProbe",
    r"\bUnlearnable\b|\bLossWatch\b|\bleaps?\b": "NonFiniteStep, LossSpikeDetector, spike",
    r"[Rr]ehears|\b[Ff]orecast": "dry run, resource estimate",
    r"\bSpelling\b|\bJoins\b|in one piece": "fertility, merges",
    r"\bFindings\b|\bfindings\b": "Diagnostics",
    r"\bstate\(_ fields|\bstate[A-Z]\w*\(_? ?fields|\bstate[A-Z]\w*\(fields": "declare",
    r"\bTurns\b|\bhandOn\b|\bNowhere\b": "ShardOrder, release, NullGradients",
    r"\bsoften\b|\bharden\b": "softmax_row, softmax_backward_row",
    r"\bLessonSize\b|\bHardLabels\b": "BatchTotals, TaskLoss",
    r"\b[Nn]obody\b": "say who does not, in plain words",
    r"learns? along|is told|are told|\bgoes on\b|for ever\b|its luck|by the cube": "plain English",
    r"\bloses? (what|the same)|they lose\b": "losses match",
    r"hasKinds|\btoken kinds?\b|\bkinds:": "token type ids",
    r"\bfirsts\b|\b[Pp]ieces?\b|table of words|passed over|\bpace\b|\bwishe?[sd]?\b": "word starts, token, word embeddings, skip",
    r"what learns|\bwants?\b|\b(is|are) told\b|\btells?\b": "trainable parameters, requires, reports",
    r"(labelled|normalis|initialis|orthogonalis)": "American spelling",
}
# Lines that quote a fixture's name or value, or call the system.
FIXED = ['"halves.safetensors"', '== "labelled"', "= socket(AF_INET"]
SKIP = re.compile(
    r"Fixtures/|ProcessorTests|Kernels/Processor|quickstart-corpus/Frames|Unicode/|"
    r"Lexicon|results/|RenamedKeys|check-words|"
    r"\.safetensors$|vocab\.txt$|tokenizer\.json$|LICENSE|\.svg$|\.jsonl$")


def main():
    files = subprocess.check_output(
        ["git", "ls-files", "-co", "--exclude-standard", "Sources", "Tests", "benchmarks", "docs", "recipes", "scripts",
         "checkpoints", "README.md", "CONTRIBUTING.md", "Package.swift", "Makefile"], text=True).split("\n")
    counts = {}
    for file in files:
        if not file or SKIP.search(file):
            continue
        try:
            lines = open(file, encoding="utf-8").read().split("\n")
        except (FileNotFoundError, UnicodeDecodeError):
            continue
        for number, line in enumerate(lines, 1):
            if any(text in line for text in FIXED):
                continue
            for group, words in (("false friend", FALSE_FRIENDS), ("invented", INVENTED)):
                for pattern, instead in words.items():
                    if re.search(pattern, line):
                        counts[(group, pattern)] = counts.get((group, pattern), 0) + 1
                        if "--count" not in sys.argv:
                            print(f"{file}:{number}: {group}; use: {instead}: {line.strip()[:100]}")
    if "--count" in sys.argv:
        for (group, pattern), count in sorted(counts.items(), key=lambda item: (item[0][0], -item[1])):
            print(f"{count:5d}  {group}: {pattern}")
    return 1 if counts else 0


if __name__ == "__main__":
    sys.exit(main())
