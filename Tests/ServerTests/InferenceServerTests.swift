/// Tests what all routes share: errors, access, request ids, limits of the queue and of time, metrics, and the end of the server.
import Datasets
import Files
import FoundationEssentials
import Glibc
import HTTPTypes
import Serving
import Testing

@testable import Server

private let request: JSON = ["inputs": [["text": "a b c"]]]

@Suite(.timeLimit(.minutes(5))) struct InferenceServerTests {
  @Test func `the routes are those that openapi json describes`() async throws {
    let server = try await TestServer()
    let answer = try await server.get("/openapi.json"), paths = answer.json["paths"]?.object ?? [:]
    let described = Set(
      paths.flatMap { path, methods in (methods.object ?? [:]).keys.map { "\($0.uppercased()) \(path)" } })
    #expect(described == Set(server.server.routes.map { "\($0.method.rawValue) \($0.path)" }))
    for route in server.server.routes {
      let description = paths[route.path]?[route.method.rawValue.lowercased()]
      #expect((description?["security"] != nil) == (route.scope != nil), "\(route.path)")
    }
  }

  @Test func `the page needs no other file and no other server`() async throws {
    let server = try await TestServer(), answer = try await server.get("/")
    let page = String(decoding: answer.body, as: UTF8.self)
    #expect(answer.status == 200 && answer.headers["content-type"] == "text/html; charset=utf-8")
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("default-src 'none'"))
    for outside in ["http://", "https://", "src=", "@import", "url("] { #expect(!page.contains(outside), "\(outside)") }
  }

  @Test func `an unknown path, another method, and a body of another type are errors in JSON`() async throws {
    let server = try await TestServer(), body = Data(request.text().utf8)
    for (method, path, headers, status, code): (String, String, [String: String], Int, String) in [
      ("GET", "/index.html", [:], 404, "unknown_path"), ("GET", "/v1/predict/", [:], 404, "unknown_path"),
      ("GET", "/../../etc/passwd", [:], 404, "unknown_path"), ("GET", "/%2e%2e/etc/passwd", [:], 404, "unknown_path"),
      ("GET", "/v1/predict", [:], 405, "method_not_allowed"), ("DELETE", "/v1/models", [:], 405, "method_not_allowed"),
      ("OPTIONS", "/v1/predict", [:], 405, "method_not_allowed"),
      ("POST", "/v1/predict", ["Content-Type": "text/plain"], 415, "unsupported_media_type"),
      (
        "POST", "/v1/predict", ["Content-Type": "application/json", "Content-Encoding": "gzip"], 415,
        "unsupported_media_type"
      ),
    ] {
      let answer = try await server.send(method, path, headers, body: method == "POST" ? body : nil)
      #expect(answer.status == status && answer.code == code, "\(method) \(path): \(answer.text)")
      #expect((answer.headers["allow"] != nil) == (status == 405))
    }
    for type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
      let answer = try await server.send("POST", "/v1/predict", ["Content-Type": type], body: body)
      #expect(answer.status == 200, "\(answer.text)")
    }
  }

  @Test func `an answer has the request's id if it is plain, else one of its own`() async throws {
    let server = try await TestServer()
    #expect(try await server.get("/health", ["X-Request-Id": "abc-7"]).headers["x-request-id"] == "abc-7")
    var ids: Set<String> = []
    for id in ["", "a b", "é", String(repeating: "a", count: 129)] {
      let found = try await server.get("/health", ["X-Request-Id": id]).headers["x-request-id"] ?? ""
      #expect(found != id && found.count > 10)
      ids.insert(found)
    }
    #expect(ids.count == 4)
  }

  @Test func `with tokens each route requires its scope, but health, readiness and the description none`() async throws
  {
    let server = try await TestServer(watched: [.topics]) { settings, folder in
      settings.tokenFile = folder + "/tokens"
      try writeFile("predict-0123456789\nmanage-0123456789 manage\n", to: folder + "/tokens")
      chmod(folder + "/tokens", 0o600)
    }
    func status(_ method: String, _ path: String, _ token: String?) async throws -> Int {
      let body = method == "POST" ? Data("{}".utf8) : nil
      return try await server.send(method, path, token.map { ["Authorization": "Bearer \($0)"] } ?? [:], body: body)
        .status
    }
    for route in server.server.routes {
      let (method, path) = (route.method.rawValue, route.path), isOpen = route.scope == nil
      #expect(try await status(method, path, nil) == (isOpen ? 200 : 401), "\(path)")
      #expect(try await status(method, path, "predict-012345678") == (isOpen ? 200 : 401), "\(path)")
      let isPermitted = [401, 403].contains(try await status(method, path, "predict-0123456789")) == false
      #expect(isPermitted == (route.scope != .manage), "\(path)")
      #expect(try await status(method, path, "manage-0123456789") == 403 || route.scope != .predict, "\(path)")
    }
    let refused = try await server.get("/v1/models")
    #expect(refused.code == "invalid_token" && refused.headers["www-authenticate"] == "Bearer")
  }

  @Test func `a full queue is 429 with Retry-After, and a late answer 504`() async throws {
    let gate = PassGate()
    let server = try await TestServer(
      { settings, _ in
        (settings.maxQueueTokens, settings.requestTimeout) = (12, 6)
      }, beforePass: gate.pass)
    async let first = server.post("/v1/predict", request)
    #expect(try await server.eventually { gate.passes == 1 })
    async let second = server.post("/v1/predict", request), third = server.post("/v1/predict", request)
    #expect(try await server.eventually { server.server.queuedRequests == 2 })
    let refused = try await server.post("/v1/predict", request)
    #expect(
      refused.status == 429 && refused.code == "queue_full" && Int(refused.headers["retry-after"] ?? "") ?? 0 >= 1)
    let large = try await server.post("/v1/predict", ["inputs": [["text": "a b c d e f g h i j k l m n o p q r s t"]]])
    #expect(large.status == 413 && large.code == "too_many_tokens", "\(large.text)")
    #expect(try await server.get("/health").status == 200)
    for answer in try await [first, second, third] {
      #expect(answer.status == 504 && answer.code == "timeout", "\(answer.text)")
    }
    gate.open(10)
    #expect(try await server.post("/v1/predict", request).status == 200)
  }

  @Test func `the fault of a pass is 500 for its request only`() async throws {
    struct Fault: Error {}
    let gate = PassGate()
    let server = try await TestServer(beforePass: { records in
      if records.contains(where: { $0.texts == ["hold"] }) { gate.pass(records) }
      if records.contains(where: { $0.texts == ["fail"] }) { throw Fault() }
    })
    func post(_ text: String) async throws -> HTTPAnswer {
      try await server.post("/v1/predict", ["inputs": [["text": .string(text)]]])
    }
    async let hold = post("hold")
    #expect(try await server.eventually { gate.passes == 1 })
    async let good = post("a b"), bad = post("fail")
    #expect(try await server.eventually { server.server.queuedRequests == 2 })
    gate.open(5)
    let answers = try await [hold, good, bad]
    #expect(answers.map(\.status) == [200, 200, 500] && answers[2].code == "internal_error")
  }

  @Test func `metrics count requests, rows, adapters and memory`() async throws {
    let server = try await TestServer(adapters: [.ner], watched: [.topics])
    for _ in 0..<3 { _ = try await server.post("/v1/predict", request) }
    _ = try await server.post("/v1/predict", [:])
    _ = try await server.get("/no/such")
    let answer = try await server.get("/metrics"), lines = Set(answer.text.split(separator: "\n").map(String.init))
    #expect(answer.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
    for line in [
      "tune_requests_total{route=\"/v1/predict\",status=\"200\"} 3.0",
      "tune_requests_total{route=\"/v1/predict\",status=\"422\"} 1.0",
      "tune_requests_total{route=\"unknown\",status=\"404\"} 1.0", "tune_pass_rows_bucket{le=\"1.0\"} 3.0",
      "tune_pass_rows_bucket{le=\"+Inf\"} 3.0", "tune_pass_rows_sum 3.0", "tune_pass_rows_count 3.0",
      "tune_pass_tokens_total 15.0",
      "tune_request_duration_seconds_count{route=\"/v1/predict\"} 4.0", "tune_adapters{state=\"loaded\"} 2.0",
      "tune_adapters{state=\"evicted\"} 0.0", "tune_queue_requests 0.0", "tune_queue_tokens 0.0",
      "# TYPE tune_request_duration_seconds histogram",
    ] {
      #expect(lines.contains(line), "\(line)\n\(answer.text)")
    }
    let memory = lines.first { $0.hasPrefix("process_resident_memory_bytes ") }?.split(separator: " ").last.flatMap {
      Double($0)
    }
    #expect((1e6...1e12).contains(memory ?? 0))
    // No series stands there twice.
    let series = answer.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
      $0[..<($0.lastIndex(of: " ") ?? $0.endIndex)]
    }
    #expect(Set(series).count == series.count)
  }

  @Test func `a server that stops answers what it has begun, and takes nothing more`() async throws {
    let gate = PassGate(), server = try await TestServer(beforePass: gate.pass)
    #expect(try await server.get("/ready").status == 200)
    async let first = server.post("/v1/predict", request)
    #expect(try await server.eventually { gate.passes == 1 })
    async let second = server.post("/v1/predict", request)
    #expect(try await server.eventually { server.server.queuedRequests == 1 })
    async let end: Void = server.stop()
    #expect(try await server.eventually { (try? server.connect()) == nil })
    gate.open(5)
    let answers = try await [first, second]
    #expect(answers.map(\.status) == [200, 200])
    try await end
  }

  @Test func `a server that has to wait too long stops anyway`() async throws {
    let gate = PassGate()
    let server = try await TestServer({ settings, _ in settings.drainTimeout = 0.5 }, beforePass: gate.pass)
    async let first = server.post("/v1/predict", request)
    #expect(try await server.eventually { gate.passes == 1 })
    try? await server.stop()
    let answer = try? await first
    #expect(answer == nil || answer?.code == "shutting_down")
    gate.open(5)
  }

  @Test func `a server with nothing to answer with does not start`() async throws {
    await #expect(throws: PoolFault.self) {
      try await TestServer(base: "tiny-bert-bare") { settings, _ in settings.adaptersFolder = nil }
    }
    let server = try await TestServer(base: "tiny-bert-bare")
    let answer = try await server.post("/v1/predict", request)
    #expect(answer.status == 422 && answer.code == "model_missing")
  }

  @Test func `the only adapter answers where the base has no head`() async throws {
    let server = try await TestServer(base: "tiny-bert-bare", adapters: [.sentiment])
    let answer = try await server.post("/v1/predict", request)
    #expect(answer.json["outputs"]?.array?[0]["labels"]?["sentiment"] != nil, "\(answer.text)")
  }
}
