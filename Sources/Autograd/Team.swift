/// Threads that share the work of an op: a thread that has nothing else to do takes parts of it.
internal import CKernels
import Glibc
import Synchronization

/// The work that one thread offers to others. The thread itself takes parts too, and returns when all are done, so it
/// never depends on help.
/// Sendable: `body` is written while no part can be taken; the atomics order it before the parts.
final class SharedWork: @unchecked Sendable {
  /// The number of the work, the next part and the number of parts, in one word: whoever takes a part knows that it
  /// belongs to the `body` that is set.
  private let state = Atomic<UInt64>(0)
  private let unfinished = Atomic<Int>(0)
  private var body: ((_ part: Int, Workspace) -> Void)?

  /// Runs `body` for 0..<count, each on this thread, with `workspace`, or on a thread that helps, with its own.
  func run(_ count: Int, _ workspace: Workspace, _ body: @escaping (_ part: Int, Workspace) -> Void) {
    precondition(count < 1 << 16 && self.body == nil, "shared work of \(count) parts, or in another one")
    self.body = body
    unfinished.store(count, ordering: .relaxed)
    let number = state.load(ordering: .relaxed) >> 32
    state.store((number &+ 1) << 32 | UInt64(count), ordering: .releasing)
    while runPart(workspace) {}
    var wait = SpinWait()
    while unfinished.load(ordering: .acquiring) > 0 { wait.poll() }
    self.body = nil
  }

  /// Runs the next part. Returns false if there is none.
  func runPart(_ workspace: Workspace) -> Bool {
    var found = state.load(ordering: .acquiring)
    while true {
      let (part, count) = (Int(found >> 16 & 0xFFFF), Int(found & 0xFFFF))
      if part == count { return false }
      let (isMine, current) = state.compareExchange(
        expected: found, desired: found + 1 << 16, ordering: .acquiringAndReleasing)
      if isMine {
        body?(part, workspace)
        unfinished.subtract(1, ordering: .releasing)
        return true
      }
      found = current
    }
  }
}

/// Several workspaces, one per thread, whose threads help each other.
final class Team: Sendable {
  private let work: [SharedWork]
  private let idleThreads = Atomic<Int>(0)

  init(_ work: [SharedWork]) { self.work = work }

  /// The threads that an op may divide its work among now.
  var availableThreads: Int { 1 + idleThreads.load(ordering: .relaxed) }

  /// Takes parts of the other threads' work until `isDone`.
  func help(_ workspace: Workspace, until isDone: () -> Bool) {
    idleThreads.add(1, ordering: .relaxed)
    defer { idleThreads.subtract(1, ordering: .relaxed) }
    var wait = SpinWait()
    while !isDone() {
      if work.contains(where: { $0.runPart(workspace) }) { wait = SpinWait() } else { wait.poll() }
    }
  }
}

/// Waiting for another thread: it spins as long as ops take to begin, and then leaves the core to others.
struct SpinWait {
  private var polls = 0

  mutating func poll() {
    polls += 1
    if polls < 2000 { tune_pause() } else if polls < 4000 { sched_yield() } else { usleep(20) }
  }
}
