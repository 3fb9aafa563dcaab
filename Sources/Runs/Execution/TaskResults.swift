/// What result.json has of one of a run's tasks.
import Files

extension JSON {
  /// The member of the task; "": this value, of a run with one task.
  func ofTask(_ name: String) -> JSON? { name.isEmpty ? self : self[name] }

  /// Of result.json: the interval of a metric, "f1" of [0.79, 0.83].
  func interval(_ metric: String, ofTask name: String, _ split: String) -> ClosedRange<Double>? {
    let ends = (self["intervals"]?[split]?.ofTask(name)?[metric]?.array ?? []).compactMap(\.number)
    return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
  }
}
