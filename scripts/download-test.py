#!/usr/bin/env python3
"""Downloads models from a local Hub that fails: connections cut, wrong lengths and hashes, refusals, kill -9, …

    scripts/download-test.py [--faults 200] [--program .build/release/tune] [--seed 0]

Every model gets random faults and is downloaded until it is complete. After every run: a file with its final name has
the right bytes; status 0 means that all files are there; another status comes with a reason and leaves no download.json.
Exits with 1 at the first violation.
"""
import argparse, concurrent.futures, json, os, random, shutil, signal, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONTENT = ["cut", "cut", "short", "long", "flip", "ignore-range", "wrong-range", "trickle", "stall", "drop", "expired",
           "moved", "status-429-0", "status-429", "status-500", "status-503", "status-408"]
FINAL = ["no-repo", "no-entry", "gated", "login", "status-403", "status-404"]
API = ["drop", "status-429", "status-500", "login", "elsewhere", "gated", "no-repo"]
COUNTS = {}
LOCK = threading.Lock()


def make_model(root, name, generator):
    folder = f"{root}/org/{name}"
    os.makedirs(folder)
    files = {"config.json": b'{"model_type": "bert"}', "vocab.txt": b"[PAD]\n[UNK]\n" * generator.randint(1, 60),
             "README.md": b"# model\n", "model.safetensors": generator.randbytes(generator.randint(50_000, 2_000_000))}
    for path, content in files.items():
        open(f"{folder}/{path}", "wb").write(content)
    return files


def ask(server, line):
    """A line of the server's output for a line of its input."""
    with LOCK:
        server.stdin.write(line + "\n")
        server.stdin.flush()
        return server.stdout.readline()


def plan(name, count, generator):
    """Faults for some requests of a model: `count` of them."""
    faults = {}
    for _ in range(count):
        draw = generator.random()
        if draw < 0.15:
            path, fault = generator.choice(["revision", "tree"]), generator.choice(API)
        elif draw < 0.85:
            path, fault = "model.safetensors", generator.choice(CONTENT + FINAL[:2])
        else:
            path, fault = generator.choice(["config.json", "vocab.txt"]), generator.choice(
                [fault for fault in CONTENT if fault != "expired"] + FINAL)
        faults.setdefault(f"org/{name}/{path}", []).append(fault)
        with LOCK:
            COUNTS[fault] = COUNTS.get(fault, 0) + 1
    return faults


def check(target, files, status, errors, what):
    def require(condition, reason):
        if not condition:
            raise AssertionError(f"{what}: {reason}\nstatus {status}\n{errors}")
    for path, content in files.items():
        if os.path.exists(f"{target}/{path}"):
            require(open(f"{target}/{path}", "rb").read() == content, f"{path} has its final name and other bytes")
        else:
            require(status != 0, f"status 0 without {path}")
    allowed = set(files) | {"download.json", ".tune-download"}
    found = set(os.listdir(target)) if os.path.isdir(target) else set()
    require(found <= allowed, f"unexpected files: {found - allowed}")
    if status == 0:
        require("download.json" in found and ".tune-download" not in found, "status 0 and not finished")
    else:
        require("download.json" not in found, "not finished, but it has download.json")
        require(status == -signal.SIGKILL or (status == 1 and "Error: " in errors), "no reason for the failure")


def partial_size(target):
    folder = f"{target}/.tune-download"
    return max([os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder)] + [0]) if os.path.isdir(folder) else 0


def download(case, program, server, hub, root, count, seed):
    generator = random.Random(f"{seed}-{case}")
    name = f"m{case}"
    files = make_model(f"{root}/models", name, generator)
    ask(server, json.dumps(plan(name, count, generator)))
    target = f"{root}/out/{name}"
    environment = dict(os.environ, HF_ENDPOINT=hub, HF_TOKEN="hf_test", HF_HUB_DOWNLOAD_TIMEOUT="2", HOME=root)
    resumed = 0
    for attempt in range(40):
        before = partial_size(target)
        process = subprocess.Popen(
            [program, "download", f"org/{name}", "--to", target], env=environment, cwd=root,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if generator.random() < 0.2:
            time.sleep(generator.uniform(0, 0.1))
            process.kill()
            with LOCK:
                COUNTS["kill -9"] = COUNTS.get("kill -9", 0) + 1
        _, errors = process.communicate(timeout=300)
        check(target, files, process.returncode, errors, f"model {name}, run {attempt}")
        resumed += before > 0
        if process.returncode == 0:
            return attempt + 1, resumed
    raise AssertionError(f"model {name} is not complete after 40 runs\n{errors}")


def check_requests(log):
    """The token goes to the Hub and not to its storage. Returns the number of requests with Range."""
    ranges = 0
    for entry in log:
        token = entry["headers"].get("authorization")
        assert (token == "Bearer hf_test") if entry["server"] == "hub" else token is None, entry
        ranges += "range" in entry["headers"]
    return ranges


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--program", default=f"{ROOT}/.build/release/tune")
    parser.add_argument("--seed", default="0")
    options = parser.parse_args()
    per_model = 4
    root = tempfile.mkdtemp(prefix="tune-download-")
    os.makedirs(f"{root}/models")
    server = subprocess.Popen(
        [sys.executable, f"{ROOT}/Tests/Fixtures/hub/server.py", f"{root}/models"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True)
    try:
        hub = server.stdout.readline().split()[0]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(
                lambda case: download(
                    case, os.path.abspath(options.program), server, hub, root, per_model, options.seed),
                range(-(-options.faults // per_model))))
        ranges = check_requests(json.loads(ask(server, "log")))
        print(f"{len(results)} models complete and verified after {sum(runs for runs, _ in results)} runs, "
              f"{sum(resumed for _, resumed in results)} with bytes of an earlier run, {ranges} requests with Range")
        print("faults: " + ", ".join(f"{count} {fault}" for fault, count in sorted(COUNTS.items())))
    finally:
        server.stdin.close()
        server.wait()
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
