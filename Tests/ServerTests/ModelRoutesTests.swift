/// Tests GET /v1/models, the loading and unloading of adapters by request and by folder, and swaps while requests run.
import Files
import FoundationEssentials
import Testing

@testable import Server

@Suite(.timeLimit(.minutes(5))) struct ModelRoutesTests {
  @Test func `models are listed with where they come from`() async throws {
    let server = try await TestServer(adapters: [.ner], watched: [.sentiment])
    let answer = try await server.get("/v1/models"), models = answer.json["data"]?.array ?? []
    try #require(
      models.compactMap { $0["id"]?.string } == ["tiny-bert-sequence", "ner", "sentiment"], "\(answer.text)")
    #expect(models[0]["parent"] == .null && models[0]["root"] == .string(TestServer.base))
    #expect(
      models[2]["parent"] == "tiny-bert-sequence" && models[2]["root"] == .string(server.adaptersFolder + "/sentiment"))
    #expect(models[2]["task"] == "sequence_classification" && models[2]["labels"] == ["bad", "good"])
    #expect(models.allSatisfy { $0["object"] == "model" && $0["owned_by"] == "tune" && $0["loaded"] == true })
    #expect(answer.json["object"] == "list")
  }

  @Test func `an adapter that is overwritten in place while it is read is loaded whole or not at all`() async throws {
    let server = try await TestServer(), folder = server.adaptersFolder + "/topics"
    try TinyAdapter.topics.save(to: folder)
    let load: JSON = ["lora_name": "topics", "lora_path": "topics", "load_inplace": true]
    #expect(try await server.post("/v1/load_lora_adapter", load).status == 200)
    let request: JSON = ["inputs": [["text": "a b", "adapter": "topics"]]]
    let answer = try await server.post("/v1/predict", request).text
    let weights = URL(filePath: folder + "/adapter_model.safetensors"), bytes = try Data(contentsOf: weights)
    async let writes: Void = onThread {
      for index in 0..<200 {
        try bytes.prefix(index * 37 % bytes.count).write(to: weights)
        try bytes.write(to: weights)
      }
    }
    for _ in 0..<40 {
      let status = try await server.post("/v1/load_lora_adapter", load).status
      #expect(status == 200 || status == 422)
      #expect(try await server.post("/v1/predict", request).text == answer)
    }
    try await writes
    #expect(try await server.post("/v1/load_lora_adapter", load).status == 200)
  }

  @Test func `an adapter is loaded, replaced and unloaded by request, as in vLLM`() async throws {
    let server = try await TestServer(adapters: [.ner])
    let folder = server.adaptersFolder + "/more/topics"
    try TinyAdapter.topics.save(to: folder)
    let load: JSON = ["lora_name": "t", "lora_path": "more/topics"]
    let loaded = try await server.post("/v1/load_lora_adapter", load)
    #expect(loaded.status == 200 && loaded.text == "Success: LoRA adapter 't' added successfully.", "\(loaded.text)")
    #expect(loaded.headers["content-type"] == "text/plain; charset=utf-8")
    let request: JSON = ["inputs": [["text": "a b", "adapter": "t"]]],
      first = try await server.post("/v1/predict", request)
    #expect(first.status == 200)
    #expect(try await server.post("/v1/load_lora_adapter", load).code == "model_exists")
    try TinyAdapter.topics.save(to: folder, seed: 2)
    let inPlace: JSON = ["lora_name": "t", "lora_path": .string(folder), "load_inplace": true]
    #expect(try await server.post("/v1/load_lora_adapter", inPlace).status == 200)
    #expect(try await server.post("/v1/predict", request).text != first.text)
    let unloaded = try await server.post("/v1/unload_lora_adapter", ["lora_name": "t"])
    #expect(unloaded.status == 200 && unloaded.text == "Success: LoRA adapter 't' removed successfully.")
    #expect(try await server.post("/v1/predict", request).code == "model_not_found")
    for (path, body, status, code): (String, JSON, Int, String) in [
      ("load", [:], 400, "invalid_request"), ("load", ["lora_name": "x", "lora_path": ""], 400, "invalid_request"),
      ("load", ["lora_name": 7, "lora_path": "a"], 422, "invalid_request"),
      ("load", ["lora_name": "../x", "lora_path": "more/topics"], 400, "invalid_name"),
      ("load", ["lora_name": "x\u{1B}[2J", "lora_path": "more/topics"], 400, "invalid_name"),
      (
        "load", ["lora_name": .string(String(repeating: "x", count: 201)), "lora_path": "more/topics"], 400,
        "invalid_name"
      ),
      ("load", ["lora_name": "x", "lora_path": "more/topics", "load_inplace": 1], 422, "invalid_request"),
      ("load", ["lora_name": "x", "lora_path": "more/topics", "base": "y"], 422, "invalid_request"),
      ("load", ["lora_name": "x", "lora_path": "/etc"], 403, "path_not_allowed"),
      ("load", ["lora_name": "x", "lora_path": "../ner"], 403, "path_not_allowed"),
      ("load", ["lora_name": "x", "lora_path": "none"], 404, "path_not_found"),
      ("load", ["lora_name": "x", "lora_path": "more"], 422, "model_not_loadable"),
      ("load", ["lora_name": "ner", "lora_path": "more/topics"], 400, "model_exists"),
      ("load", ["lora_name": "base", "lora_path": "more/topics", "load_inplace": true], 400, "model_exists"),
      ("unload", ["lora_name": "none"], 404, "model_not_found"),
      ("unload", ["lora_name": "ner"], 400, "model_is_fixed"),
      ("unload", ["lora_name": "base"], 400, "model_is_fixed"),
    ] {
      let answer = try await server.post("/v1/\(path)_lora_adapter", body)
      #expect(answer.status == status && answer.code == code, "\(body.text(pretty: false)): \(answer.text)")
    }
    #expect(try await server.models() == ["tiny-bert-sequence", "ner"])
  }

  @Test func `without a folder of adapters none can be loaded`() async throws {
    let server = try await TestServer(adapters: [.ner]) { settings, _ in settings.adaptersFolder = nil }
    let answer = try await server.post("/v1/load_lora_adapter", ["lora_name": "x", "lora_path": "x"])
    #expect(answer.status == 403 && answer.code == "adapters_are_fixed")
    #expect(try await server.post("/v1/unload_lora_adapter", ["lora_name": "ner"]).code == "adapters_are_fixed")
  }

  @Test func `an adapter that appears in the folder, changes or goes is followed without a call`() async throws {
    let server = try await TestServer(), folder = server.adaptersFolder + "/score"
    let request: JSON = ["inputs": [["text": "a b", "adapter": "score"]]]
    #expect(try await server.post("/v1/predict", request).code == "model_not_found")
    try TinyAdapter.score.save(to: folder)
    #expect(try await server.eventually { try await server.post("/v1/predict", request).status == 200 })
    let first = try await server.post("/v1/predict", request).text
    try TinyAdapter.score.save(to: folder, seed: 2)
    #expect(try await server.eventually { try await server.post("/v1/predict", request).text != first })
    try FileManager.default.removeItem(atPath: folder)
    #expect(try await server.eventually { try await server.post("/v1/predict", request).code == "model_not_found" })
  }

  @Test func `evicted adapters are read again on demand`() async throws {
    let server = try await TestServer(watched: [.ner, .sentiment, .topics, .score]) { settings, _ in
      settings.maxAdapters = 2
    }
    for adapter in ["ner", "sentiment", "topics", "score", "ner", "topics"] {
      let answer = try await server.post("/v1/predict", ["inputs": [["text": "a b", "adapter": .string(adapter)]]])
      #expect(answer.status == 200, "\(answer.text)")
    }
    let models = try await server.get("/v1/models").json["data"]?.array ?? []
    #expect(models.count == 5 && models.count { $0["loaded"] == true } == 3)
  }

  @Test func `while an adapter is replaced, unloaded and loaded, each answer is the old one, the new one or an error`()
    async throws
  {
    let server = try await TestServer(), folder = server.adaptersFolder + "/topics"
    // Two rows for one adapter: a mixture would show in one answer.
    let request: JSON = ["inputs": [["text": "a b", "adapter": "t"], ["text": "a b", "adapter": "t"]]]
    let load: JSON = ["lora_name": "t", "lora_path": "topics", "load_inplace": true]
    var known: Set<String> = []
    for seed: UInt64 in [1, 2] {
      try TinyAdapter.topics.save(to: folder, seed: seed)
      #expect(try await server.post("/v1/load_lora_adapter", load).status == 200)
      let answer = try await server.post("/v1/predict", request), rows = answer.json["outputs"]?.array ?? []
      #expect(rows.count == 2 && rows[0] == rows[1])
      known.insert(answer.text)
    }
    #expect(known.count == 2)
    let running = Readiness(), answers = known
    running.set(true)
    let clients = (0..<4).map { _ in
      _Concurrency.Task {
        var counts: [String: Int] = [:]
        while running.isReady {
          let answer = try await server.post("/v1/predict", request)
          #expect(answers.contains(answer.text) || answer.status == 404, "\(answer.text)")
          counts[answer.status == 404 ? answer.code ?? "" : answer.text, default: 0] += 1
        }
        return counts
      }
    }
    for round in 0..<12 {
      try TinyAdapter.topics.save(to: folder, seed: UInt64(round % 2 + 1))
      _ = try await server.post("/v1/load_lora_adapter", load)
      try await _Concurrency.Task.sleep(for: .milliseconds(20))
      if round % 4 == 3 { _ = try await server.post("/v1/unload_lora_adapter", ["lora_name": "t"]) }
    }
    running.set(false)
    var counts: [String: Int] = [:]
    for client in clients { counts.merge(try await client.value) { $0 + $1 } }
    // Both adapters have answered, and nothing but the errors of an unloaded one has come beside them.
    #expect(known.allSatisfy { counts[$0] ?? 0 > 0 })
    #expect(Set(counts.keys).subtracting(known).isSubset(of: ["model_not_found", "model_unloaded"]), "\(counts.keys)")
  }

  @Test func `a request that is queued for a deleted adapter gets an error, and the others their answers`() async throws
  {
    let gate = PassGate()
    let server = try await TestServer(watched: [.topics, .score], beforePass: gate.pass)
    func request(_ name: String) async throws -> HTTPAnswer {
      try await server.post("/v1/predict", ["inputs": [["text": "a b", "adapter": .string(name)]]])
    }
    async let running = request("topics")
    #expect(try await server.eventually { gate.passes == 1 })
    async let queued = request("topics"), other = request("score")
    #expect(try await server.eventually { server.server.queuedRequests == 2 })
    #expect(try await server.post("/v1/unload_lora_adapter", ["lora_name": "topics"]).status == 200)
    gate.open(10)
    let answers = try await [running, queued, other]
    #expect(answers.map(\.status) == [200, 404, 200] && answers[1].code == "model_unloaded", "\(answers[1].text)")
  }
}
