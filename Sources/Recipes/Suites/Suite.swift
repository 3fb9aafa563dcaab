/// A suite of benchmark data sets, such as BLURB: its sets, and how their scores make one. Reads nothing.

package struct Suite: Sendable {
  package enum Average: Sendable {
    /// The mean over the task types of the mean over a type's sets.
    case types
    /// The mean over the sets.
    case sets
  }

  /// "BLURB".
  package let name: String
  /// In the order of the suite's own table.
  package let sets: [SuiteSet]
  package let average: Average

  /// The task types, in the order of the table.
  package var types: [String] { sets.map(\.type).grouped { $0 }.map { $0[0] } }

  package static let all = [blurb, blue]

  package static func named(_ name: String) -> Suite? { all.first { $0.name.lowercased() == name.lowercased() } }
}
