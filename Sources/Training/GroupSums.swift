/// Where the shards of this rank add their gradients, so that the sum has the order of `ShardGroups`.
///
/// Rank 0 adds its first group to the total. It adds each later group parameter by parameter to a buffer of its own, and that
/// to the total as soon as the group's last shard is done with the parameter: few buffers are in use at a time. Other ranks
/// keep the sum of each group, because those of the ranks before are added first.
import Autograd
import CKernels
import Synchronization

/// Sendable: `ShardOrder` decides which thread uses a parameter's sums.
final class GroupSums: @unchecked Sendable {
  let groups: ShardGroups
  let table: ParameterTable
  private let precision: ReducePrecision
  /// The sums of this rank: its first groups', or on other ranks than 0 that of each group.
  let vectors: [Gradients]
  /// By parameter: the sum of the group that is added to the total next.
  private let partials: [PartialGradient]

  /// - Parameter kept: the buffers of other ranks than 0, for their second group and the following ones.
  init(
    _ groups: ShardGroups, total: Gradients, keptIn kept: [Gradients], _ pool: BufferPool, _ precision: ReducePrecision
  ) {
    (self.groups, table, self.precision) = (groups, total.table, precision)
    vectors = groups.own.isEmpty ? [] : [total] + kept
    partials =
      groups.own.lowerBound == 0 && groups.own.count > 1
      ? total.table.parameters.map { PartialGradient($0, pool) } : []
    vectors.forEach { $0.reset() }
  }

  /// Where `shard` adds the gradient of parameter `index`.
  func sink(_ index: Int, of shard: Int) -> any GradientSink {
    let number = groups.group(of: shard) - groups.own.lowerBound
    if number > 0, !partials.isEmpty { return partials[index] }
    return vectors[number]
  }

  /// Called when `shard` has written parameter `index` for the last time, in shard order.
  func finish(_ index: Int, of shard: Int) {
    guard groups.isLast(shard) else { return }
    if !partials.isEmpty { partials[index].move(to: vectors[0], precision) }
    let sum = vectors[partials.isEmpty ? groups.group(of: shard) - groups.own.lowerBound : 0]
    if sum.hasWritten(index) {
      let parameter = table.parameters[index]
      precision.round(sum.pointer + (parameter.offset ?? 0), parameter.count)
    }
  }
}

/// The sum of one group for one parameter: a whole buffer, or only the rows of a table that the group has read.
private final class PartialGradient: GradientSink {
  private let parameter: Parameter
  private let pool: BufferPool
  private var values: UnsafeMutablePointer<Float>?
  /// The rows in the order in which they came, their positions by row, and their sums.
  private var rows: [Int32] = []
  private var positions: [Int32: Int32] = [:]
  private var rowSums: [Float] = []

  init(_ parameter: Parameter, _ pool: BufferPool) { (self.parameter, self.pool) = (parameter, pool) }

  func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {
    precondition(rows.isEmpty, "\(parameter.name): rows, then a whole gradient")
    if let values { return body(values, 1) }
    let buffer = pool.take(parameter.count)
    body(buffer, 0)
    values = buffer
  }

  func accumulate(_ parameter: Parameter, rows indices: [Int32], _ dy: UnsafePointer<Float>) {
    precondition(values == nil, "\(parameter.name): a whole gradient, then rows")
    let positions = indices.map { $0 < 0 ? -1 : position(of: $0) }
    rowSums += repeatElement(0, count: rows.count * parameter.columns - rowSums.count)
    rowSums.withUnsafeMutableBufferPointer { sums in
      guard let sums = sums.baseAddress else { return }
      tune_scatter_add(dy, positions, sums, indices.count, parameter.columns)
    }
  }

  private func position(of row: Int32) -> Int32 {
    if let position = positions[row] { return position }
    positions[row] = Int32(rows.count)
    rows.append(row)
    return Int32(rows.count - 1)
  }

  /// Rounds the sum, and adds it to `total`, if there is one.
  func move(to total: Gradients, _ precision: ReducePrecision) {
    if let values {
      precision.round(values, parameter.count)
      total.accumulate(parameter) { pointer, beta in
        if beta == 0 {
          pointer.update(from: values, count: parameter.count)
        } else {
          tune_add(values, pointer, parameter.count)
        }
      }
      pool.giveBack(values, parameter.count)
      self.values = nil
    } else if !rows.isEmpty {
      rowSums.withUnsafeMutableBufferPointer { if let sums = $0.baseAddress { precision.round(sums, $0.count) } }
      total.accumulate(parameter, rows: rows, rowSums)
      rows.removeAll(keepingCapacity: true)
      positions.removeAll(keepingCapacity: true)
      rowSums.removeAll(keepingCapacity: true)
    }
  }
}

/// Buffers by their length, which are used again.
final class BufferPool: Sendable {
  /// Sendable: one thread uses it at a time.
  private struct Buffer: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Float>
  }

  private let free = Mutex<[Int: [Buffer]]>([:])

  deinit { free.withLock { $0.values.joined().forEach { $0.pointer.deallocate() } } }

  func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    let found = free.withLock { $0[count]?.popLast() }
    return found?.pointer ?? .allocate(capacity: max(count, 1))
  }

  func giveBack(_ pointer: UnsafeMutablePointer<Float>, _ count: Int) {
    let buffer = Buffer(pointer: pointer)
    free.withLock { $0[count, default: []].append(buffer) }
  }
}
