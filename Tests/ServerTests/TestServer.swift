/// A server with tiny models on a free port, and adapters of every task.
import Adapters
import Datasets
import Encoders
import Files
import Foundation
import Kernels
import Logging
import ServiceLifecycle
import Serving
import Synchronization
import Tasks
import TestSupport
import Training

@testable import Server

/// Adapters over the fixture "tiny-bert-sequence".
enum TinyAdapter: String, CaseIterable {
  case ner, sentiment, topics, score, answers, vectors

  private var task: any TaskInference {
    get throws {
      switch self {
      case .ner: try TokenClassification(labels: ["O", "B-A", "I-A", "B-B", "I-B"])
      case .sentiment: SequenceClassification(labels: ["bad", "good"])
      case .topics: MultiLabelClassification(labels: ["x", "y", "z"])
      case .score: Regression(labels: ["score"])
      case .answers: ExtractiveQA(labels: [])
      case .vectors: Embedding(labels: [])
      }
    }
  }

  /// Writes the adapter's folder. Another seed is another head, so that the answers differ.
  func save(to folder: String, seed: UInt64 = 1) throws {
    let task = try task, type = type(of: task)
    try Processor.initialize()
    let model = try TextModel(
      folder: TestServer.base, headType: type.headType, classes: max(task.labels.count, 1), reuseHead: false, seed: seed
    )
    let method: any AdapterMethod = LoRAConfig()
    try Adapter(method, on: model, seed: seed).save(to: folder, base: "tiny-bert-sequence", head: type.headType)
    try TuneJSON(task: task).write(to: folder)
  }
}

/// Sendable: its folder is changed by one test only.
final class TestServer: @unchecked Sendable {
  let folder = TemporaryFolder()
  private(set) var port = 0
  private(set) var server: InferenceServer!
  private var running: _Concurrency.Task<Void, any Error>!
  private var group: ServiceGroup!
  static let base = fixture("tiny-bert-sequence")

  /// The folder of adapters that come and go.
  var adaptersFolder: String { folder.path + "/adapters" }

  /// - Parameters:
  ///   - adapters: given at the start.
  ///   - watched: in the folder of adapters at the start.
  ///   - pass: called before each pass; it may block or throw.
  init(
    base: String = "tiny-bert-sequence", adapters: [TinyAdapter] = [], watched: [TinyAdapter] = [],
    _ change: (inout ServerSettings, String) throws -> Void = { _, _ in },
    beforePass: @escaping @Sendable ([Record]) throws -> Void = { _ in }
  ) async throws {
    try makeFolder(adaptersFolder)
    for adapter in adapters { try adapter.save(to: "\(folder.path)/\(adapter)") }
    for adapter in watched { try adapter.save(to: "\(adaptersFolder)/\(adapter)") }
    var settings = ServerSettings()
    (settings.port, settings.adaptersFolder) = (0, adaptersFolder)
    try change(&settings, folder.path)
    var logger = Logger(label: "test") { JSONLog(label: $0) }
    logger.logLevel = .critical
    let replicas = Replicas(threads: 2), path = folder.path
    try Processor.initialize()
    let base = try ServedBase(folder: fixture(base))
    server = try InferenceServer(
      base, adapters: adapters.map { ("\($0)", "\(path)/\($0)") }, settings, logger
    ) { rows in
      try beforePass(rows.map(\.record))
      return try base.predict(rows.map { ($0.record, $0.model.member) }, replicas.forEach).map(\.prediction)
    }
    let (ports, source) = AsyncStream<Int>.makeStream()
    let group = server.service { source.yield($0) }
    self.group = group
    running = _Concurrency.Task {
      defer { source.finish() }
      try await group.run()
    }
    for await port in ports {
      self.port = port
      return
    }
    try await running.value
    throw NoAnswer()
  }

  deinit { _Concurrency.Task { [group] in await group?.triggerGracefulShutdown() } }

  /// Asks the server to stop, and waits for its end.
  func stop() async throws {
    await group.triggerGracefulShutdown()
    try await running.value
  }

  func connect() throws -> Connection { try Connection(port: port) }

  /// Sends a request and waits for the answer, without blocking a thread of tasks.
  func send(
    _ method: String, _ path: String, _ headers: [String: String] = [:], body: Data? = nil
  ) async throws -> HTTPAnswer {
    try await onThread { [port] in
      let connection = try Connection(port: port)
      connection.send(requestText(method, path, headers, body: body))
      return try connection.answer()
    }
  }

  func get(_ path: String, _ headers: [String: String] = [:]) async throws -> HTTPAnswer {
    try await send("GET", path, headers)
  }

  func post(_ path: String, _ json: JSON, _ headers: [String: String] = [:]) async throws -> HTTPAnswer {
    try await send("POST", path, headers, body: Data(json.text(pretty: false).utf8))
  }

  /// The names that /v1/models lists.
  func models() async throws -> [String] {
    try await get("/v1/models").json["data"]?.array?.compactMap { $0["id"]?.string } ?? []
  }

  /// Waits until `condition` holds, for at most twenty seconds.
  func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<200 {
      if try await condition() { return true }
      try await _Concurrency.Task.sleep(for: .milliseconds(100))
    }
    return false
  }
}
