/// Adds the gradients of all ranks, group after group, in parts: the last parameters first, whose gradients a backward pass
/// has first, so that they are sent while it continues. Each rank adds one slice of a part and sends it to the others: no rank
/// sends or receives more than its share.
import Autograd
import CKernels

/// Where the sum of one slice is added up, and where a slice of another rank arrives.
/// Sendable: one thread uses it at a time.
final class RankSum: @unchecked Sendable {
  /// The numbers of a part, unless it is the last: 16 MB, which take 0.14 s at 1 Gb/s.
  static let partSize = 1 << 22

  let communicator: any Communicator
  private let partSize: Int
  private var sum: [Float] = [], arrived: [Float] = []

  init(_ communicator: any Communicator, partSize: Int = RankSum.partSize) {
    (self.communicator, self.partSize) = (communicator, partSize)
  }

  /// Whether so many numbers are sent in several parts, of which the first may be sent before the shards have been computed.
  func hasParts(_ count: Int) -> Bool { count > partSize }

  /// Replaces `total` on every rank by the sum over all groups. A parameter that no group has written becomes 0.
  /// - Parameters:
  ///   - own: the sums of this rank, in group order; the first is `total`. None: the rank has no group. The others are
  ///     overwritten.
  ///   - precision: to which the sums of this rank are rounded already.
  ///   - wait: returns when the sums of this rank have the gradient of a parameter.
  func add(
    _ own: [Gradients], into total: Gradients, _ precision: ReducePrecision, waitingFor wait: (_ index: Int) -> Void
  ) {
    for part in Self.parts(of: total.count, partSize).reversed() {
      forEachParameter(in: part, total.table) { index, _ in wait(index) }
      // Before the last part, shards are still computed.
      communicator.spareProcessor(part.lowerBound > 0)
      add(part, of: own, into: total, precision)
    }
  }

  private func add(_ part: Range<Int>, of own: [Gradients], into total: Gradients, _ precision: ReducePrecision) {
    let table = total.table, rank = communicator.rank, slice = slice(of: rank, part)
    var parameters: [Int] = []
    forEachParameter(in: part, table) { index, _ in parameters.append(index) }
    // One byte for each sum and parameter: whether it was written. All others have old numbers.
    let written = communicator.gather(own.flatMap { sum in parameters.map { sum.hasWritten($0) ? 1 : 0 } })
    for vector in own { precision.pack(vector.pointer + part.lowerBound, part.count) }
    for other in communicator.others {
      let theirs = self.slice(of: other, part)
      for vector in own { communicator.send(.init(vector.bytes(theirs, in: part, precision)), to: other) }
    }
    resize(&sum, to: slice.count)
    resize(&arrived, to: slice.count)
    var isWritten: Set<Int> = []
    for (source, flags) in written.enumerated() {
      for number in 0..<flags.count / max(parameters.count, 1) {
        let flags = flags[number * parameters.count..<(number + 1) * parameters.count]
        arrived.withUnsafeMutableBytes {
          let bytes = UnsafeMutableRawBufferPointer(rebasing: $0[..<(slice.count * precision.bytes)])
          if source == rank {
            bytes.copyMemory(from: .init(own[number].bytes(slice, in: part, precision)))
          } else {
            communicator.receive(bytes, from: source)
          }
        }
        arrived.withUnsafeMutableBufferPointer {
          guard let x = $0.baseAddress else { return }
          precision.unpack(x, slice.count)
          add(x, Set(zip(parameters, flags).filter { $1 != 0 }.map(\.0)), slice, table, precision, &isWritten)
        }
      }
    }
    communicator.finishSends()
    sum.withUnsafeMutableBufferPointer { sum in
      guard let first = sum.baseAddress, let target = total.bytes(slice, in: part, precision).baseAddress else {
        return
      }
      forEachParameter(in: slice, table) { index, range in
        if !isWritten.contains(index) {
          (first + range.lowerBound - slice.lowerBound).update(repeating: 0, count: range.count)
        }
      }
      precision.pack(first, slice.count, to: target)
    }
    for other in communicator.others { communicator.send(.init(total.bytes(slice, in: part, precision)), to: other) }
    for other in communicator.others {
      communicator.receive(total.bytes(self.slice(of: other, part), in: part, precision), from: other)
    }
    communicator.finishSends()
    precision.unpack(total.pointer + part.lowerBound, part.count)
  }

  /// Adds the slice `x` of one group to the sum.
  private func add(
    _ x: UnsafePointer<Float>, _ parameters: Set<Int>, _ slice: Range<Int>, _ table: ParameterTable,
    _ precision: ReducePrecision, _ isWritten: inout Set<Int>
  ) {
    sum.withUnsafeMutableBufferPointer { sum in
      forEachParameter(in: slice, table) { index, range in
        guard parameters.contains(index) else { return }
        let offset = range.lowerBound - slice.lowerBound, y = sum.baseAddress! + offset
        if isWritten.insert(index).inserted {
          y.update(from: x + offset, count: range.count)
        } else {
          tune_add(x + offset, y, range.count)
          precision.round(y, range.count)
        }
      }
    }
  }

  private func slice(of rank: Int, _ part: Range<Int>) -> Range<Int> {
    Self.slice(of: rank, of: communicator.size, part)
  }

  /// The numbers of a part that the rank adds, in multiples of 16.
  private static func slice(of rank: Int, of size: Int, _ part: Range<Int>) -> Range<Int> {
    let blocks = part.count / 16
    return part.lowerBound + blocks * rank / size * 16..<part.lowerBound + blocks * (rank + 1) / size * 16
  }

  private static func parts(of count: Int, _ size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  /// How many numbers of all parts the rank adds.
  static func share(of rank: Int, of size: Int, _ count: Int) -> Int {
    parts(of: count, partSize).reduce(0) { $0 + slice(of: rank, of: size, $1).count }
  }

  /// Calls `body` with the range of every parameter in a part or slice.
  private func forEachParameter(
    in part: Range<Int>, _ table: ParameterTable, _ body: (_ index: Int, Range<Int>) -> Void
  ) {
    for (index, parameter) in table.parameters.enumerated() {
      let offset = parameter.offset ?? 0, range = (offset..<offset + parameter.count).clamped(to: part)
      if !range.isEmpty { body(index, range) }
    }
  }

  private func resize(_ buffer: inout [Float], to count: Int) {
    if buffer.count != count { buffer = Array(repeating: 0, count: count) }
  }
}

extension Gradients {
  /// The bytes of some numbers of a part in the form in which they are sent. The part's other numbers have this form, too.
  fileprivate func bytes(
    _ range: Range<Int>, in part: Range<Int>, _ precision: ReducePrecision
  ) -> UnsafeMutableRawBufferPointer {
    let first = UnsafeMutableRawPointer(pointer + part.lowerBound), bytes = precision.bytes
    return .init(start: first + (range.lowerBound - part.lowerBound) * bytes, count: range.count * bytes)
  }
}
