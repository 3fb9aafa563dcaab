/// The folder of a run: recipe.json, metrics.jsonl, result.json, snapshots, and the adapter or the model. Every file is
/// complete at any time, even if the program is killed. A finished run is overwritten only with `RunMode.overwrite`.
public import Files
import FoundationEssentials
import Glibc
public import Recipes
import Tasks

/// Why a run cannot begin in its folder.
public enum RunFolderFault: Error, CustomStringConvertible {
  case finished(String)
  case interrupted(String)
  case notARun(String)
  case recipeChanged(String, differences: [String])
  case busy(String)
  case holdsInput(String, input: String)

  public var description: String {
    switch self {
    case .finished(let path): "\(path): holds a finished run. Choose another 'output', or start again with --overwrite."
    case .interrupted(let path):
      "\(path): holds an interrupted run. Continue it with --resume, or start again with --overwrite."
    case .notARun(let path):
      "\(path): the folder is not empty and not a run folder. Choose another 'output'."
    case .recipeChanged(let path, let differences):
      "\(path): the recipe has changed since this run began:" + differences.map { "\n  " + $0 }.joined()
        + "\nA resumed run must have the same settings. Undo the change, or start again with --overwrite."
    case .holdsInput(let path, let input):
      "output: the folder \(path) contains \(input), which this run reads. Choose another 'output'."
    case .busy(let path): "\(path): another tune process is running in this folder."
    }
  }
}

public enum RunMode: Sendable { case new, resume, overwrite }

public final class RunFolder {
  public let path: String
  var snapshots: Snapshots { Snapshots(folder: path + "/snapshots") }
  var log: RunLog { RunLog(path: path + "/metrics.jsonl") }
  private var lock: Int32 = -1
  private static let files = ["recipe.json", "metrics.jsonl", "metrics.csv", "result.json", "adapter", "model"]
  /// Marks a run folder, and is locked during the run. Contains one byte from the beginning of a run to its end, so
  /// that an earlier run's result.json is not mistaken for this run's.
  private static let marker = ".tune-run"

  private let recipe: Recipe
  private let mode: RunMode

  /// Checks whether a run of `recipe` may begin in its folder. Writes nothing.
  /// - Throws: `RunFolderFault`.
  public init(_ recipe: Recipe, _ mode: RunMode) throws {
    path = recipe.output
    self.recipe = recipe
    self.mode = mode
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let isRun = names.contains(Self.marker)
    let teachers = recipe.distillation?.teachers.flatMap { [$0.path] + ($0.adapter.map { [$0] } ?? []) } ?? []
    for input in recipe.model.folders + teachers + recipe.data.files.flatMap(\.paths) where isInside(input, path) {
      throw RunFolderFault.holdsInput(path, input: input)
    }
    if mode == .resume, isRun, names.contains("recipe.json") {
      let differences = differences(from: try JSON(path: path + "/recipe.json"), to: recipe.json, at: "")
      if !differences.isEmpty { throw RunFolderFault.recipeChanged(path, differences: differences) }
    } else if !isRun, !names.isEmpty {
      throw RunFolderFault.notARun(path)
    } else if mode == .new, isUnfinished, !snapshots.steps.isEmpty {
      throw RunFolderFault.interrupted(path)
    } else if mode == .new, names.contains("result.json") {
      throw RunFolderFault.finished(path)
    }
  }

  private var isUnfinished: Bool { ((try? readFile(path + "/" + Self.marker).count) ?? 0) > 0 }

  /// The contents of result.json if the run to resume has already ended.
  public var finished: JSON? {
    guard mode == .resume, !isUnfinished else { return nil }
    return try? JSON(path: path + "/result.json")
  }

  /// Creates and locks the folder, and removes the temporary files of a killed run. An earlier run's result stays until
  /// this run replaces it; its log and snapshots are removed.
  public func begin() throws {
    try makeFolder(path)
    lock = open(path + "/" + Self.marker, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw RunFolderFault.busy(path) }
    for name in Self.files { recoverFolder(at: path + "/" + name) }
    snapshots.clean()
    let isFinished = finished != nil
    if !isFinished { try mark(isUnfinished: true) }
    if mode != .resume || isFinished { remove("snapshots") }
    if mode != .resume { ["metrics.jsonl", "predictions"].forEach(remove) }
    if !isFinished { try writeFile(recipe.json.text() + "\n", to: path + "/recipe.json") }
  }

  /// Marks the run as finished and removes its snapshots.
  func end() throws {
    try mark(isUnfinished: false)
    remove("snapshots")
  }

  private func mark(isUnfinished: Bool) throws {
    guard ftruncate(lock, isUnfinished ? 1 : 0) == 0, fsync(lock) == 0 else {
      throw FileFault.unwritable(path: path + "/" + Self.marker, why: reason(errno))
    }
    syncFolder(of: path + "/" + Self.marker)
  }

  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: path + "/" + name) }

  deinit {
    if lock >= 0 { close(lock) }
  }

  /// Writes predictions/<split>.jsonl, if there are any.
  func savePredictions(_ predictions: [JSON], _ split: Split) throws {
    if predictions.isEmpty { return }
    try makeFolder(path + "/predictions")
    let lines = predictions.map { $0.text(pretty: false) + "\n" }
    try writeFile(lines.joined(), to: "\(path)/predictions/\(split.rawValue).jsonl")
  }

  public func saveResult(_ json: JSON) throws { try writeFile(json.text() + "\n", to: path + "/result.json") }
}

/// Whether `input` is `folder` or in it; symbolic links are resolved.
private func isInside(_ input: String, _ folder: String) -> Bool {
  guard let input = canonicalPath(input), let folder = canonicalPath(folder) else { return false }
  return input == folder || input.hasPrefix(folder + "/")
}

/// Keys that may change when a run resumes, because they do not affect the result.
private let resumableKeys: Set<String> = [
  "about", "output", "training.logging_steps", "training.save_steps", "training.save_minutes",
  "training.save_total_limit", "training.max_loss_spike", "training.cache_folder", "training.cache_limit_gb", "logging",
]

/// The differences of two recipes, by key path, without `resumableKeys`.
func differences(from old: JSON, to new: JSON, at path: String) -> [String] {
  if old == new || resumableKeys.contains(path) { return [] }
  if let a = old.object, let b = new.object {
    return Set(a.keys).union(b.keys).sorted().flatMap { key in
      differences(from: a[key] ?? .null, to: b[key] ?? .null, at: joinKeyPath(path, key))
    }
  }
  return ["\(path): was \(old.text(pretty: false)), is now \(new.text(pretty: false))"]
}
