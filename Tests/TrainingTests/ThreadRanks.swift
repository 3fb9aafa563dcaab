/// Ranks that are threads of one process, for tests.
import Glibc
import Synchronization
import Testing

@testable import Training

/// Messages between the ranks.
private final class Mailboxes: Sendable {
  /// The messages from one rank to another, oldest first.
  let messages = Mutex<[[Int]: [[UInt8]]]>([:])
}

/// What a thread runs.
private final class Work {
  let run: () -> Void
  init(_ run: @escaping () -> Void) { self.run = run }
}

struct ThreadRank: Communicator {
  let rank, size: Int
  private let boxes: Mailboxes

  func send(_ bytes: UnsafeRawBufferPointer, to other: Int) {
    boxes.messages.withLock { $0[[rank, other], default: []].append(Array(bytes)) }
  }

  func receive(_ bytes: UnsafeMutableRawBufferPointer, from other: Int) {
    while true {
      let message = boxes.messages.withLock { boxes -> [UInt8]? in
        guard let first = boxes[[other, rank]]?.first else { return nil }
        boxes[[other, rank]]?.removeFirst()
        return first
      }
      guard let message else {
        usleep(20)
        continue
      }
      precondition(message.count == bytes.count, "\(message.count) bytes were sent, \(bytes.count) are expected")
      bytes.copyBytes(from: message)
      return
    }
  }

  func finishSends() {}

  /// Runs `body` as each of `size` ranks.
  /// - Returns: the results in rank order.
  static func all<Value: Sendable>(_ size: Int, _ body: @escaping @Sendable (any Communicator) throws -> Value) throws
    -> [Value]
  {
    let boxes = Mailboxes(), results = Mutex<[Int: Result<Value, any Error>]>([:])
    let threads = (0..<size).map { rank in
      var thread = pthread_t()
      let work = Work {
        let result = Result { try body(ThreadRank(rank: rank, size: size, boxes: boxes)) }
        results.withLock { $0[rank] = result }
      }
      let code = pthread_create(
        &thread, nil,
        {
          Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().run()
          return nil
        }, Unmanaged.passRetained(work).toOpaque())
      precondition(code == 0, "a thread cannot be started")
      return thread
    }
    for thread in threads { pthread_join(thread, nil) }
    return try results.withLock { results in try (0..<size).map { try #require(results[$0]).get() } }
  }
}
