/// Paths of fixtures and shared data, golden tensors, and the relative error of an array.
package import Checkpoints
import Files

/// `Tests/Fixtures/<name>`.
package func fixture(_ name: String, file: String = #filePath) -> String {
  file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/") + "/Fixtures/" + name
}

/// A path among the corpora and weights beside the repository; nil if it is missing, and the test is then skipped.
package func shared(_ path: String, file: String = #filePath) -> String? {
  let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
  let found = (environment("TUNE_SHARED") ?? root + "/shared") + "/" + path
  return fileExists(found) ? found : nil
}

extension Checkpoint {
  /// The numbers of a tensor.
  package func array(_ name: String) throws -> [Float] { try floats(name) }
}

/// The largest difference, relative to the largest entry of `expected` (or to 1e-30).
package func relativeError(_ found: some Sequence<Float>, _ expected: some Sequence<Float>) -> Double {
  let found = Array(found), expected = Array(expected)
  guard found.count == expected.count else { return .infinity }
  let largest = expected.reduce(1e-30) { max($0, Double(abs($1))) }
  return zip(found, expected).reduce(0) { max($0, ($1.0.isNaN ? .infinity : Double(abs($1.0 - $1.1)))) } / largest
}
