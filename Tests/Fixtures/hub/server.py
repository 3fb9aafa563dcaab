#!/usr/bin/env python3
"""A small Hugging Face Hub on 127.0.0.1 with its storage on 127.0.0.2, for tests of downloads, with faults on demand.

    server.py FOLDER [--certificate FILE --key FILE]

Serves every folder FOLDER/ORG/NAME as a model. Prints one line, "HUB_ADDRESS STORAGE_ADDRESS", and serves until its
standard input ends. A line of input is answered by a line of output. {"ORG/NAME/PATH": ["fault", …]} sets the faults of
the next requests of a file, one per request ("" is none; PATH is "revision" or "tree" for the API). "log" returns all
requests with their headers as JSON and clears the log.

huggingface_hub downloads from it too: HF_ENDPOINT=HUB_ADDRESS.
"""
import argparse, hashlib, http.server, json, os, ssl, sys, threading, time, urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
# Files of this size and more are "in LFS".
LARGE = 4096
STATE = {"faults": {}, "log": []}
LOCK = threading.Lock()


def take_fault(path):
    with LOCK:
        faults = STATE["faults"].get(path)
        return faults.pop(0) if faults else ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.connection.settimeout(30)

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def note(self):
        url = urllib.parse.urlsplit(self.path)
        with LOCK:
            STATE["log"].append({
                "method": self.command, "server": self.server.name, "path": url.path, "query": url.query,
                "headers": {name.lower(): value for name, value in self.headers.items()}})
        return urllib.parse.unquote(url.path), urllib.parse.parse_qs(url.query)

    def refuse(self, fault):
        """Answers with a fault that needs no content; False: it is another fault."""
        codes = {"gated": (403, "GatedRepo"), "no-repo": (401, "RepoNotFound"), "no-entry": (404, "EntryNotFound")}
        if fault in codes:
            status, code = codes[fault]
            self.answer(status, b"{}", [("X-Error-Code", code), ("X-Error-Message", "said by the test server")])
        elif fault.startswith("status-"):
            parts = fault.split("-")
            self.answer(int(parts[1]), b"{}", [("Retry-After", parts[2])] if len(parts) > 2 else ())
        elif fault == "login":
            self.answer(200, b"<!DOCTYPE html><html>Please log in</html>", [("Content-Type", "text/html")])
        elif fault == "drop":
            self.close_connection = True
            self.connection.close()
        elif fault == "elsewhere":
            self.answer(302, b"", [("Location", self.server.storage + "/login")])
        else:
            return False
        return True

    def send_content(self, content, fault, headers):
        """Sends content, or the range that is asked for, with a fault."""
        start = 0
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=") and fault != "ignore-range":
            start = int(asked[6:].split("-")[0])
            if start >= len(content):
                return self.answer(416, b"", [("Content-Range", f"bytes */{len(content)}")])
        body = content[start:]
        if fault == "flip" and body:
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1:]
        if fault == "short":
            body = body[:max(0, len(body) - 10)]
        if fault == "long":
            body += b"0123456789"
        self.send_response(206 if start or (asked and fault != "ignore-range") else 200)
        for name, value in headers:
            self.send_header(name, value)
        if start:
            first = start + 1 if fault == "wrong-range" else start
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "cut":
            self.wfile.write(body[:len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
        elif fault == "stall":
            self.wfile.write(body[:len(body) // 2])
            self.wfile.flush()
            time.sleep(4)
            self.close_connection = True
        elif fault == "trickle":
            step = max(1, len(body) // 8)
            for offset in range(0, len(body), step):
                self.wfile.write(body[offset:offset + step])
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()


class Hub(Handler):
    def do_GET(self):
        path, query = self.note()
        parts = path.split("/")
        if path.startswith("/api/models/") and len(parts) >= 7:
            return self.api("/".join(parts[3:5]), parts[5], "/".join(parts[6:]), query)
        if len(parts) >= 6 and parts[3] == "resolve":
            return self.resolve("/".join(parts[1:3]), parts[4], "/".join(parts[5:]))
        self.answer(404, b"{}")

    def api(self, model, what, revision, query):
        if self.refuse(take_fault(f"{model}/{what}")):
            return
        files = self.server.files(model)
        if files is None:
            return self.answer(401, b"{}", [("X-Error-Code", "RepoNotFound")])
        if revision not in ("main", COMMIT):
            return self.answer(404, b"{}", [("X-Error-Code", "RevisionNotFound")])
        if what == "revision":
            return self.answer(200, json.dumps({"id": model, "sha": COMMIT}).encode())
        if what != "tree":
            return self.answer(404, b"{}")
        entries = [{"type": "directory", "path": "folder", "oid": "0" * 40, "size": 0}]
        for name, content in files.items():
            entry = {"type": "file", "path": name, "size": len(content), "oid": blob_hash(content)}
            if len(content) >= LARGE:
                entry["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 130}
            entries.append(entry)
        # Two pages.
        page = int(query.get("cursor", ["0"])[0])
        half = (len(entries) + 1) // 2
        link = f'<{self.server.address}{self.path}&cursor=1>; rel="next"'
        self.answer(
            200, json.dumps(entries[half * page:half * (page + 1)]).encode(), [("Link", link)] if page == 0 else ())

    def resolve(self, model, revision, name):
        content = (self.server.files(model) or {}).get(name)
        if content is None or revision not in ("main", COMMIT):
            return self.answer(404, b"", [("X-Error-Code", "EntryNotFound"), ("X-Repo-Commit", COMMIT)])
        fault = take_fault(f"{model}/{name}")
        if self.refuse(fault):
            return
        if fault == "moved":
            return self.answer(307, b"", [("Location", f"/{model}/resolve/{COMMIT}/{name}")])
        if len(content) < LARGE:
            return self.send_content(content, fault, [("X-Repo-Commit", COMMIT), ("ETag", f'"{blob_hash(content)}"')])
        digest = sha256(content)
        query = urllib.parse.urlencode({"model": model, "name": name, "fault": fault, "signature": "a+b/c="})
        self.answer(302, b"", [
            ("X-Repo-Commit", COMMIT), ("X-Linked-Size", str(len(content))), ("X-Linked-ETag", f'"{digest}"'),
            ("Location", f"{self.server.storage}/{digest}?{query}")])


class Storage(Handler):
    def do_GET(self):
        path, query = self.note()
        if self.headers.get("Authorization"):
            return self.answer(500, b"the token was sent to the storage")
        if path == "/login":
            return self.answer(200, b"<!DOCTYPE html><html>Please log in</html>")
        fault = query.get("fault", [""])[0]
        if fault == "expired":
            return self.answer(403, b"expired")
        content = self.server.hub.files(query["model"][0])[query["name"][0]]
        self.send_content(content, fault, [("ETag", '"storage"')])


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host, handler, name, options):
        super().__init__((host, 0), handler)
        self.name = name
        scheme = "http"
        if options.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.certificate, options.key)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            scheme = "https"
        self.address = f"{scheme}://{host}:{self.server_address[1]}"
        self.folder = options.folder
        self.cache = {}

    def handle_error(self, *_):
        pass

    def files(self, model):
        """The files of a model by path; None: there is no such model."""
        root = os.path.join(self.folder, model)
        if ".." in model or not os.path.isdir(root):
            return None
        if model not in self.cache:
            self.cache[model] = {
                os.path.relpath(os.path.join(folder, name), root): open(os.path.join(folder, name), "rb").read()
                for folder, _, names in sorted(os.walk(root)) for name in sorted(names)}
        return self.cache[model]


def blob_hash(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    options = parser.parse_args()
    hub, storage = Server("127.0.0.1", Hub, "hub", options), Server("127.0.0.2", Storage, "storage", options)
    hub.storage, storage.hub, storage.storage = storage.address, hub, storage.address
    for server in (hub, storage):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(hub.address, storage.address, flush=True)
    for line in sys.stdin:
        with LOCK:
            if line.strip() == "log":
                print(json.dumps(STATE["log"]), flush=True)
                STATE["log"] = []
            else:
                STATE["faults"].update(json.loads(line))
                print("ok", flush=True)


if __name__ == "__main__":
    main()
