/// A suite of benchmark data sets, such as BLURB: its sets, and how their scores make one. Reads nothing.

public struct Suite: Sendable {
  public enum Average: Sendable {
    /// The mean over the task types of the mean over a type's sets.
    case types
    /// The mean over the sets.
    case sets
  }

  /// "BLURB".
  public let name: String
  /// In the order of the suite's own table.
  public let sets: [SuiteSet]
  public let average: Average

  /// The task types, in the order of the table.
  public var types: [String] { sets.map(\.type).grouped { $0 }.map { $0[0] } }

  public static let all = [blurb, blue]

  public static func named(_ name: String) -> Suite? { all.first { $0.name.lowercased() == name.lowercased() } }
}
