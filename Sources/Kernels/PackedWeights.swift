/// Frozen weights in an order and a format of their own, for products without a gradient. Both kinds need their input in
/// such a format too, which all products with it share.
import Glibc

/// Weights [rows, columns]: outputs, inputs.
package protocol PackedWeights: AnyObject, Sendable {
  var rows: Int { get }
  var columns: Int { get }

  /// Writes the numbers that they stand for, [rows, columns].
  func unpack(into weights: UnsafeMutablePointer<Float>)

  /// The memory of `rows` packed rows of input, in Float32 numbers; aligned to 64 bytes.
  func inputSize(_ rows: Int) -> Int

  /// Packs these rows of x into the memory of all its rows.
  func packInput(_ x: Matrix, _ rows: Range<Int>, into memory: UnsafeMutablePointer<Float>)

  /// c = x·Wᵀ + bias for the outputs in `outputs`, which begins at a multiple of 32, on the calling thread
  ///     x: packed input, as many rows as c      c [n, outputs]      bias [rows]
  func multiply(
    _ x: UnsafeMutablePointer<Float>, outputs: Range<Int>, into c: Matrix, bias: UnsafePointer<Float>?)
}

/// Memory aligned to 64 bytes; free it with `free`.
func allocateAligned<Number>(_ count: Int) -> UnsafeMutablePointer<Number> {
  var memory: UnsafeMutableRawPointer?
  let bytes = max(count, 1) * MemoryLayout<Number>.stride
  guard posix_memalign(&memory, 64, bytes) == 0, let memory else {
    preconditionFailure("out of memory: \(bytes) bytes")
  }
  return memory.bindMemory(to: Number.self, capacity: count)
}

/// The bytes from one packed row of `bytes` to the next. Rows a multiple of 4 KiB apart would evict each other from the L1
/// cache.
func rowStride(_ bytes: Int) -> Int {
  let rounded = (bytes + 63) / 64 * 64
  return rounded % 4096 == 0 ? rounded + 64 : rounded
}
