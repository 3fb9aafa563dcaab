/// The precision in which the gradients of shard groups are added, and in which ranks send them to each other.
import CKernels

package enum ReducePrecision: String, Sendable, CaseIterable {
  case fp32
  /// The sum of each group is rounded to bfloat16, and so is every sum of groups, also in one process: the result does not
  /// depend on the number of ranks.
  case bf16

  /// Bytes of a number that is sent.
  var bytes: Int { self == .fp32 ? 4 : 2 }

  /// Rounds numbers.
  func round(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
    if self == .fp32 { return }
    forEachBlock(of: count) { first, count, block in
      tune_fp32_to_bf16(x + first, block, count)
      tune_bf16_to_fp32(block, x + first, count)
    }
  }

  /// Brings numbers into the form in which they are sent, in their own memory: bfloat16 takes the first half of it.
  func pack(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
    if self == .fp32 { return }
    let bytes = UnsafeMutableRawPointer(x)
    forEachBlock(of: count) { first, count, block in
      tune_fp32_to_bf16(x + first, block, count)
      (bytes + 2 * first).copyMemory(from: block, byteCount: 2 * count)
    }
  }

  /// Writes numbers in this form to `target`.
  func pack(_ x: UnsafePointer<Float>, _ count: Int, to target: UnsafeMutableRawPointer) {
    switch self {
    case .fp32: target.copyMemory(from: x, byteCount: 4 * count)
    case .bf16:
      forEachBlock(of: count) { first, count, block in
        tune_fp32_to_bf16(x + first, block, count)
        (target + 2 * first).copyMemory(from: block, byteCount: 2 * count)
      }
    }
  }

  /// Reverses `pack`.
  func unpack(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
    if self == .fp32 { return }
    let bytes = UnsafeMutableRawPointer(x)
    // From the end: a number takes more memory than before.
    forEachBlock(of: count, reversed: true) { first, count, block in
      UnsafeMutableRawPointer(block).copyMemory(from: bytes + 2 * first, byteCount: 2 * count)
      tune_bf16_to_fp32(block, x + first, count)
    }
  }
}

/// Calls `body` for blocks of 0..<count, with memory for a block of bfloat16 numbers.
private func forEachBlock(
  of count: Int, reversed: Bool = false, _ body: (_ first: Int, _ count: Int, UnsafeMutablePointer<UInt16>) -> Void
) {
  let size = 4096, blocks = (count + size - 1) / size
  withUnsafeTemporaryAllocation(of: UInt16.self, capacity: size) { memory in
    guard let block = memory.baseAddress else { return }
    for number in 0..<blocks {
      let first = (reversed ? blocks - 1 - number : number) * size
      body(first, min(size, count - first), block)
    }
  }
}
