/// Serving from Swift: what `tune serve` does.
import Logging
import Server
import Serving
import Synchronization
import Tasks
import Training

/// An HTTP server over a base and its adapters: see docs/serving.md for its routes.
///
/// ```swift
/// let server = try AdapterServer(base: "checkpoints/biomed-mini-l3", adapters: ["drugs": "runs/quickstart"])
/// try server.runUntilSignal()
/// ```
public struct AdapterServer: Sendable {
  /// Address, folders, limits and times of a server.
  public struct Settings: Sendable {
    /// The address to listen on. On another than this computer's give a `tokenFile`.
    public var host = "127.0.0.1"
    /// 0: any free one, which the log names.
    public var port = 8000
    /// A folder whose subfolders are adapters, which may come and go while the server runs; nil: none.
    public var adaptersFolder: String?
    /// A file with a line TOKEN or TOKEN SCOPE,SCOPE for each client; nil: every request is permitted.
    public var tokenFile: String?
    /// Adapters in memory; those that were not used for the longest time are evicted, and read again on demand.
    public var maxAdapters = 1000
    /// Tokens of a pass, and tokens that may wait for one; further requests are answered 429.
    public var maxBatchTokens = 4096, maxQueueTokens = 65_536
    /// Milliseconds that a pass may wait for requests to share it.
    public var maxWait = 2.0

    /// The settings of `tune serve` without options.
    public init() {}
  }

  private let server: InferenceServer

  /// Loads the base and the adapters.
  /// - Parameters: as of `BaseModel` and `Settings`.
  /// - Throws: a fault that says what of a folder or of the file of tokens is wrong.
  public init(
    base path: String, adapters: [String: String] = [:], precision: BaseModel.Precision = .fp32,
    _ settings: Settings = Settings(), threads: Int? = nil
  ) throws {
    let model = try BaseModel(path, precision: precision, threads: threads)
    var own = ServerSettings()
    (own.host, own.port) = (settings.host, settings.port)
    (own.adaptersFolder, own.tokenFile) = (settings.adaptersFolder, settings.tokenFile)
    (own.maxAdapters, own.maxWait) = (settings.maxAdapters, settings.maxWait)
    (own.maxBatchTokens, own.maxQueueTokens) = (settings.maxBatchTokens, settings.maxQueueTokens)
    let folders = try adapters.sorted { $0.key < $1.key }.map { (name: $0.key, path: try RunParts.adapter($0.value)) }
    let replicas = Replicas(threads: model.threads)
    server = try InferenceServer(
      model.base, adapters: folders, own, Logger(label: "tune") { JSONLog(label: $0) },
      run: { replicas.forEach($0, $1) })
  }

  /// Serves until the process gets SIGTERM or SIGINT, and then until the requests that have begun are answered. Blocks the
  /// calling thread. The log goes to standard error, a JSON object a line, without the requests' texts.
  /// - Throws: a fault if the address cannot be bound.
  public func runUntilSignal() throws { try server.runUntilSignal() }

  /// Serves until the task is cancelled.
  /// - Parameter onListening: called with the port.
  /// - Throws: `CancellationError`, or a fault if the address cannot be bound.
  public func run(onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws {
    try await server.run(onListening: onListening)
  }
}
