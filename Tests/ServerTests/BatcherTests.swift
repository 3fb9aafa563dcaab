/// Tests which requests share a pass, and what becomes of those that no pass answers.
import Dispatch
import HTTPTypes
import Synchronization
import Testing

@testable import Server

/// Passes that wait until they are let go.
private final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  private let passes = Mutex<[[Int]]>([])

  /// The jobs of each pass that has begun.
  var begun: [[Int]] { passes.withLock { $0 } }

  func open(_ count: Int = 1) { for _ in 0..<count { semaphore.signal() } }

  /// Lets all passes go if the test's time is over: it ends only when its requests do.
  func wait(until condition: () -> Bool) async throws {
    do {
      while !condition() { try await Task.sleep(for: .milliseconds(1)) }
    } catch {
      open(1000)
      throw error
    }
  }

  func batcher(_ limits: BatchLimits) -> Batcher<Int, Int> {
    Batcher(limits) { jobs in
      self.passes.withLock { $0.append(jobs) }
      self.semaphore.wait()
      return jobs.map { $0 < 0 ? .failure(RequestFault.failed) : .success($0 * 10) }
    }
  }
}

private func code(_ body: () async throws -> Int) async -> String {
  do { return "\(try await body())" } catch { return (error as? RequestFault)?.code ?? "\(error)" }
}

@Suite(.timeLimit(.minutes(2))) struct BatcherTests {
  @Test func `what arrives during a pass is answered by the next one, in order and up to a number of tokens`()
    async throws
  {
    let gate = Gate(), batcher = gate.batcher(BatchLimits(batchTokens: 10))
    async let first = batcher.answer(to: 1, tokens: 1)
    try await gate.wait { gate.begun == [[1]] }
    var answers: [Task<Int, any Error>] = []
    for (job, tokens) in [(2, 4), (3, 6), (4, 3), (5, 30), (6, 1)] {
      answers.append(Task { try await batcher.answer(to: job, tokens: tokens) })
      try await gate.wait { batcher.queued.requests == answers.count }
    }
    #expect(batcher.queued.tokens == 44)
    gate.open(10)
    let answer = try await first
    #expect(answer == 10)
    for (index, answer) in answers.enumerated() { #expect(try await answer.value == (index + 2) * 10) }
    // A job with more tokens than a pass should have is a pass of its own.
    #expect(gate.begun == [[1], [2, 3], [4], [5], [6]] && batcher.queued == (0, 0))
    batcher.stop()
  }

  @Test func `a single client does not wait for others`() async throws {
    let gate = Gate(), batcher = gate.batcher(BatchLimits(maxWait: .seconds(100)))
    gate.open(3)
    for job in 1...3 { #expect(try await batcher.answer(to: job, tokens: 1) == job * 10) }
    batcher.stop()
  }

  /// The first pass has one job, and the second two.
  private func passesOfOneAndTwo(_ gate: Gate, _ batcher: Batcher<Int, Int>) async throws {
    async let first = batcher.answer(to: 1, tokens: 1)
    try await gate.wait { gate.begun.count == 1 }
    async let second = batcher.answer(to: 2, tokens: 1), third = batcher.answer(to: 3, tokens: 1)
    try await gate.wait { batcher.queued.requests == 2 }
    gate.open(2)
    _ = try await (first, second, third)
  }

  @Test func `after a pass with several jobs the next one waits for as many`() async throws {
    // However long this test stands still, the fourth job waits for the fifth.
    let gate = Gate(), batcher = gate.batcher(BatchLimits(maxWait: .seconds(1000)))
    try await passesOfOneAndTwo(gate, batcher)
    async let fourth = batcher.answer(to: 4, tokens: 1)
    try await gate.wait { batcher.queued.requests == 1 }
    async let fifth = batcher.answer(to: 5, tokens: 1)
    gate.open(1)
    _ = try await (fourth, fifth)
    #expect(gate.begun[1...].map { $0.sorted() } == [[2, 3], [4, 5]])
    batcher.stop()
  }

  @Test func `after a pass with several jobs the next one does not wait long`() async throws {
    let gate = Gate(), batcher = gate.batcher(BatchLimits(maxWait: .milliseconds(1000)))
    try await passesOfOneAndTwo(gate, batcher)
    let begin = ContinuousClock.now
    gate.open(1)
    _ = try await batcher.answer(to: 6, tokens: 1)
    #expect(ContinuousClock.now - begin >= .milliseconds(950))
    #expect(gate.begun[1...].map { $0.sorted() } == [[2, 3], [6]])
    batcher.stop()
  }

  @Test func `a full queue refuses at once and says when to try again`() async throws {
    let gate = Gate(), batcher = gate.batcher(BatchLimits(queueTokens: 10))
    async let first = batcher.answer(to: 1, tokens: 10)
    try await gate.wait { gate.begun.count == 1 }
    async let second = batcher.answer(to: 2, tokens: 8)
    try await gate.wait { batcher.queued.requests == 1 }
    let fault = await #expect(throws: RequestFault.self) { try await batcher.answer(to: 3, tokens: 3) }
    #expect(fault?.code == "queue_full" && fault?.status == .tooManyRequests && (fault?.retryAfter ?? .zero) > .zero)
    #expect(await code { try await batcher.answer(to: 4, tokens: 11) } == "too_many_tokens")
    gate.open(2)
    let answers = try await [first, second]
    #expect(answers == [10, 20])
    batcher.stop()
  }

  @Test func `a request whose time is over gets an error, queued or in a pass, and the rest its answers`() async throws
  {
    let gate = Gate(), batcher = gate.batcher(BatchLimits(timeout: .milliseconds(50)))
    async let first = code { try await batcher.answer(to: 1, tokens: 1) }
    try await gate.wait { gate.begun.count == 1 }
    async let second = code { try await batcher.answer(to: 2, tokens: 1) }
    try await gate.wait { batcher.queued.requests == 1 }
    batcher.expire()
    try await Task.sleep(for: .milliseconds(60))
    batcher.expire()
    let codes = await [first, second]
    #expect(codes == ["timeout", "timeout"] && batcher.queued == (0, 0))
    gate.open(2)
    #expect(try await batcher.answer(to: 3, tokens: 1) == 30)
    #expect(gate.begun == [[1], [3]])
    batcher.stop()
  }

  @Test func `the fault of one job is its own`() async throws {
    let gate = Gate(), batcher = gate.batcher(BatchLimits())
    async let first = batcher.answer(to: 1, tokens: 1)
    try await gate.wait { gate.begun.count == 1 }
    async let bad = code { try await batcher.answer(to: -2, tokens: 1) }, good = batcher.answer(to: 3, tokens: 1)
    try await gate.wait { batcher.queued.requests == 2 }
    gate.open(2)
    let answers = try await [first, good], fault = await bad
    #expect(answers == [10, 30] && fault == "internal_error")
    batcher.stop()
  }

  @Test func `a stopped batcher refuses what waits and what comes`() async throws {
    let gate = Gate(), batcher = gate.batcher(BatchLimits())
    async let first = code { try await batcher.answer(to: 1, tokens: 1) }
    try await gate.wait { gate.begun.count == 1 }
    async let second = code { try await batcher.answer(to: 2, tokens: 1) }
    try await gate.wait { batcher.queued.requests == 1 }
    batcher.stop()
    let codes = await [first, second, code { try await batcher.answer(to: 3, tokens: 1) }]
    #expect(codes == ["shutting_down", "shutting_down", "shutting_down"])
    gate.open(2)
  }
}
