/// Some rows of a tensor, in passes without gradients.

/// These rows of x, in the same memory; x itself if they are all of it.
package func slice(_ x: Tensor, rows: Range<Int>, _ pass: Pass) -> Tensor {
  if rows == 0..<x.rows { return x }
  precondition(
    !x.isTracked && rows.lowerBound >= 0 && rows.upperBound <= x.rows,
    "rows \(rows) of \(x.rows) rows, or in a training pass")
  return pass.tensor(rows.count, x.columns, x.buffer.suffix(from: rows.lowerBound * x.columns), tracked: false)
}

/// All rows one after the other.
package func concatenate(_ tensors: [Tensor], _ pass: Pass) -> Tensor {
  if tensors.count == 1 { return tensors[0] }
  precondition(tensors.allSatisfy { !$0.isTracked }, "concatenate: in a training pass")
  let y = pass.make(tensors.reduce(0) { $0 + $1.rows }, tensors[0].columns)
  var next = y.pointer
  for x in tensors {
    next.update(from: x.pointer, count: x.count)
    next += x.count
  }
  return y
}
