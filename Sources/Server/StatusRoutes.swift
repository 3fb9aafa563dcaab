/// The routes about the server itself: GET /, a page to try adapters on, /health, /ready, /metrics and /openapi.json.
import Files
import Hummingbird
import Synchronization

/// Whether the server takes requests.
final class Readiness: Sendable {
  private let ready = Atomic<Bool>(false)

  var isReady: Bool { ready.load(ordering: .relaxed) }
  func set(_ value: Bool) { ready.store(value, ordering: .relaxed) }
}

extension Predictions {
  func statusRoutes(_ metrics: Metrics, _ readiness: Readiness) -> [Route] {
    [
      Route(.get, "/", nil) { _, _ in
        Answer(String(decoding: PackageResources.page_html, as: UTF8.self), "text/html; charset=utf-8")
      },
      Route(.get, "/health", nil) { _, _ in Answer(["status": "ok"]) },
      Route(.get, "/ready", nil) { _, _ in
        readiness.isReady ? Answer(["status": "ready"]) : Answer(["status": "not ready"], status: .serviceUnavailable)
      },
      Route(.get, "/metrics", .predict) { _, _ in
        Answer(metrics.text(self.gauges), "text/plain; version=0.0.4; charset=utf-8")
      },
      Route(.get, "/openapi.json", nil) { _, _ in
        Answer(json: String(decoding: PackageResources.openapi_json, as: UTF8.self))
      },
    ]
  }

  private var gauges: [PrometheusText.Value] {
    let adapters = registry.adapters.filter { $0.name != Self.base }, loaded = adapters.count(where: \.isLoaded)
    let queued = batcher.queued, counts = registry.counts
    return [
      .init(
        "tune_adapters", "Adapters by whether they are in memory.", .gauge,
        [([("state", "loaded")], Double(loaded)), ([("state", "evicted")], Double(adapters.count - loaded))]),
      .init("tune_adapter_loads_total", "How often an adapter was read.", .counter, counts.loads),
      .init("tune_adapter_evictions_total", "How often an adapter was evicted.", .counter, counts.evictions),
      .init("tune_queue_requests", "Requests that wait for a pass.", .gauge, queued.requests),
      .init("tune_queue_tokens", "Tokens that wait for a pass.", .gauge, queued.tokens),
    ]
  }
}
