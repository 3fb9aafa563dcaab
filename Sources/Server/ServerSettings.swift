/// What a server is started with.

package struct ServerSettings: Sendable {
  package var host = "127.0.0.1"
  /// 0: any free one.
  package var port = 8000
  /// The folder whose subfolders are adapters; nil: only those that are given.
  package var adaptersFolder: String?
  /// nil: every request is permitted.
  package var tokenFile: String?

  /// Adapters in memory, and MiB of their files; those that were not used for the longest time are evicted.
  package var maxAdapters = 1000, maxAdapterMemory = 1024
  /// Bytes of a request's body, and inputs in it.
  package var maxBodyBytes = 1 << 20, maxInputs = 256
  /// Tokens of a pass, and tokens that wait for one.
  package var maxBatchTokens = 4096, maxQueueTokens = 65_536
  /// How long a pass may wait for further requests, in milliseconds.
  package var maxWait = 2.0
  /// Seconds: for a request's body to arrive, and again for its answer; after which an idle connection, or one whose head does
  /// not arrive, is closed; for requests to be answered after a signal to stop.
  package var requestTimeout = 30.0, idleTimeout = 60.0, drainTimeout = 30.0
  package var maxConnections = 1024

  package init() {}

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
