/// The score of a suite from those of its sets. A mean of only a part of its sets is none.
package import Recipes

package struct SuiteScore: Equatable, Sendable {
  /// The sets of one task type.
  package struct TaskType: Equatable, Sendable {
    package let name: String
    /// The mean over its sets; nil: not all of them have a score.
    package let mean: Double?
    /// The sets that have a score, and all.
    package let complete, count: Int

    package init(name: String, mean: Double?, complete: Int, count: Int) {
      (self.name, self.mean, self.complete, self.count) = (name, mean, complete, count)
    }
  }

  package let types: [TaskType]
  /// The suite's average; nil: not all of its sets have a score.
  package let value: Double?
  /// The sets that have a score, and all.
  package let complete, count: Int

  /// - Parameter scores: the means over the seeds, by the sets' names.
  package init(_ suite: Suite, _ scores: [String: Double]) {
    func mean(_ values: [Double?]) -> Double? {
      let known = values.compactMap(\.self)
      return known.count == values.count && !known.isEmpty ? known.reduce(0, +) / Double(known.count) : nil
    }
    types = suite.types.map { type in
      let own = suite.sets.filter { $0.type == type }.map { scores[$0.name] }
      return TaskType(name: type, mean: mean(own), complete: own.count { $0 != nil }, count: own.count)
    }
    let all = suite.sets.map { scores[$0.name] }
    (complete, count) = (all.count { $0 != nil }, all.count)
    value =
      switch suite.average {
      case .types: mean(types.map(\.mean))
      case .sets: mean(all)
      }
  }
}
