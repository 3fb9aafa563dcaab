/// The routes that have the shapes of OpenAI's API and of vLLM, for texts and one model: POST /v1/embeddings, /pooling and
/// /classify.
import Files
import FoundationEssentials
import Hummingbird
import Tasks

extension Predictions {
  /// The texts of a request, and what one model predicts for them.
  private struct TextRequest {
    let rows: [Row]
    let predictions: [RowPrediction]
    /// As the client named it.
    let model: String
    let isBase64: Bool

    var usage: JSON {
      let tokens = rows.reduce(0) { $0 + $1.tokens }
      return ["prompt_tokens": .int(tokens), "total_tokens": .int(tokens)]
    }
  }

  private func read(_ request: Request, _ limits: RequestLimits, keys: Set<String>) async throws -> TextRequest {
    let body = try await RequestJSON(request, limits)
    try body.checkKeys(keys)
    // OpenAI's name for the end user, which changes no answer.
    _ = try body.string("user")
    let texts = try body.texts("input", atMost: limits.inputs), format = try body.string("encoding_format") ?? "float"
    guard ["float", "base64"].contains(format) else {
      throw RequestFault.invalid("\"encoding_format\" is \(quoted(format)); expected \"float\" or \"base64\".")
    }
    let name = try body.string("model"), lease = try await lease(name)
    let rows = try texts.enumerated().map { number, text throws(RequestFault) in
      try Row(["text": .string(text)], at: "input[\(number)]", lease)
    }
    return TextRequest(
      rows: rows, predictions: try await predict(rows), model: name ?? clientName(lease.name),
      isBase64: format == "base64")
  }

  private func clientName(_ name: String) -> String { name == Self.base ? baseName : name }

  func embeddingsRoute(_ limits: RequestLimits) -> Route {
    Route(.post, "/v1/embeddings", .predict) { request, id in
      let texts = try await self.read(request, limits, keys: ["model", "input", "encoding_format", "user"])
      let vectors = try texts.predictions.map { try Self.vector($0, texts.model) }
      return Self.list(
        texts, vectors.enumerated().map { Self.element("embedding", "embedding", $0, $1, texts.isBase64) })
    }
  }

  func poolingRoute(_ limits: RequestLimits) -> Route {
    Route(.post, "/pooling", .predict) { request, id in
      let texts = try await self.read(request, limits, keys: ["model", "input", "encoding_format", "user"])
      let vectors = try texts.predictions.map { row in
        try row.prediction.labelProbabilities?.map(Float.init) ?? Self.vector(row, texts.model)
      }
      return Self.list(
        texts, id: "pool-" + id, vectors.enumerated().map { Self.element("pooling", "data", $0, $1, texts.isBase64) })
    }
  }

  func classifyRoute(_ limits: RequestLimits) -> Route {
    Route(.post, "/classify", .predict) { request, id in
      let texts = try await self.read(request, limits, keys: ["model", "input", "user"])
      let elements = try texts.predictions.enumerated().map { number, row in
        guard let probabilities = row.prediction.labelProbabilities else {
          throw RequestFault.invalid(
            "\(quoted(texts.model)) is a model of the task \(row.model.taskType.rawValue); expected a classifier of "
              + "texts. POST /v1/predict answers for any task.", code: "wrong_task")
        }
        let best = row.prediction.bestLabel
        let element: JSON = [
          "index": .int(number), "label": best.map(JSON.string) ?? .null,
          "probs": .array(probabilities.map(JSON.double)), "num_classes": .int(probabilities.count),
        ]
        return element.text(pretty: false)
      }
      return Self.list(texts, id: "classify-" + id, elements)
    }
  }

  private static func vector(_ row: RowPrediction, _ model: String) throws(RequestFault) -> [Float] {
    if case .vectors(let vectors) = row.prediction, let vector = vectors.first { return vector }
    throw .invalid(
      "\(quoted(model)) is a model of the task \(row.model.taskType.rawValue); expected an embedding model. "
        + "POST /v1/predict answers for any task.", code: "wrong_task")
  }

  /// The JSON of a vector, written at once: a tree of its numbers would take longer than the model's pass.
  private static func element(
    _ object: String, _ key: String, _ number: Int, _ vector: [Float], _ isBase64: Bool
  ) -> String {
    let numbers =
      isBase64
      ? "\"" + vector.withUnsafeBytes { Data($0) }.base64EncodedString() + "\""
      : "[" + vector.lazy.map(\.description).joined(separator: ",") + "]"
    return "{\"\(key)\":\(numbers),\"index\":\(number),\"object\":\"\(object)\"}"
  }

  private static func list(_ request: TextRequest, id: String? = nil, _ elements: [String]) -> Answer {
    let header = id.map { "\"id\":\(JSON.string($0).text(pretty: false)),\"created\":\(unixTime())," } ?? ""
    let model = JSON.string(request.model).text(pretty: false), usage = request.usage.text(pretty: false)
    return Answer(
      json: "{\(header)\"object\":\"list\",\"model\":\(model),\"data\":[\(elements.joined(separator: ","))],"
        + "\"usage\":\(usage)}"
    ).counting(request.rows)
  }
}

extension Prediction {
  /// The probability of every label, in the order of the model's labels, or the number of a regression; nil: the prediction is
  /// not about a whole text.
  fileprivate var labelProbabilities: [Double]? {
    switch self {
    case .label(_, let probabilities), .labels(_, let probabilities): probabilities.map(\.probability)
    case .value(let value): [value]
    default: nil
    }
  }

  /// The most probable label; nil: there are no labels.
  fileprivate var bestLabel: String? {
    switch self {
    case .label(let label, _): label
    case .labels(_, let probabilities): probabilities.max { $0.probability < $1.probability }?.label
    default: nil
    }
  }
}
