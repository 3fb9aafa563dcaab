#!/usr/bin/env python3
"""`tune serve` under load: one client against the pass itself, many clients against `tune predict`, and memory over many requests.

usage: serving_load.py MODEL ADAPTER TEXTS [--clients N] [--seconds N] [--rounds N] [--soak REQUESTS] [-- SERVE OPTIONS]
ADAPTER is the folder of an adapter that embeds, TEXTS a file with one sentence per line. Needs .build/release/tune and wrk
(Debian: apt-get install wrk); uses the loopback interface only. Prints a JSON object:
  one_client    milliseconds of POST /v1/embeddings with one sentence, and the mean of the pass by the server's metrics
  many_clients  sentences per second and milliseconds with N connections, and what `tune predict` does with the same file
  soak          resident memory after each tenth of the requests, while a copy of the adapter is loaded and unloaded
Clients and server share the CPUs, so the figures of many clients include wrk's own time.
"""
import argparse
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TUNE = Path(__file__).resolve().parent.parent / ".build/release/tune"
# Each thread of wrk starts at another line.
LUA = """
local bodies, thread, index = {}, 0, 0
for line in io.lines("%s") do bodies[#bodies + 1] = line end
function setup(t) t:set("start", thread); thread = thread + 7919 end
function init() index = start end
function request()
  index = index %% #bodies + 1
  return wrk.format("POST", "/v1/embeddings", {["Content-Type"] = "application/json"}, bodies[index])
end
function done(summary, latency)
  local e = summary.errors
  print(string.format('RESULT {"requests": %%d, "microseconds": %%d, "p50": %%f, "p99": %%f, "faults": %%d}', summary.requests,
    summary.duration, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Server:
    def __init__(self, model, options):
        self.process = subprocess.Popen([str(TUNE), "serve", model, "--port", "0", *options], stderr=subprocess.PIPE)
        for line in self.process.stderr:
            found = re.search(rb"listening on [\d.]+:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                break
        else:
            sys.exit("the server did not start")
        # The log must be read, or the pipe fills up.
        self.reader = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def metric(self, name):
        connection = self.connection()
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=60)
        if code:
            sys.exit(f"the server ended with {code}")


def post(connection, path, body):
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        sys.exit(f"{path}: {answer.status} {content[:300]}")


def one_client(server, bodies, count=1000):
    connection, times = server.connection(), []
    for index in range(100):
        post(connection, "/v1/embeddings", bodies[index % len(bodies)])
    seconds, passes = (server.metric(f"tune_pass_{name}") for name in ("seconds_total", "rows_count"))
    for index in range(count):
        start = time.perf_counter()
        post(connection, "/v1/embeddings", bodies[index % len(bodies)])
        times.append((time.perf_counter() - start) * 1e3)
    mean = (server.metric("tune_pass_seconds_total") - seconds) / (server.metric("tune_pass_rows_count") - passes) * 1e3
    times.sort()
    return {"p50": round(statistics.median(times), 3), "p99": round(times[int(0.99 * count)], 3),
            "mean": round(statistics.mean(times), 3), "pass_mean": round(mean, 3),
            "mean_by_pass": round(statistics.mean(times) / mean, 2)}


def offline(model, adapter, texts, folder, options):
    """Sentences per second of `tune predict`, without its start."""
    lines, times = Path(texts).read_text().splitlines(), []
    for repeats in (1, 3):
        path = f"{folder}/texts-{repeats}"
        Path(path).write_text("\n".join(lines * repeats) + "\n")
        start = time.perf_counter()
        subprocess.run([str(TUNE), "predict", model, "--adapter", f"a={adapter}", path, *options], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return 2 * len(lines) / (times[1] - times[0])


def many_clients(server, script, clients, seconds):
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", script,
               f"http://127.0.0.1:{server.port}"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(re.search(r"RESULT (.*)", output).group(1))


def soak(server, script, clients, requests):
    """Loads and unloads an adapter, and has it answer, while others ask another one."""
    start, memory, switches = server.metric("tune_requests_total"), [], 0
    load = subprocess.Popen(["wrk", "-t1", f"-c{clients}", "-d3600s", "-s", script, f"http://127.0.0.1:{server.port}"],
                            stdout=subprocess.DEVNULL)
    connection = server.connection()
    inputs = json.dumps({"inputs": [{"text": "Aspirin reduces fever .", "adapter": "soak"}]})
    try:
        while (done := server.metric("tune_requests_total") - start) < requests:
            post(connection, "/v1/load_lora_adapter", json.dumps({"lora_name": "soak", "lora_path": ".hidden/soak"}))
            post(connection, "/v1/predict", inputs)
            post(connection, "/v1/unload_lora_adapter", json.dumps({"lora_name": "soak"}))
            switches += 1
            if done >= requests / 10 * (len(memory) + 1):
                memory.append(round(server.metric("process_resident_memory_bytes") / 2**20, 1))
            time.sleep(0.05)
    finally:
        load.terminate()
        load.wait()
    return {"requests": int(done), "loads_and_unloads": switches, "mib_after_each_tenth": memory}


def main():
    own, serve_options = sys.argv[1:], []
    if "--" in own:
        own, serve_options = own[:own.index("--")], own[own.index("--") + 1:]
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("adapter")
    parser.add_argument("texts")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--soak", type=int, default=0)
    options = parser.parse_args(own)
    texts = Path(options.texts).read_text().splitlines()
    bodies = [json.dumps({"input": text, "encoding_format": "base64"}) for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        Path(f"{folder}/bodies").write_text("\n".join(bodies) + "\n")
        Path(f"{folder}/load.lua").write_text(LUA % f"{folder}/bodies")
        os.mkdir(f"{folder}/adapters")
        shutil.copytree(options.adapter, f"{folder}/adapters/.hidden/soak")
        server = Server(options.model, ["--adapter", f"a={options.adapter}", "--adapters-dir", f"{folder}/adapters", *serve_options])
        result = {"texts": len(texts), "clients": options.clients, "one_client": one_client(server, bodies)}
        precision = [option for index, option in enumerate(serve_options)
                     if "--precision" in serve_options[max(index - 1, 0):index + 1]]
        rounds = []
        for _ in range(options.rounds):
            # In turns, because other load on the machine comes and goes.
            found, rate = many_clients(server, f"{folder}/load.lua", options.clients, options.seconds), 0
            rate = found["requests"] / found["microseconds"] * 1e6
            by = offline(options.model, options.adapter, options.texts, folder, precision)
            rounds.append({"per_second": round(rate), "tune_predict_per_second": round(by), "ratio": round(rate / by, 2),
                           "p50": round(found["p50"], 2), "p99": round(found["p99"], 2), "faults": int(found["faults"])})
        result["many_clients"] = rounds
        if options.soak:
            result["soak"] = soak(server, f"{folder}/load.lua", options.clients, options.soak)
        server.stop()
    print(json.dumps(result, indent=1))


main()
