/// What the server counts, and its text for Prometheus (exposition format 0.0.4).
import Files
import Glibc
import Synchronization

/// How often values were at most each bound, and their sum.
struct Histogram: Sendable {
  let bounds: [Double]
  private(set) var counts: [Int]
  private(set) var sum = 0.0

  init(_ bounds: [Double]) {
    self.bounds = bounds
    counts = [Int](repeating: 0, count: bounds.count + 1)
  }

  mutating func add(_ value: Double) {
    counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
    sum += value
  }

  var count: Int { counts.reduce(0, +) }
}

final class Metrics: Sendable {
  private struct Answers: Hashable {
    let route: String
    let status: Int
  }

  private struct State {
    var answers: [Answers: Int] = [:]
    var seconds: [String: Histogram] = [:]
    var rows = Histogram([1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
    var tokens = 0
    var passSeconds = 0.0
  }

  private static var secondBounds: [Double] {
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
  }
  private let state = Mutex(State())
  private let start = time(nil)

  /// - Parameter route: the path of a route; what clients write would make a series for each.
  func add(route: String, status: Int, seconds: Double) {
    state.withLock { state in
      state.answers[Answers(route: route, status: status), default: 0] += 1
      state.seconds[route, default: Histogram(Self.secondBounds)].add(seconds)
    }
  }

  func addPass(rows: Int, tokens: Int, seconds: Double) {
    state.withLock { state in
      state.rows.add(Double(rows))
      state.tokens += tokens
      state.passSeconds += seconds
    }
  }

  /// - Parameter gauges: the state of the moment, and counters that others keep.
  func text(_ gauges: [PrometheusText.Value]) -> String {
    let state = state.withLock { $0 }
    var text = PrometheusText()
    text.add(
      "tune_requests_total", "Answered requests.", .counter,
      state.answers.map { ([("route", $0.route), ("status", "\($0.status)")], Double($1)) })
    text.add(
      "tune_request_duration_seconds", "Time from a request's head to its answer.",
      state.seconds.map { ([("route", $0)], $1) })
    text.add("tune_pass_rows", "Rows (an input for one adapter) of a pass.", [([], state.rows)])
    text.add("tune_pass_tokens_total", "Tokens of all passes.", .counter, [([], Double(state.tokens))])
    text.add("tune_pass_seconds_total", "Time in passes.", .counter, [([], state.passSeconds)])
    for gauge in gauges { text.add(gauge.name, gauge.help, gauge.type, gauge.values) }
    text.add(
      "process_resident_memory_bytes", "Memory of the process.", .gauge, [([], Double(residentMemory() ?? 0))])
    text.add(
      "process_start_time_seconds", "When the process started, in seconds since 1970.", .gauge, [([], Double(start))])
    return text.text
  }
}

/// Bytes of memory that this process has in RAM; nil where /proc is missing.
func residentMemory() -> Int? {
  guard let fields = try? readText("/proc/self/statm").split(separator: " "), fields.count > 1 else { return nil }
  return Int(fields[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
}
