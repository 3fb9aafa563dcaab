/// An HTTP server that answers with a base model and its adapters. Where its parts meet.
package import Autograd
import Dispatch
import Files
import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle
package import Serving
import Synchronization
import Tasks
import UnixSignals

/// ```swift
/// let base = try ServedBase(folder: "minilm-l6")
/// let server = try InferenceServer(base, adapters: [("ner", "runs/ner/adapter")], settings, logger, run: replicas.forEach)
/// try server.runUntilSignal()
/// ```
package final class InferenceServer: Sendable {
  private let settings: ServerSettings
  private let logger: Logger
  private let tokens: AccessTokens?
  private let predictions: Predictions
  private let folder: AdapterFolder<ServedModel>?
  private let metrics = Metrics()
  private let readiness = Readiness()

  /// Loads the adapters, also those of the settings' folder.
  /// - Parameters:
  ///   - adapters: stay loaded.
  ///   - defaultModel: the adapter that answers where a request names no model; nil: the base's own head, if it has one.
  ///   - logger: `JSONLog` writes to standard error.
  ///   - parallelFor: a `ParallelFor`; called from one thread.
  /// - Throws: `FileFault` for the file of tokens or the folder; `PoolFault`, `AdapterFault` and faults of the adapters'
  ///   readers; `PoolFault.noHead` if there is nothing to answer with.
  package convenience init(
    _ base: ServedBase, adapters: [(name: String, path: String)], defaultModel: String? = nil,
    _ settings: ServerSettings, _ logger: Logger,
    run parallelFor: @escaping @Sendable (_ count: Int, _ body: @Sendable (Int, Workspace) -> Void) throws -> Void
  ) throws {
    try self.init(base, adapters: adapters, defaultModel: defaultModel, settings, logger) { rows in
      try base.predict(rows.map { ($0.record, $0.model.member) }, parallelFor).map(\.prediction)
    }
  }

  /// - Parameter pass: answers rows.
  init(
    _ base: ServedBase, adapters: [(name: String, path: String)], defaultModel: String? = nil,
    _ settings: ServerSettings, _ logger: Logger, pass: @escaping Predictions.Pass
  ) throws {
    (self.settings, self.logger) = (settings, logger)
    tokens = try settings.tokenFile.map(AccessTokens.init)
    let registry = AdapterRegistry(settings.adapters) { name, folder in
      try withCopy(of: folder) { try ServedModel(base.load(name: name, folder: $0)) }
    }
    let baseName = lastPathComponent(base.folder), reserved: Set = [Predictions.base, baseName]
    var hasHead = false
    do {
      registry.insertFixed(Predictions.base, base.folder, try ServedModel(base.own()))
      hasHead = true
    } catch let fault as PoolFault where !adapters.isEmpty || settings.adaptersFolder != nil {
      logger.info("the base has no head of its own", metadata: ["reason": "\(fault)"])
    }
    for (name, path) in adapters {
      if reserved.contains(name) || registry.contains(name) { throw PoolFault.duplicateName(name) }
      try registry.load(name, path, isFixed: true)
    }
    let own = defaultModel ?? (hasHead ? Predictions.base : adapters.count == 1 ? adapters[0].name : nil)
    predictions = Predictions(
      registry, baseName: baseName, defaultModel: own, settings.batches, metrics, pass: pass)
    folder = try settings.adaptersFolder.map { path in
      guard isFolder(path) else { throw FileFault.missing(path: path) }
      return AdapterFolder(path, registry, reserved: reserved, logger)
    }
    folder?.scan(isFirst: true)
  }

  /// Serves until SIGTERM or SIGINT, and then until the requests that have begun are answered, for a limited time.
  /// - Throws: `ListenFault` if the address cannot be bound.
  package func runUntilSignal() throws {
    let result = Mutex<Result<Void, any Error>>(.success(())), end = DispatchSemaphore(value: 0)
    _Concurrency.Task {
      do { try await service(stopOn: [.sigterm, .sigint]).run() } catch let error as IOError {
        let fault = listenFault(error)
        result.withLock { $0 = .failure(fault) }
      } catch { result.withLock { $0 = .failure(error) } }
      end.signal()
    }
    end.wait()
    try result.withLock { $0 }.get()
  }

  /// Serves until the task is cancelled.
  /// - Parameter onListening: called with the port.
  /// - Throws: `CancellationError`; `ListenFault` if the address cannot be bound.
  package func run(onListening: @escaping @Sendable (Int) -> Void) async throws {
    do { try await service(onListening: onListening).run() } catch let error as IOError { throw listenFault(error) }
  }

  private func listenFault(_ error: IOError) -> ListenFault {
    ListenFault(address: "\(settings.host):\(settings.port)", code: error.errnoCode)
  }

  /// What listens and answers until it is stopped.
  /// - Parameter onListening: called with the port.
  func service(
    stopOn signals: [UnixSignal] = [], onListening: @escaping @Sendable (Int) -> Void = { _ in }
  ) -> ServiceGroup {
    let channel = HTTP1Channel.Configuration(
      additionalChannelHandlers: [ConnectionCloser()], idleTimeout: .nanoseconds(Int64(settings.idleTimeout * 1e9)),
      httpDecoderConfiguration: .init(maxHeaderFieldSize: 16_384, maxHeaderListSize: 32_768, maxHeaderFieldCount: 100))
    let application = Application(
      responder: Responder(routes, tokens: tokens, metrics, logger), server: .http1(configuration: channel),
      configuration: ApplicationConfiguration(
        address: .hostname(settings.host, port: settings.port),
        availableConnectionsDelegate: .maximum(settings.maxConnections, logger: logger)),
      onServerRunning: { [readiness] channel in
        readiness.set(true)
        onListening(channel.localAddress?.port ?? 0)
      }, logger: logger)
    let drain = Drain(readiness: readiness, batcher: predictions.batcher, timeout: .seconds(settings.drainTimeout))
    // They stop in reverse order: first the answer of /ready changes, last the timeouts end.
    var group = ServiceGroupConfiguration(
      services: [Housekeeping(predictions: predictions, folder: folder), application, drain],
      gracefulShutdownSignals: signals, logger: logger)
    // For clients that do not read their answers: then the connections are closed.
    group.maximumGracefulShutdownDuration = .seconds(settings.drainTimeout + 5)
    return ServiceGroup(configuration: group)
  }

  /// Requests that wait for a pass.
  var queuedRequests: Int { predictions.batcher.queued.requests }

  var routes: [Route] {
    let limits = settings.requests
    return predictions.statusRoutes(metrics, readiness) + [
      predictions.predictRoute(limits), predictions.embeddingsRoute(limits), predictions.poolingRoute(limits),
      predictions.classifyRoute(limits), predictions.modelsRoute, predictions.loadRoute(folder, limits),
      predictions.unloadRoute(folder, limits),
    ]
  }
}

/// The server cannot listen on its address.
struct ListenFault: Error, CustomStringConvertible {
  let address: String
  let code: CInt

  var description: String {
    "\(address): cannot listen: \(String(cString: strerror(code))). Give another --port or --host."
  }
}

/// What happens when the server is asked to stop: it says so, and after the time to drain it refuses what still waits.
private struct Drain: Service {
  let readiness: Readiness
  let batcher: Batcher<[Row], [RowPrediction]>
  let timeout: Duration

  func run() async throws {
    try? await gracefulShutdown()
    readiness.set(false)
    // Not awaited: the server ends earlier if nothing waits.
    _Concurrency.Task {
      try await _Concurrency.Task.sleep(for: timeout)
      batcher.stop()
    }
  }
}

/// Ends requests whose time is over, and follows the folder of adapters.
private struct Housekeeping: Service {
  let predictions: Predictions
  let folder: AdapterFolder<ServedModel>?

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var count = 0
      while (try? await _Concurrency.Task.sleep(for: .milliseconds(250))) != nil {
        predictions.batcher.expire()
        count += 1
        if let folder, count % 4 == 0 { try? await predictions.whileLoading { folder.scan() } }
      }
    }
    // Nothing waits any more, unless the time to drain is over.
    predictions.batcher.stop()
  }
}
