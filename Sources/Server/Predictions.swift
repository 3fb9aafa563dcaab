/// From the inputs of a request to predictions: finds the models, counts tokens, and answers in passes that requests share.
import Datasets
import Dispatch
import Files
import Tasks

/// An input for one model.
struct Row: Sendable {
  typealias Lease = AdapterRegistry<ServedModel>.Lease

  let input: [String: JSON]
  /// Of the input in the request, for messages.
  let place: String
  let lease: Lease
  let record: Record
  let tokens: Int

  /// - Throws: `RequestFault` if the model cannot read the input.
  init(_ input: [String: JSON], at place: String, _ lease: Lease) throws(RequestFault) {
    (self.input, self.place, self.lease) = (input, place, lease)
    record = try lease.model.record(of: input, at: place)
    tokens = lease.model.tokens(of: record)
  }

  /// The same input for what its model's name stands for now.
  func renewed(_ lease: Lease) throws(RequestFault) -> Row {
    lease.model === self.lease.model ? self : try Row(input, at: place, lease)
  }
}

/// A row's model when it was answered, and the prediction.
struct RowPrediction: Sendable {
  let model: ServedModel
  let prediction: Prediction
}

final class Predictions: Sendable {
  /// Predictions for records by models of one base, in one pass; called on one thread at a time.
  typealias Pass = @Sendable ([(record: Record, model: ServedModel)]) throws -> [Prediction]

  /// The name of the base with its own head.
  static var base: String { "base" }

  let registry: AdapterRegistry<ServedModel>
  let batcher: Batcher<[Row], [RowPrediction]>
  /// The base's name for clients; "base" is one too.
  let baseName: String
  /// Answers where a request names no model; nil: it must.
  let defaultModel: String?
  /// Reads adapters, one at a time.
  private let loading = DispatchQueue(label: "tune.loading")

  init(
    _ registry: AdapterRegistry<ServedModel>, baseName: String, defaultModel: String?, _ limits: BatchLimits,
    _ metrics: Metrics, pass: @escaping Pass
  ) {
    (self.registry, self.baseName, self.defaultModel) = (registry, baseName, defaultModel)
    batcher = Batcher(limits) { Self.answer($0, registry, metrics, pass) }
  }

  /// Runs `body`, which may read files, on the thread that reads adapters.
  func whileLoading<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      loading.async { continuation.resume(with: Swift.Result { try body() }) }
    }
  }

  /// - Parameter name: nil: the request names no model.
  /// - Throws: `RequestFault` if there is no such model, or if it cannot be loaded.
  func lease(_ name: String?) async throws -> Row.Lease {
    guard let name = name ?? defaultModel else {
      throw RequestFault.invalid(
        "The base model has no head of its own: name an adapter. GET /v1/models lists them.", code: "model_missing")
    }
    let known = name == baseName ? Self.base : name
    if let lease = try registry.loadedLease(known) { return lease }
    return try await whileLoading { [registry] in try registry.lease(known) }
  }

  /// The predictions for the rows of one request, which are answered together.
  func predict(_ rows: [Row]) async throws -> [RowPrediction] {
    try await batcher.answer(to: rows, tokens: rows.reduce(0) { $0 + $1.tokens })
  }

  private static func answer(
    _ jobs: [[Row]], _ registry: AdapterRegistry<ServedModel>, _ metrics: Metrics, _ pass: Pass
  ) -> [Result<[RowPrediction], any Error>] {
    let renewed = jobs.map { rows in
      Result { try zip(rows, registry.renewed(rows.map(\.lease))).map { row, lease in try row.renewed(lease) } }
    }
    func answer(_ rows: [Row]) throws -> [RowPrediction] {
      if rows.isEmpty { return [] }
      let start = ContinuousClock.now
      let predictions = try pass(rows.map { ($0.record, $0.lease.model) })
      metrics.addPass(
        rows: rows.count, tokens: rows.reduce(0) { $0 + $1.tokens },
        seconds: (ContinuousClock.now - start) / .seconds(1))
      return zip(rows, predictions).map { RowPrediction(model: $0.lease.model, prediction: $1) }
    }
    let all = renewed.flatMap { (try? $0.get()) ?? [] }
    guard var predictions = (try? answer(all))?[...] else {
      // The fault of one job, such as damaged weights, is not that of the others.
      return renewed.map { rows in Result { try answer(rows.get()) } }
    }
    return renewed.map { rows in
      rows.map { rows in
        defer { predictions = predictions.dropFirst(rows.count) }
        return Array(predictions.prefix(rows.count))
      }
    }
  }
}
