/// Answers requests in passes, one pass at a time, on a thread of its own: what is queued when a pass begins goes into it, in
/// the order of arrival and up to a number of tokens. Knows nothing of models or HTTP.
import Dispatch
import Synchronization

struct BatchLimits: Sendable {
  /// Tokens of a pass, unless a single request has more.
  var batchTokens = 4096
  /// Tokens that may wait.
  var queueTokens = 65_536
  /// How long a pass may wait for further requests.
  var maxWait = Duration.milliseconds(2)
  /// How long a request may take.
  var timeout = Duration.seconds(30)
}

final class Batcher<Job: Sendable, Answer: Sendable>: Sendable {
  /// Answers the jobs of one pass, in their order.
  typealias Pass = @Sendable ([Job]) -> [Result<Answer, any Error>]

  private struct Waiting: Sendable {
    let id: UInt64
    let job: Job
    let tokens: Int
  }

  private struct Requester: Sendable {
    let continuation: CheckedContinuation<Answer, any Error>
    let deadline: ContinuousClock.Instant
  }

  private struct State {
    var queue: [Waiting] = []
    var queuedTokens = 0
    /// Who waits for an answer, by the job's id; a job whose requester is gone is skipped.
    var requesters: [UInt64: Requester] = [:]
    var nextID: UInt64 = 0
    var isStopped = false
    /// Jobs of the last pass: as many will probably come next.
    var lastJobs = 1
    /// Of recent passes.
    var secondsPerToken = 1e-4
  }

  private let limits: BatchLimits
  private let pass: Pass
  private let state = Mutex(State())
  private let arrivals = DispatchSemaphore(value: 0)
  private let clock = ContinuousClock()

  /// - Parameter pass: called on the batcher's thread only.
  init(_ limits: BatchLimits, pass: @escaping Pass) {
    (self.limits, self.pass) = (limits, pass)
    DispatchQueue(label: "tune.passes", qos: .userInitiated).async { self.run() }
  }

  /// Requests and tokens that wait for a pass.
  var queued: (requests: Int, tokens: Int) { state.withLock { ($0.queue.count, $0.queuedTokens) } }

  /// - Throws: `RequestFault` if the queue is full, the time is over, or the batcher is stopped; what the pass throws.
  func answer(to job: Job, tokens: Int) async throws -> Answer {
    try await withCheckedThrowingContinuation { continuation in
      let fault = state.withLock { state in
        if let fault = self.fault(state, tokens) { return fault as RequestFault? }
        state.queue.append(Waiting(id: state.nextID, job: job, tokens: tokens))
        state.queuedTokens += tokens
        state.requesters[state.nextID] = Requester(
          continuation: continuation, deadline: clock.now.advanced(by: limits.timeout))
        state.nextID += 1
        return nil
      }
      if let fault { continuation.resume(throwing: fault) } else { arrivals.signal() }
    }
  }

  private func fault(_ state: borrowing State, _ tokens: Int) -> RequestFault? {
    if state.isStopped { return .shuttingDown }
    if tokens > limits.queueTokens { return .tooManyTokens(tokens, limit: limits.queueTokens) }
    if state.queuedTokens + tokens <= limits.queueTokens { return nil }
    return .queueFull(retryAfter: .seconds(Double(state.queuedTokens) * state.secondsPerToken))
  }

  /// Ends the requests whose time is over. To be called several times a second.
  func expire() {
    let now = clock.now
    let late = state.withLock { state in
      let late = state.requesters.filter { $0.value.deadline <= now }
      if late.isEmpty { return late }
      for id in late.keys { state.requesters[id] = nil }
      state.queue.removeAll { late[$0.id] != nil }
      state.queuedTokens = state.queue.reduce(0) { $0 + $1.tokens }
      return late
    }
    for requester in late.values { requester.continuation.resume(throwing: RequestFault.timedOut) }
  }

  /// Takes no further request, refuses those that wait, and ends the thread.
  func stop() {
    let waiting = state.withLock { state in
      defer { (state.isStopped, state.queue, state.queuedTokens, state.requesters) = (true, [], 0, [:]) }
      return state.requesters.values.map(\.continuation)
    }
    arrivals.signal()
    for continuation in waiting { continuation.resume(throwing: RequestFault.shuttingDown) }
  }

  private func run() {
    while let jobs = nextJobs() {
      let start = clock.now, answers = pass(jobs.map(\.job)), duration = clock.now - start
      precondition(answers.count == jobs.count, "a pass must answer each job")
      let tokens = jobs.reduce(0) { $0 + $1.tokens }
      let requesters = state.withLock { state in
        state.secondsPerToken = 0.8 * state.secondsPerToken + 0.2 * (duration / .seconds(1)) / Double(max(tokens, 1))
        return jobs.map { state.requesters.removeValue(forKey: $0.id) }
      }
      for (requester, answer) in zip(requesters, answers) { requester?.continuation.resume(with: answer) }
    }
  }

  /// The jobs of the next pass; nil at the end. A single client is answered at once: a pass waits only if the last one had
  /// several jobs, until as many have come again.
  private func nextJobs() -> [Waiting]? {
    while true {
      let (count, tokens, expected, isStopped) = state.withLock {
        ($0.queue.count, $0.queuedTokens, $0.lastJobs, $0.isStopped)
      }
      if count > 0 {
        if tokens < limits.batchTokens { awaitArrivals(upTo: expected) }
        return takeJobs()
      }
      if isStopped { return nil }
      arrivals.wait()
    }
  }

  private func awaitArrivals(upTo expected: Int) {
    let end = DispatchTime.now() + .nanoseconds(Int(limits.maxWait / .nanoseconds(1)))
    while state.withLock({ $0.queue.count < expected && $0.queuedTokens < limits.batchTokens && !$0.isStopped }) {
      if arrivals.wait(timeout: end) == .timedOut { break }
    }
  }

  private func takeJobs() -> [Waiting] {
    state.withLock { state in
      var count = 0, tokens = 0
      while count < state.queue.count, count == 0 || tokens + state.queue[count].tokens <= limits.batchTokens {
        tokens += state.queue[count].tokens
        count += 1
      }
      let jobs = Array(state.queue.prefix(count))
      state.queue.removeFirst(count)
      state.queuedTokens -= tokens
      state.lastJobs = max(count, 1)
      return jobs
    }
  }
}
