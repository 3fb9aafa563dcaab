/// What a run leaves.
import Files
import Recipes

/// The result of a run.
public struct FineTuningResult: Sendable {
  /// The run's folder. Everywhere that an adapter or a model is expected, it stands for what the run trained.
  public let folder: String
  /// Whether `shouldStop` ended the run; `FineTuning.run(.resume)` continues it.
  public let isInterrupted: Bool
  /// By split ("dev", "test") and name, as in result.json; fractions, not percents. Of a run with several tasks only the average.
  public let metrics: [String: [String: Double]]
  /// 95 % intervals of the metrics, by split and name; none of a run with several tasks.
  public let intervals: [String: [String: ClosedRange<Double>]]
  /// The parameters that were trained, and all of the model.
  public let trainableParameters, totalParameters: Int
  /// The text of result.json: all of the above and more.
  public let json: String

  init(_ result: JSON, _ recipe: Recipe) {
    folder = recipe.output
    isInterrupted = result["status"] == "interrupted"
    func bySplit<Value>(_ key: String, _ value: (JSON) -> Value?) -> [String: [String: Value]] {
      (result[key]?.object ?? [:]).compactMapValues { $0.object?.compactMapValues(value) }
    }
    metrics = bySplit("metrics") { $0.number }
    intervals = bySplit("intervals") { ends in
      let ends = ends.array?.compactMap(\.number) ?? []
      return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
    }
    trainableParameters = result["trainable_parameters"]?.int ?? 0
    totalParameters = result["total_parameters"]?.int ?? 0
    json = result.text()
  }
}
