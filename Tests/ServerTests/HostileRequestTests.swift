/// Requests that are malformed, huge, slow or cut off: each gets its status, and the next one its answer.
import Files
import Foundation
import Hashing
import Testing

@testable import Server

private let body = Data(#"{"inputs": [{"text": "a b c", "adapter": ["ner", "base"]}], "min_score": 0.5}"#.utf8)

extension TestServer {
  fileprivate func isAlive() async throws -> Bool {
    try await post("/v1/predict", ["inputs": [["text": "a b c"]]]).status == 200
  }

  /// What the server sends for some bytes; nil: it closes the connection.
  fileprivate func answer(to bytes: Data) async throws -> HTTPAnswer? {
    try await onThread { [port] in
      let connection = try Connection(port: port)
      connection.send(bytes)
      connection.closeOutput()
      return try? connection.answer()
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct HostileRequestTests {
  @Test func `a body that is no JSON object is 400 or 422`() async throws {
    let server = try await TestServer()
    let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    for (text, status) in [
      ("", 400), ("{", 400), ("{\"inputs\": [}", 400), ("[]", 422), ("7", 422), ("null", 422), ("{} {}", 400),
      (deep, 400),
      (String(repeating: "{\"a\":", count: 50_000), 400), ("{\"inputs\": 1e999}", 400), ("{\"a\": 1, \"a\": 2}", 400),
      ("{'inputs': []}", 400), ("NaN", 400), ("\u{FEFF}{}", 400), ("{\"inputs\": [{\"text\": \"\\ud800\"}]}", 400),
    ] {
      let answer = try await server.send("POST", "/v1/predict", body: Data(text.utf8))
      #expect(answer.status == status && answer.code != nil, "\(text.prefix(40)): \(answer.status) \(answer.text)")
    }
    for bytes: [UInt8] in [
      [0xFF, 0xFE], Array(#"{"inputs": [{"text": "a"#.utf8) + [0xC0, 0xAF] + Array(#""}]}"#.utf8), [0],
    ] {
      let answer = try await server.send("POST", "/v1/predict", body: Data(bytes))
      #expect(answer.status == 400 && answer.code == "invalid_json", "\(answer.text)")
    }
    #expect(try await server.isAlive())
  }

  @Test func `a body that is too large is 413 whether its length is announced or not, and the connection is closed`()
    async throws
  {
    let server = try await TestServer { settings, _ in settings.maxBodyBytes = 100_000 }
    let large = Data(repeating: UInt8(ascii: " "), count: 100_001)
    #expect(try await server.send("POST", "/v1/predict", body: large.dropLast()).status == 400)
    let announced = try await onThread { [port = server.port] in
      let connection = try Connection(port: port)
      // Only the head: the server must not wait for the rest.
      connection.send(requestText("POST", "/v1/predict", ["Content-Length": "1000000000000"], body: Data()))
      return (try connection.answer(), connection.isClosedByServer())
    }
    #expect(announced.0.status == 413 && announced.0.code == "body_too_large" && announced.1)
    #expect(announced.0.headers["connection"] == "close")
    let chunked = try await onThread { [port = server.port] in
      let connection = try Connection(port: port)
      connection.send(
        "POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
      let chunk = "8000\r\n" + String(repeating: " ", count: 0x8000) + "\r\n"
      // It ends when the server has closed the connection.
      for _ in 0..<10_000 where !connection.send(chunk) { break }
      return try connection.answer()
    }
    #expect(chunked.status == 413 && chunked.code == "body_too_large")
    #expect(try await server.isAlive())
  }

  @Test func `slow clients are cut off: a head, a body or a next request that does not come`() async throws {
    // The tests that run beside this one may hold the threads of tasks for seconds.
    let server = try await TestServer { settings, _ in (settings.idleTimeout, settings.requestTimeout) = (20, 1) }
    async let head = onThread { [port = server.port] in
      let connection = try Connection(port: port)
      // A byte now and then does not help.
      for byte in "GET /health HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "y", count: 600) {
        if !connection.send(String(byte)) { return true }
        Thread.sleep(forTimeInterval: 0.1)
      }
      return false
    }
    async let body = onThread { [port = server.port] in
      let connection = try Connection(port: port)
      connection.send(requestText("POST", "/v1/predict", ["Content-Length": "500"], body: Data("{".utf8)))
      for _ in 0..<400 where connection.send(" ") { Thread.sleep(forTimeInterval: 0.01) }
      return try connection.answer()
    }
    async let next = onThread { [port = server.port] in
      let connection = try Connection(port: port)
      connection.send(requestText("GET", "/health"))
      return (try connection.answer().status, connection.isClosedByServer())
    }
    async let silent = onThread { [port = server.port] in try Connection(port: port).isClosedByServer() }
    let (isHeadCut, late, isNextCut, isSilentCut) = try await (head, body, next, silent)
    #expect(isHeadCut && isSilentCut && isNextCut == (200, true))
    #expect(late.status == 408 && late.code == "body_timeout")
    #expect(try await server.isAlive())
  }

  @Test func `a client that leaves in the middle of its body is no fault of the server`() async throws {
    let server = try await TestServer()
    _ = try await onThread { [port = server.port] in
      let connection = try Connection(port: port)
      connection.send(requestText("POST", "/v1/predict", ["Content-Length": "500"], body: Data("{".utf8)))
      connection.closeOutput()
      return connection.isClosedByServer()
    }
    #expect(
      try await server.eventually {
        try await server.get("/metrics").text.contains(#"route="/v1/predict",status="400"} 1.0"#)
      })
  }

  @Test func `a client that has closed its half still gets its answer, and one that leaves does no harm`() async throws
  {
    let server = try await TestServer(adapters: [.ner]), request = requestText("POST", "/v1/predict", body: body)
    #expect(try await server.answer(to: request)?.status == 200)
    for length in stride(from: 0, to: request.count, by: 7) { _ = try await server.answer(to: request.prefix(length)) }
    for _ in 0..<50 {
      _ = try await onThread { [port = server.port] in try Connection(port: port).send(request) }
    }
    #expect(try await server.isAlive())
  }

  @Test func `several requests in one packet are answered in order`() async throws {
    let server = try await TestServer(adapters: [.ner])
    let statuses = try await onThread { [port = server.port] in
      let connection = try Connection(port: port)
      connection.send(
        requestText("GET", "/health") + requestText("POST", "/v1/predict", body: body) + requestText("GET", "/none")
          + requestText("POST", "/v1/predict", body: body))
      return try (0..<4).map { _ in try connection.answer().status }
    }
    #expect(statuses == [200, 200, 404, 200])
  }

  @Test func `what is no HTTP is refused`() async throws {
    let server = try await TestServer()
    let long = String(repeating: "a", count: 100_000), many = (0..<2000).map { "X-\($0): y\r\n" }.joined()
    for text in [
      "\r\n\r\n", "hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /health HTTP/1.1\r\nHost a\r\n\r\n",
      "GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n", "GET /health HTTP/1.1\r\nX: \(long)\r\n\r\n",
      "GET /health HTTP/1.1\r\n\(many)\r\n", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0", "\0\0\0\0",
      "POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
      "POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
      "POST /v1/predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    ] {
      let status = try await server.answer(to: Data(text.utf8))?.status ?? 400
      #expect((400..<500).contains(status), "\(text.prefix(60)): \(status)")
      #expect(try await server.isAlive())
    }
  }

  @Test func `three thousand altered bodies are answered, none with a fault of the server`() async throws {
    let server = try await TestServer(adapters: [.ner, .vectors])
    let bodies = [
      ("/v1/predict", body),
      ("/v1/embeddings", Data(#"{"model": "vectors", "input": ["a b", "c"], "encoding_format": "base64"}"#.utf8)),
      ("/classify", Data(#"{"model": "ner", "input": "a b"}"#.utf8)),
      ("/v1/load_lora_adapter", Data(#"{"lora_name": "x", "lora_path": "sub/folder", "load_inplace": true}"#.utf8)),
      ("/v1/unload_lora_adapter", Data(#"{"lora_name": "x"}"#.utf8)),
    ]
    let counts = try await onThread { [port = server.port] in
      var generator = SplitMix64(seed: 5), counts: [Int: Int] = [:], connection = try Connection(port: port)
      func random(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
      for number in 0..<3000 {
        let (path, original) = bodies[number % bodies.count]
        var bytes = Array(original)
        for _ in 0...random(4) {
          let place = random(bytes.count)
          switch random(4) {
          case 0: bytes[place] = UInt8(random(256))
          case 1: bytes.remove(at: place)
          case 2: bytes.insert(UInt8(random(256)), at: place)
          default: bytes.swapAt(place, random(bytes.count))
          }
        }
        connection.send(requestText("POST", path, body: Data(bytes)))
        let answer = try connection.answer()
        counts[answer.status, default: 0] += 1
        if answer.headers["connection"] == "close" { connection = try Connection(port: port) }
      }
      return counts
    }
    #expect(Set(counts.keys).isSubset(of: [200, 400, 403, 404, 422]) && counts[400] ?? 0 > 500, "\(counts)")
    #expect(counts[200] ?? 0 > 20 && counts[422] ?? 0 > 20, "\(counts)")
    #expect(try await server.isAlive())
  }
}
