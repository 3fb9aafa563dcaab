/// Fine-tuning from Swift: what `tune run` does.
import Foundation
import Kernels
import Ranks
import Recipes
import Runs

/// A training run, as a recipe describes it.
///
/// ```swift
/// let training = try FineTuning(recipe: "recipe.json", settings: ["training.epochs=3"])
/// let result = try training.run { progress in print(progress) }
/// print(result.metrics["test"]?["f1"] ?? 0, result.folder)
/// ```
public struct FineTuning {
  /// What happens to a run that is already in the recipe's output folder.
  public enum Mode: Sendable {
    /// It is an error.
    case new
    /// It is continued, with the same bytes as without the interruption; a finished one is returned.
    case resume
    /// It is replaced when the new one is complete.
    case overwrite
  }

  private let recipe: Recipe
  private let threads: Int

  /// Reads a recipe. Its paths are relative to the working directory.
  /// - Parameters:
  ///   - path: a recipe file, the name of a recipe that ships with tune ("quickstart"), or the folder of a run.
  ///   - settings: override the recipe's, such as `training.epochs=1`.
  ///   - threads: default: the CPUs that this process may use. The result does not depend on it.
  /// - Throws: a fault whose description has all faults of the recipe, with the file, the key, what was expected and what to
  ///   do; also for a sweep or a benchmark, which are several runs.
  public init(recipe path: String, settings: [String] = [], threads: Int? = nil) throws {
    recipe = try Recipe.load(path: RecipeLibrary.path(of: path), overrides: settings)
    self.threads = threads ?? Launch.threads()
  }

  /// The folder that the run writes, by the recipe's key `output`.
  public var folder: String { recipe.output }

  /// Trains, evaluates, and writes the folder of the run. Blocks the calling thread.
  /// - Parameters:
  ///   - mode: what happens to an earlier run in the folder.
  ///   - report: called on the calling thread, after every step and evaluation.
  ///   - shouldStop: asked after every step; true ends the run, which can then be resumed.
  /// - Throws: faults whose description says what is wrong with a file, a folder or a loss; also if mpirun or srun has started
  ///   several of this program, which would each train alone. Nothing is half-written.
  public func run(
    _ mode: Mode = .new, report: (TrainingProgress) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) throws -> FineTuningResult {
    let mode: RunMode =
      switch mode {
      case .new: .new
      case .resume: .resume
      case .overwrite: .overwrite
      }
    if let launch = Launch() { throw RanksFault.severalTasks(launch, command: "FineTuning.run") }
    try Processor.initialize()
    let folder = try RunFolder(recipe, mode)
    if let result = folder.finished {
      try folder.begin()
      return FineTuningResult(result, recipe)
    }
    let run = try RunBuilder(recipe, threads: threads).build()
    try folder.begin()
    run.notes.forEach { report(.note($0)) }
    let result = try indexed(recipe.output, note: { report(.note($0)) }) {
      try run.execute(
        in: folder, resume: mode == .resume, shouldStop: shouldStop, report: { TrainingProgress($0).map(report) },
        note: { report(.note($0)) })
    }
    return FineTuningResult(result, recipe)
  }
}
