/// Holds passes back until a test lets them go.
import Datasets
import Dispatch
import Synchronization

@testable import Server

final class PassGate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  private let count = Mutex(0)

  /// Passes that have begun.
  var passes: Int { count.withLock { $0 } }

  func open(_ passes: Int = 1) { for _ in 0..<passes { semaphore.signal() } }

  @Sendable func pass(_ records: [Record]) {
    count.withLock { $0 += 1 }
    semaphore.wait()
  }
}
