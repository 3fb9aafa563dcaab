/// The processes ("ranks") that train one model together. Here is what they need of each other, and the single process;
/// `MPICommunicator` connects several.

/// Every rank has the same model, data and settings, and takes the same steps: weights stay equal because every rank
/// applies the same optimizer update to the same sum of gradients. What depends on the clock is decided by rank 0; a signal to any rank
/// stops all.
/// Only one thread at a time calls it. Messages between two ranks arrive in the order in which they were sent. A rank that
/// fails ends all of them, so that nothing here throws.
package protocol Communicator: Sendable {
  /// This process's number, from 0, and the number of processes.
  var rank: Int { get }
  var size: Int { get }
  /// Begins to send bytes, which must stay as they are until `finishSends`.
  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int)
  /// Waits for the next bytes of `rank`, which sends as many.
  func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int)
  /// Waits until everything has been sent.
  func finishSends()
  /// Whether waits leave the processor to other threads of this rank, which compute.
  func spareProcessor(_ spares: Bool)
}

extension Communicator {
  package func spareProcessor(_ spares: Bool) {}

  /// The other ranks.
  var others: [Int] { (0..<size).filter { $0 != rank } }

  /// The bytes of every rank, in rank order; each may have another number of them.
  package func gather(_ own: [UInt8]) -> [[UInt8]] {
    sendingToOthers(own) { (0..<size).map { $0 == rank ? own : receive(from: $0) } }
  }

  /// The bytes of rank 0, on every rank.
  package func broadcast(_ bytes: [UInt8]) -> [UInt8] {
    rank == 0 ? sendingToOthers(bytes) { bytes } : receive(from: 0)
  }

  /// Sends the number of bytes, then the bytes.
  private func sendingToOthers<Result>(_ bytes: [UInt8], _ body: () -> Result) -> Result {
    let count = [UInt64(bytes.count)]
    return count.withUnsafeBytes { count in
      bytes.withUnsafeBytes { bytes in
        for rank in others {
          send(count, to: rank)
          send(bytes, to: rank)
        }
        defer { finishSends() }
        return body()
      }
    }
  }

  private func receive(from rank: Int) -> [UInt8] {
    var count = [UInt64(0)]
    count.withUnsafeMutableBytes { receive($0, from: rank) }
    var bytes = [UInt8](repeating: 0, count: Int(count[0]))
    bytes.withUnsafeMutableBytes { receive($0, from: rank) }
    return bytes
  }

  /// Whether the value is true on some rank; the same on every rank.
  func isTrueOnAny(_ value: Bool) -> Bool { size == 1 ? value : gather([value ? 1 : 0]).contains([1]) }

  /// The value of rank 0, on every rank.
  package func broadcast(_ value: Bool) -> Bool { broadcast([value ? 1 : 0])[0] != 0 }

  package func broadcast(_ text: String) -> String { String(decoding: broadcast(Array(text.utf8)), as: UTF8.self) }

  package func broadcast(_ value: Double) -> Double {
    let bytes = broadcast(withUnsafeBytes(of: value.bitPattern) { Array($0) })
    return Double(bitPattern: bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
  }

  /// The lists of every rank, in rank order: one for each of its shards.
  func gatherLists<Number: BitwiseCopyable>(_ own: [[Number]]) -> [[Number]] {
    if size == 1 { return own }
    let counts = gather(bytes(of: own.map(\.count))), numbers = gather(bytes(of: Array(own.joined())))
    return zip(counts, numbers).flatMap { counts, numbers in
      var next = 0
      let all: [Number] = values(in: numbers)
      return values(in: counts).map { (count: Int) in
        defer { next += count }
        return Array(all[next..<next + count])
      }
    }
  }
}

private func bytes<Number: BitwiseCopyable>(of numbers: [Number]) -> [UInt8] { numbers.withUnsafeBytes { Array($0) } }

private func values<Number: BitwiseCopyable>(in bytes: [UInt8]) -> [Number] {
  bytes.withUnsafeBytes { bytes in
    (0..<bytes.count / MemoryLayout<Number>.stride).map {
      bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.stride, as: Number.self)
    }
  }
}

/// A run in one process.
package struct SingleProcess: Communicator {
  package init() {}

  package var rank: Int { 0 }
  package var size: Int { 1 }

  package func send(_ bytes: UnsafeRawBufferPointer, to rank: Int) { preconditionFailure("there is no rank \(rank)") }
  package func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int) {
    preconditionFailure("there is no rank \(rank)")
  }
  package func finishSends() {}
}
