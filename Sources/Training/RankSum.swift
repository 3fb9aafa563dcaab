/// Adds the gradients of all ranks, group after group. Each rank adds one slice of the gradients and sends it to the others:
/// no rank sends or receives more than its part of the work.
import Autograd
import CKernels
import Synchronization

/// Where the sum of one slice is added up, and where a slice of another rank arrives.
/// Sendable: only the training thread uses it.
final class RankSum: @unchecked Sendable {
  private let communicator: any Communicator
  private var sum: [Float] = [], arrived: [Float] = []

  init(_ communicator: any Communicator) { self.communicator = communicator }

  /// Replaces `total` on every rank by the sum over all groups. A parameter that no group has written becomes 0.
  /// - Parameters:
  ///   - own: the sums of this rank, in group order; the first is `total`. None: the rank has no group. The others are
  ///     overwritten.
  ///   - precision: to which the sums of this rank are rounded already.
  func add(_ own: [Gradients], into total: Gradients, _ precision: ReducePrecision) {
    let table = total.table, parameters = table.parameters.count
    // One byte for each sum and parameter: whether it was written. All others have old numbers.
    let written = communicator.gather(own.flatMap { sum in (0..<parameters).map { sum.hasWritten($0) ? 1 : 0 } })
    let rank = communicator.rank, slice = slice(of: rank, total.count)
    for vector in own { precision.pack(vector.pointer, vector.count) }
    for other in communicator.others {
      let part = self.slice(of: other, total.count)
      for vector in own { communicator.send(.init(vector.bytes(part, precision)), to: other) }
    }
    resize(&sum, to: slice.count)
    resize(&arrived, to: slice.count)
    var isWritten = [Bool](repeating: false, count: parameters)
    for (source, flags) in written.enumerated() {
      for number in 0..<flags.count / max(parameters, 1) {
        let flags = flags[number * parameters..<(number + 1) * parameters].map { $0 != 0 }
        arrived.withUnsafeMutableBytes {
          let bytes = UnsafeMutableRawBufferPointer(rebasing: $0[..<(slice.count * precision.bytes)])
          if source == rank {
            bytes.copyMemory(from: .init(own[number].bytes(slice, precision)))
          } else {
            communicator.receive(bytes, from: source)
          }
        }
        arrived.withUnsafeMutableBufferPointer {
          guard let x = $0.baseAddress else { return }
          precision.unpack(x, slice.count)
          add(x, flags, slice, table, precision, &isWritten)
        }
      }
    }
    communicator.finishSends()
    sum.withUnsafeMutableBufferPointer { sum in
      guard let first = sum.baseAddress, let target = total.bytes(slice, precision).baseAddress else { return }
      forEachPart(of: slice, table) { index, range in
        if !isWritten[index] { (first + range.lowerBound - slice.lowerBound).update(repeating: 0, count: range.count) }
      }
      precision.pack(first, slice.count, to: target)
    }
    for other in communicator.others { communicator.send(.init(total.bytes(slice, precision)), to: other) }
    for other in communicator.others {
      communicator.receive(total.bytes(self.slice(of: other, total.count), precision), from: other)
    }
    communicator.finishSends()
    precision.unpack(total.pointer, total.count)
  }

  /// Adds the slice `x` of one group to the sum.
  private func add(
    _ x: UnsafePointer<Float>, _ flags: [Bool], _ slice: Range<Int>, _ table: ParameterTable,
    _ precision: ReducePrecision, _ isWritten: inout [Bool]
  ) {
    sum.withUnsafeMutableBufferPointer { sum in
      forEachPart(of: slice, table) { index, range in
        guard flags[index] else { return }
        let offset = range.lowerBound - slice.lowerBound, y = sum.baseAddress! + offset
        if isWritten[index] {
          tune_add(x + offset, y, range.count)
          precision.round(y, range.count)
        } else {
          y.update(from: x + offset, count: range.count)
        }
        isWritten[index] = true
      }
    }
  }

  private func slice(of rank: Int, _ count: Int) -> Range<Int> { Self.slice(of: rank, of: communicator.size, count) }

  /// The numbers that the rank adds: a part of all, in multiples of 16.
  static func slice(of rank: Int, of size: Int, _ count: Int) -> Range<Int> {
    let blocks = count / 16
    return blocks * rank / size * 16..<blocks * (rank + 1) / size * 16
  }

  /// Calls `body` with the range of every parameter in the slice.
  private func forEachPart(of slice: Range<Int>, _ table: ParameterTable, _ body: (_ index: Int, Range<Int>) -> Void) {
    for (index, parameter) in table.parameters.enumerated() {
      let offset = parameter.offset ?? 0, range = (offset..<offset + parameter.count).clamped(to: slice)
      if !range.isEmpty { body(index, range) }
    }
  }

  private func resize(_ buffer: inout [Float], to count: Int) {
    if buffer.count != count { buffer = Array(repeating: 0, count: count) }
  }
}

extension Gradients {
  /// The bytes of some numbers in the form in which they are sent.
  fileprivate func bytes(_ range: Range<Int>, _ precision: ReducePrecision) -> UnsafeMutableRawBufferPointer {
    let bytes = precision.bytes
    return .init(start: UnsafeMutableRawPointer(pointer) + range.lowerBound * bytes, count: range.count * bytes)
  }
}
