/// What a server is started with.

public struct ServerSettings: Sendable {
  public var host = "127.0.0.1"
  /// 0: any free one.
  public var port = 8000
  /// The folder whose subfolders are adapters; nil: only those that are given.
  public var adaptersFolder: String?
  /// nil: every request is permitted.
  public var tokenFile: String?

  /// Adapters in memory, and MiB of their files; those that were not used for the longest time are evicted.
  public var maxAdapters = 1000, maxAdapterMemory = 1024
  /// Bytes of a request's body, and inputs in it.
  public var maxBodyBytes = 1 << 20, maxInputs = 256
  /// Tokens of a pass, and tokens that wait for one.
  public var maxBatchTokens = 4096, maxQueueTokens = 65_536
  /// How long a pass may wait for further requests, in milliseconds.
  public var maxWait = 2.0
  /// Seconds: for a request's body to arrive, and again for its answer; after which an idle connection, or one whose head does
  /// not arrive, is closed; for requests to be answered after a signal to stop.
  public var requestTimeout = 30.0, idleTimeout = 60.0, drainTimeout = 30.0
  public var maxConnections = 1024

  public init() {}

  var batches: BatchLimits {
    BatchLimits(
      batchTokens: maxBatchTokens, queueTokens: maxQueueTokens, maxWait: .milliseconds(maxWait),
      timeout: .seconds(requestTimeout))
  }

  var requests: RequestLimits {
    RequestLimits(bodyBytes: maxBodyBytes, inputs: maxInputs, bodyTimeout: .seconds(requestTimeout))
  }

  var adapters: AdapterLimits { AdapterLimits(count: maxAdapters, bytes: maxAdapterMemory << 20) }
}
