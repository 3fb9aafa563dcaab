/// Finds the values of pickled tensors in the bytes of their storages. What the file does not have as it is needed, because
/// it is compressed or its strides are not row-major, is copied to temporary files.
import Files

/// A range of the file, or of one of its copies.
struct Place {
  var copy: Int?
  var bytes: Range<Int>
}

struct TensorPlaces {
  let file: UnsafeRawBufferPointer
  private(set) var copies: [MappedFile] = []
  private var copied = 0

  init(_ file: UnsafeRawBufferPointer) { self.file = file }

  subscript(_ place: Place) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: (place.copy.map { copies[$0].bytes } ?? file)[place.bytes])
  }

  /// A copy that `write` fills with `size` bytes.
  mutating func addCopy(size: Int, _ write: (ScratchFile) throws -> Void) throws -> Place {
    let limit = 2 * file.count + 1 << 24, (total, isOver) = copied.addingReportingOverflow(size)
    guard !isOver, total <= limit else { throw TorchFault.copies(bytes: isOver ? .max : total, limit: limit) }
    copied = total
    let scratch = try ScratchFile()
    try write(scratch)
    copies.append(try scratch.map())
    return Place(copy: copies.count - 1, bytes: 0..<size)
  }

  /// - Parameter place: of the tensor's whole storage.
  mutating func info(of tensor: PickledTensor, named name: String, in place: Place) throws -> TensorInfo {
    if let change = tensor.change {
      throw TorchFault.tensor(name, found: "the lazy operation '\(change)'", expected: "numbers as they are")
    }
    let item = tensor.dtype.size, storageItem = tensor.storage.dtype?.size ?? 1, visible = tensor.storage.visible
    let start = place.bytes.lowerBound + visible.lowerBound * storageItem
    let (count, last) = try tensor.extent(name)
    guard count == 0 || last < visible.count * storageItem / item else {
      throw TorchFault.tensor(
        name, found: "elements up to \(last) of a storage",
        expected: "at most \(visible.count * storageItem / item) elements")
    }
    var shape = tensor.shape
    if tensor.dtype == .f4, count > 0 { shape = shape.dropLast() + [2 * (shape.last ?? 1)] }
    if count == 0 { return TensorInfo(dtype: tensor.dtype, shape: shape, bytes: 0..<0) }
    if tensor.isRowMajor {
      let first = start + tensor.offset * item
      return TensorInfo(
        dtype: tensor.dtype, shape: shape, bytes: first..<first + count * item, copy: place.copy)
    }
    let source = self[Place(copy: place.copy, bytes: start..<start + visible.count * storageItem)]
    let (size, isOver) = count.multipliedReportingOverflow(by: item)
    let copy = try addCopy(size: isOver ? .max : size) { try tensor.writeRowMajor(source, count: count, to: $0) }
    return TensorInfo(dtype: tensor.dtype, shape: shape, bytes: copy.bytes, copy: copy.copy)
  }
}

extension PickledTensor {
  /// The number of elements, and the largest index of one in the storage.
  fileprivate func extent(_ name: String) throws(TorchFault) -> (count: Int, last: Int) {
    guard shape.count == stride.count, offset >= 0 else {
      throw .tensor(name, found: "shape \(shape), stride \(stride) and offset \(offset)", expected: "as many strides")
    }
    // In bits, because that is what a tensor's size is computed in elsewhere.
    var bits = dtype.size * 8, last = offset, isOver = false
    for (size, step) in zip(shape, stride) {
      let (product, isProductOver) = bits.multipliedReportingOverflow(by: size)
      let (distance, isDistanceOver) = max(0, size - 1).multipliedReportingOverflow(by: step)
      let (sum, isSumOver) = last.addingReportingOverflow(distance)
      (bits, last) = (product, sum)
      isOver = isOver || isProductOver || isDistanceOver || isSumOver
    }
    if isOver { throw .tensor(name, found: "shape \(shape) and stride \(stride)", expected: "a size of 64 bits") }
    return (bits / (dtype.size * 8), last)
  }

  /// Axes of more than one element; the stride of the others does not matter.
  private var axes: [(size: Int, stride: Int)] { zip(shape, stride).filter { $0.0 > 1 }.map { ($0, $1) } }

  fileprivate var isRowMajor: Bool {
    var expected = 1
    return axes.reversed().allSatisfy { axis in
      defer { expected *= axis.size }
      return axis.stride == expected
    }
  }

  /// Appends the elements to `scratch` in row-major order.
  fileprivate func writeRowMajor(_ source: UnsafeRawBufferPointer, count: Int, to scratch: ScratchFile) throws {
    let axes = axes, item = dtype.size
    var index = [Int](repeating: 0, count: axes.count), position = offset * item
    var chunk: [UInt8] = []
    for element in 1...count {
      chunk.append(contentsOf: source[position..<position + item])
      if chunk.count >= 1 << 16 || element == count {
        try scratch.append(chunk)
        chunk.removeAll(keepingCapacity: true)
      }
      for axis in axes.indices.reversed() {
        index[axis] += 1
        position += axes[axis].stride * item
        if index[axis] < axes[axis].size { break }
        position -= index[axis] * axes[axis].stride * item
        index[axis] = 0
      }
    }
  }
}
