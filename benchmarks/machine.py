"""The machine, program and peer versions that are recorded with the results, and the results file."""
import datetime
import json
import os
import platform
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def description():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        text = file.read()

    def field(name):
        found = re.search(rf"^{name}\s*:\s*(.*)$", text, re.M)
        return found.group(1).strip() if found else platform.processor() or "unknown"

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": field("model name"), "family": field("cpu family"), "model": field("model"),
            "cores": len(os.sched_getaffinity(0)), "memory_gb": round(memory / 2**30)}


def results_path(machine):
    name = "-".join(str(machine[key]) for key in ("cpu", "family", "model", "cores"))
    return os.path.join(ROOT, "benchmarks/results", re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + ".json")


def commit():
    """The measured commit, with a + if the sources or the benchmark scripts have uncommitted changes."""
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    changed = git("status", "--porcelain", "--", "Sources", "Package.swift", "benchmarks", ":!benchmarks/results")
    return git("rev-parse", "--short=10", "HEAD") + ("+" if changed else "")


def versions(python):
    """Versions of the peer's packages; {} without a peer."""
    if not python:
        return {}
    names = ["torch", "transformers", "peft"]
    script = f"from importlib.metadata import version; print(*map(version, {names}))"
    found = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    return dict(zip(names, found))


def stamp(python):
    return {"commit": commit(), "date": datetime.date.today().isoformat(), "load": round(os.getloadavg()[0], 1),
            "versions": versions(python)}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path, results):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(json.dumps(results, indent=2) + "\n")
    os.replace(path + ".new", path)
