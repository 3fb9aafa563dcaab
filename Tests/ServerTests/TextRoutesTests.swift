/// Tests POST /v1/embeddings, /pooling and /classify: their shapes, and that the numbers are those of /v1/predict.
import Files
import Foundation
import Testing

@testable import Server

private let texts: JSON = ["a b c", "d e"]

/// The numbers of a vector in base64.
private func floats(base64 text: String) -> [Float] {
  let data = Data(base64Encoded: text) ?? Data()
  return (0..<data.count / 4).map { index in
    Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[index * 4 + $1]) << (8 * UInt32($1)) })
  }
}

private func isNear(_ a: [Double], _ b: [Double]) -> Bool {
  a.count == b.count && !a.isEmpty && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 }
}

@Suite(.timeLimit(.minutes(5))) struct TextRoutesTests {
  @Test func `embeddings have OpenAI's shape, as numbers and as base64`() async throws {
    let server = try await TestServer(adapters: [.vectors])
    let predicted = try await server.post(
      "/v1/predict", ["inputs": [["text": "a b c", "adapter": "vectors"], ["text": "d e", "adapter": "vectors"]]])
    let vectors = try #require(predicted.json["outputs"]?.array).map { row in
      (row["embedding"]?["vectors"]?.array ?? []).compactMap(\.number)
    }
    #expect(vectors.map(\.count) == [32, 32])
    let answer = try await server.post("/v1/embeddings", ["model": "vectors", "input": texts, "user": "7"])
    #expect(
      answer.status == 200 && answer.json["object"] == "list" && answer.json["model"] == "vectors", "\(answer.text)")
    // [CLS] a b c [SEP] and [CLS] d e [SEP]
    #expect(answer.json["usage"] == ["prompt_tokens": 9, "total_tokens": 9])
    let coded = try await server.post(
      "/v1/embeddings", ["model": "vectors", "input": texts, "encoding_format": "base64"])
    for (index, vector) in vectors.enumerated() {
      let element = answer.json["data"]?.array?[index]
      #expect(element?["object"] == "embedding" && element?["index"] == .int(index))
      #expect(isNear((element?["embedding"]?.array ?? []).compactMap(\.number), vector))
      let text = coded.json["data"]?.array?[index]["embedding"]?.string ?? ""
      #expect(isNear(floats(base64: text).map(Double.init), vector))
    }
    let single = try await server.post("/v1/embeddings", ["model": "vectors", "input": "a b c"])
    #expect(single.json["data"]?.array?.count == 1)
    let pooled = try await server.post("/pooling", ["model": "vectors", "input": texts]),
      data = pooled.json["data"]?.array
    #expect(pooled.json["id"]?.string?.hasPrefix("pool-") == true && pooled.json["created"]?.int ?? 0 > 1_700_000_000)
    #expect(data?[0]["object"] == "pooling" && isNear((data?[0]["data"]?.array ?? []).compactMap(\.number), vectors[0]))
  }

  @Test(arguments: [TinyAdapter.sentiment, .topics, .score])
  func `classify and pooling have vLLM's shapes`(_ adapter: TinyAdapter) async throws {
    let server = try await TestServer(adapters: [adapter]), name = JSON.string("\(adapter)")
    let predicted = try await server.post("/v1/predict", ["inputs": [["text": "a b c", "adapter": name]]])
    let row = predicted.json["outputs"]?.array?[0], labels = row?["labels"]?["\(adapter)"]
    let answer = try await server.post("/classify", ["model": name, "input": texts], ["X-Request-Id": "abc"])
    let first = answer.json["data"]?.array?[0], probabilities = (first?["probs"]?.array ?? []).compactMap(\.number)
    #expect(answer.json["id"] == "classify-abc" && answer.json["object"] == "list" && answer.json["model"] == name)
    #expect(
      answer.json["data"]?.array?.count == 2 && first?["num_classes"] == .int(probabilities.count), "\(answer.text)")
    let known = labels?["probabilities"]?.object
    if adapter == .score {
      #expect(first?["label"] == .null && isNear(probabilities, [row?["value"]?["score"]?.number ?? -1]))
    } else {
      // By the id of the label: here their names are in order.
      #expect(isNear(probabilities, (known ?? [:]).sorted { $0.key < $1.key }.compactMap(\.value.number)))
      let best = known?.max { ($0.value.number ?? 0) < ($1.value.number ?? 0) }?.key
      #expect(first?["label"]?.string == best)
    }
    let pooled = try await server.post("/pooling", ["model": name, "input": texts])
    #expect(isNear((pooled.json["data"]?.array?[0]["data"]?.array ?? []).compactMap(\.number), probabilities))
  }

  @Test(arguments: ["/v1/embeddings", "/pooling", "/classify"])
  func `what a route cannot answer is refused`(_ path: String) async throws {
    let server = try await TestServer(adapters: [.ner, .vectors]) { settings, _ in settings.maxInputs = 3 }
    for (body, status, code): (JSON, Int, String) in [
      ([:], 422, "invalid_request"), (["input": 7], 422, "invalid_request"), (["input": []], 422, "invalid_request"),
      (["input": [1, 2]], 422, "invalid_request"), (["input": ["a", 1]], 422, "invalid_request"),
      (["input": "a", "model": 7], 422, "invalid_request"), (["input": "a", "model": "none"], 404, "model_not_found"),
      (["input": "a", "dimensions": 7], 422, "invalid_request"), (["input": "a", "user": 7], 422, "invalid_request"),
      (["input": "a", "encoding_format": "int8"], 422, "invalid_request"),
      (["input": ["a", "a", "a", "a"], "model": "vectors"], 422, "too_many_inputs"),
      // A model of words.
      (["input": "a", "model": "ner"], 422, "wrong_task"),
    ] {
      let answer = try await server.post(path, body)
      #expect(answer.status == status && answer.code == code, "\(body.text(pretty: false)): \(answer.text)")
    }
    let wrong = try await server.post(path, ["input": "a", "model": "vectors"])
    #expect(path == "/classify" ? wrong.code == "wrong_task" : wrong.status == 200)
  }
}
