/// Tests POST /v1/predict: the answers of every task, several adapters at once, and inputs that cannot be read.
import Datasets
import Files
import Serving
import Tasks
import TestSupport
import Testing
import Training

@testable import Server

/// What `tune predict` prints for an object by one adapter, besides the object.
private func expected(_ adapter: TinyAdapter, _ input: [String: JSON], in folder: String) throws -> [String: JSON] {
  let pool = try AdapterPool(
    folder: TestServer.base, adapters: [("\(adapter)", "\(folder)/\(adapter)")], withBase: false)
  let predictor = try Predictor(pool, run: Replicas(threads: 1).forEach)
  let columns = InputColumns(pool.members[0])
  let record = try columns.record(of: input, id: "1", source: .init(file: "test", line: 1, record: 1))
  let prediction = try predictor.predict([[record]])[0][0].prediction
  return outputMembers([("\(adapter)", prediction)], minScore: 0)
}

/// Numbers to five digits: the rounding of a row depends on the rows beside it.
private func rounded(_ json: JSON) -> JSON {
  switch json {
  case .double(let value): .double((value * 1e5).rounded() / 1e5)
  case .array(let values): .array(values.map(rounded))
  case .object(let members): .object(members.mapValues(rounded))
  default: json
  }
}

private let text: JSON = "a b c d e f g"
private let inputs: [(TinyAdapter, [String: JSON])] = [
  (.ner, ["text": text]), (.ner, ["words": ["a", "b", "cd"], "id": 7]), (.sentiment, ["text": text]),
  (.sentiment, ["text": text, "text_pair": "b c"]), (.topics, ["text": text, "note": ["x": nil]]),
  (.score, ["text": text]), (.answers, ["question": "a b", "context": text]), (.vectors, ["text": text]),
  (.vectors, ["text": text, "text_pair": "b c"]),
]

@Suite(.timeLimit(.minutes(5))) struct PredictRouteTests {
  @Test func `the answers are those of tune predict, for every task, alone and together`() async throws {
    let server = try await TestServer(adapters: TinyAdapter.allCases)
    func request(_ inputs: [(TinyAdapter, [String: JSON])]) -> JSON {
      ["inputs": .array(inputs.map { .object($1.merging(["adapter": .string("\($0)")]) { $1 }) })]
    }
    let all = try await server.post("/v1/predict", request(inputs))
    #expect(all.status == 200 && all.headers["content-type"] == "application/json", "\(all.text)")
    for (index, (adapter, input)) in inputs.enumerated() {
      let predicted = try expected(adapter, input, in: server.folder.path)
      let row = rounded(.object(input.merging(predicted) { $1 })),
        alone = try await server.post("/v1/predict", request([inputs[index]]))
      #expect(rounded(alone.json["outputs"]?.array?.first ?? .null) == row, "\(adapter)")
      #expect(rounded(all.json["outputs"]?.array?[index] ?? .null) == row, "\(adapter)")
    }
  }

  @Test func `several adapters answer one text, and the base answers without any`() async throws {
    let server = try await TestServer(adapters: [.ner, .sentiment, .score])
    let answer = try await server.post(
      "/v1/predict",
      [
        "inputs": [
          ["text": text, "adapter": ["ner", "score", "base", "sentiment"]], ["text": text],
          ["text": text, "adapter": nil],
          ["text": text, "adapter": "tiny-bert-sequence"],
        ]
      ])
    let outputs = try #require(answer.json["outputs"]?.array, "\(answer.text)")
    #expect(outputs[0].object?.keys.sorted() == ["entities", "labels", "text", "value"])
    #expect(outputs[0]["labels"]?.object?.keys.sorted() == ["base", "sentiment"])
    #expect(outputs[1]["labels"]?.object?.keys.sorted() == ["base"])
    #expect(outputs[1] == outputs[2] && outputs[2] == outputs[3])
  }

  @Test func `min_score leaves out what is less probable`() async throws {
    let server = try await TestServer(adapters: [.sentiment])
    let input: JSON = ["text": text, "adapter": "sentiment"]
    let answer = try await server.post("/v1/predict", ["inputs": [input], "min_score": 1])
    let labels = answer.json["outputs"]?.array?[0]["labels"]?["sentiment"]
    #expect(labels?["label"] == .null && labels?["abstained"] == true, "\(answer.text)")
  }

  @Test func `inputs that cannot be read are refused with their place`() async throws {
    let server = try await TestServer(adapters: [.ner, .sentiment, .answers]) { settings, _ in settings.maxInputs = 3 }
    for (body, status, code, part): (JSON, Int, String, String) in [
      ([:], 422, "invalid_request", "\"inputs\""), (["inputs": []], 422, "invalid_request", "\"inputs\""),
      (["inputs": "a"], 422, "invalid_request", "\"inputs\""), (["inputs": ["a"]], 422, "invalid_request", "inputs[0]"),
      (["inputs": [["text": "a"], [:]]], 422, "invalid_input", "inputs[1]: an object without text"),
      (["inputs": [["text": 7]]], 422, "invalid_input", "inputs[0]: a whole number in \"text\""),
      (["inputs": [["text": "a", "words": ["a"], "adapter": "ner"]]], 422, "invalid_input", "both a text and words"),
      (["inputs": [["words": ["a", ""], "adapter": "ner"]]], 422, "invalid_input", "inputs[0]"),
      (["inputs": [["words": ["a"], "adapter": "sentiment"]]], 422, "invalid_input", "inputs[0]"),
      (["inputs": [["text": "a", "adapter": "answers"]]], 422, "invalid_input", "\"question\""),
      (["inputs": [["text": "a", "text_pair": "b", "adapter": "ner"]]], 422, "invalid_input", "inputs[0]"),
      (["inputs": [["text": "a", "adapter": 7]]], 422, "invalid_request", "inputs[0]: \"adapter\""),
      (["inputs": [["text": "a", "adapter": []]]], 422, "invalid_request", "inputs[0]: \"adapter\""),
      (["inputs": [["text": "a", "adapter": ["ner", "ner"]]]], 422, "invalid_request", "twice"),
      (["inputs": [["text": "a", "adapter": ["base", "tiny-bert-sequence"]]]], 422, "invalid_request", "twice"),
      (["inputs": [["text": "a", "adapter": "none"]]], 404, "model_not_found", "\"none\""),
      (["inputs": [["text": "a", "adapter": "../ner"]]], 404, "model_not_found", "/v1/models"),
      (["inputs": [["text": "a"]], "input": 1], 422, "invalid_request", "unknown key \"input\""),
      (
        ["inputs": [["text": "a", "text_pair": "b", "adapter": ["sentiment", "ner"]]]], 422, "invalid_input",
        "(model \"ner\")"
      ),
      (["inputs": [["text": "a", "min_score": 0.5]]], 422, "invalid_request", "inputs[0]: \"min_score\""),
      (["inputs": [["text": "a"]], "min_score": 2], 422, "invalid_request", "min_score"),
      (
        ["inputs": [["text": "a"], ["text": "a"], ["text": "a"], ["text": "a"]]], 422, "too_many_inputs", "--max-inputs"
      ),
    ] {
      let answer = try await server.post("/v1/predict", body)
      #expect(answer.status == status && answer.code == code, "\(body.text(pretty: false)): \(answer.text)")
      #expect(answer.json["error"]?["message"]?.string?.contains(part) == true, "\(answer.text)")
    }
  }

  @Test func `texts of any length and content are answered`() async throws {
    let server = try await TestServer(adapters: [.ner, .sentiment])
    for text in [
      "", " ", "\u{0}", "a\u{301}😀\u{200D}", String(repeating: "a b ", count: 5000),
      String(repeating: "x", count: 5000),
    ] {
      let answer = try await server.post(
        "/v1/predict", ["inputs": [["text": .string(text), "adapter": ["ner", "sentiment"]]]])
      #expect(
        answer.status == 200 && answer.json["outputs"]?.array?[0]["text"] == .string(text),
        "\(text.prefix(9)): \(answer.text.prefix(200))")
    }
  }
}
