/// The folder of a run: recipe.json, metrics.jsonl, result.json, snapshots, and the adapter or the model. Every file in it
/// is whole at any moment, whenever the program is killed; a finished run is never overwritten unasked.
public import Files
import FoundationEssentials
import Glibc

/// Why a run may not begin in its folder.
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
      "\(path): holds an interrupted run. Go on with --resume, or start again with --overwrite."
    case .notARun(let path):
      "\(path): holds files that are no run's, and would not be touched. Choose another 'output'."
    case .recipeChanged(let path, let differences):
      "\(path): the recipe has changed since this run began:" + differences.map { "\n  " + $0 }.joined()
        + "\nA resumed run must be the same run. Undo the change, or start again with --overwrite."
    case .holdsInput(let path, let input):
      "output: \(path) is a folder that \(input) lies in, which this run reads. Choose another 'output'."
    case .busy(let path): "\(path): another tune is running in this folder."
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
  /// Shows that the folder is a run's, and is locked while it runs. It has a byte in it from a run's beginning to its end,
  /// so that a result.json of an earlier run is not taken for this one's.
  private static let marker = ".tune-run"

  private let recipe: Recipe
  private let mode: RunMode

  /// Looks whether a run of `recipe` may begin in its folder, as `mode` allows. Writes nothing.
  public init(_ recipe: Recipe, _ mode: RunMode) throws {
    path = recipe.output
    self.recipe = recipe
    self.mode = mode
    let there = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let isRun = there.contains(Self.marker)
    let teachers = recipe.distillation?.teachers.flatMap { [$0.path] + ($0.adapter.map { [$0] } ?? []) } ?? []
    for input in recipe.model.folders + teachers + recipe.data.files.flatMap(\.paths) where isInside(input, path) {
      throw RunFolderFault.holdsInput(path, input: input)
    }
    if mode == .resume, isRun, there.contains("recipe.json") {
      let differences = differences(from: try JSON(path: path + "/recipe.json"), to: recipe.json, at: "")
      if !differences.isEmpty { throw RunFolderFault.recipeChanged(path, differences: differences) }
    } else if !isRun, !there.isEmpty {
      throw RunFolderFault.notARun(path)
    } else if mode == .new, isUnfinished, !snapshots.steps.isEmpty {
      throw RunFolderFault.interrupted(path)
    } else if mode == .new, there.contains("result.json") {
      throw RunFolderFault.finished(path)
    }
  }

  private var isUnfinished: Bool { ((try? readFile(path + "/" + Self.marker).count) ?? 0) > 0 }

  /// What result.json says, where the run that is to be resumed has ended already.
  public var finished: JSON? {
    guard mode == .resume, !isUnfinished else { return nil }
    return try? JSON(path: path + "/result.json")
  }

  /// Makes and locks the folder, and cleans up after a run that was killed. What an earlier run left stays until this one
  /// replaces it, but its log and snapshots.
  public func begin() throws {
    try makeFolder(path)
    lock = open(path + "/" + Self.marker, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw RunFolderFault.busy(path) }
    for name in Self.files { recoverFolder(at: path + "/" + name) }
    snapshots.clean()
    let isOver = finished != nil
    if !isOver { try mark(isUnfinished: true) }
    if mode != .resume || isOver { remove("snapshots") }
    if mode != .resume { remove("metrics.jsonl") }
    if !isOver { try writeFile(recipe.json.text() + "\n", to: path + "/recipe.json") }
  }

  /// The last word of a run: from now on there is nothing to resume.
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

  public func saveResult(_ json: JSON) throws { try writeFile(json.text() + "\n", to: path + "/result.json") }
}

/// Whether `input` is `folder` or lies in it, by their real places.
private func isInside(_ input: String, _ folder: String) -> Bool {
  guard let input = canonicalPath(input), let folder = canonicalPath(folder) else { return false }
  return input == folder || input.hasPrefix(folder + "/")
}

/// Keys that cannot change what is computed.
private let resumableKeys: Set<String> = [
  "about", "output", "training.logging_steps", "training.save_steps", "training.save_minutes",
  "training.save_total_limit", "training.max_loss_spike", "training.cache_folder", "training.cache_limit_gb", "logging",
]

/// Where two recipes differ, by key path.
func differences(from old: JSON, to new: JSON, at path: String) -> [String] {
  if old == new || resumableKeys.contains(path) { return [] }
  if let a = old.object, let b = new.object {
    return Set(a.keys).union(b.keys).sorted().flatMap { key in
      differences(from: a[key] ?? .null, to: b[key] ?? .null, at: joinKeyPath(path, key))
    }
  }
  return ["\(path): \(old.text(pretty: false)) then, \(new.text(pretty: false)) now"]
}
