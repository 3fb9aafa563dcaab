/// The folder of a run: recipe.json, metrics.jsonl, result.json, snapshots, and the adapter or the model. Every file is
/// complete at any time, even if the program is killed. A run is replaced only with `RunMode.overwrite`, by a complete
/// one: see `RunFolder+Replacement.swift`.
package import Files
import Glibc
package import Recipes
import Tasks

/// Why a run cannot begin in its folder.
package enum RunFolderFault: Error, CustomStringConvertible {
  case finished(String)
  case interrupted(String)
  case notARun(String)
  case recipeChanged(String, differences: [String])
  case busy(String)
  case holdsInput(String, input: String)

  package var description: String {
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

package enum RunMode: Sendable { case new, resume, overwrite }

package final class RunFolder {
  /// Where the run is written: its output, or the folder that will replace it.
  package internal(set) var path: String
  var snapshots: Snapshots { Snapshots(folder: path + "/snapshots") }
  var log: RunLog { RunLog(path: path + "/metrics.jsonl") }
  /// The locked markers; the last is that of `path`.
  private var locks: [FileLock] = []
  /// Marks a run folder, and is locked during the run. Empty in a finished run; see `State` for others.
  static let marker = ".tune-run"
  private static let weightFolders = ["adapter", "model"]
  /// The bytes of the marker of an unfinished run.
  enum State: Int {
    case finished, unfinished
    /// In the folder of a replacement, it is not finished. In the run's own folder, it has just become the run.
    case replacement
  }

  let recipe: Recipe
  let mode: RunMode

  /// Checks whether a run of `recipe` may begin in its folder. Writes nothing.
  /// - Throws: `RunFolderFault`.
  package init(_ recipe: Recipe, _ mode: RunMode) throws {
    path = recipe.output
    self.recipe = recipe
    self.mode = mode
    recoverOutput()
    if hasReplacement, mode == .resume || mode == .new && !Snapshots(folder: replacement + "/snapshots").steps.isEmpty {
      path = replacement
    }
    let names = try folderContents(path)
    let isRun = names.contains(Self.marker)
    for input in recipe.inputs where isInside(input, recipe.output) {
      throw RunFolderFault.holdsInput(recipe.output, input: input)
    }
    if mode == .resume, isRun, names.contains("recipe.json") {
      let differences = differences(from: try JSON(path: path + "/recipe.json"), to: recipe.json, at: "")
      if !differences.isEmpty { throw RunFolderFault.recipeChanged(recipe.output, differences: differences) }
    } else if !isRun, !names.isEmpty {
      throw RunFolderFault.notARun(path)
    } else if mode == .new, isUnfinished, !snapshots.steps.isEmpty {
      throw Self.isLocked(path) ? RunFolderFault.busy(recipe.output) : .interrupted(recipe.output)
    } else if mode == .new, names.contains("result.json") {
      throw RunFolderFault.finished(path)
    }
  }

  private var isUnfinished: Bool { path != recipe.output || Self.state(of: path) == .unfinished }

  /// What the marker in `folder` says; nil: there is no run.
  static func state(of folder: String) -> State? {
    guard let marker = try? readFile(folder + "/" + Self.marker) else { return nil }
    return State(rawValue: marker.count) ?? .unfinished
  }

  /// Whether the process of the run in `folder` is alive: it locks the marker until it ends.
  static func isLocked(_ folder: String) -> Bool {
    let marker = open("\(folder)/\(Self.marker)", O_RDONLY | O_CLOEXEC)
    guard marker >= 0 else { return false }
    defer { close(marker) }
    return flock(marker, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// The contents of result.json if the run to resume has already ended.
  package var finished: JSON? {
    guard mode == .resume, !isUnfinished else { return nil }
    return try? JSON(path: path + "/result.json")
  }

  /// Creates and locks the folder, and removes the temporary files of a killed run. With `overwrite`, an earlier run stays
  /// until this one replaces it.
  package func begin() throws {
    try makeFolder(recipe.output)
    try lock(recipe.output)
    if mode == .overwrite, Self.isRun(recipe.output) { path = replacement }
    if path == recipe.output {
      discardReplacement()
    } else {
      if mode == .overwrite { discardReplacement() }
      try checkReplaceable()
      try makeFolder(path)
      try lock(path)
    }
    let isOwn = ownFiles(of: path)
    for place in try folderContents(path).compactMap(permanentName)
    where isOwn(place) || Self.weightFolders.contains(place) {
      recoverFolder(at: "\(path)/\(place)") { isOwn("\(place)/\($0)") }
    }
    snapshots.clean()
    let isFinished = finished != nil
    try mark(isFinished ? .finished : path == recipe.output ? .unfinished : .replacement)
    if mode != .resume || isFinished { remove("snapshots") }
    if mode != .resume { remove("metrics.jsonl") }
    if isFinished { return }
    remove("predictions")
    let text = recipe.json.text() + "\n", file = path + "/recipe.json"
    // The time of the file is when the run began.
    if mode != .resume || (try? readText(file)) != text { try writeFile(text, to: file) }
  }

  private func lock(_ folder: String) throws {
    guard let lock = try FileLock(folder + "/" + Self.marker) else { throw RunFolderFault.busy(recipe.output) }
    locks.append(lock)
  }

  /// Marks the run as finished, in its output, and removes its snapshots.
  func end() throws {
    try replaceOutput()
    try mark(.finished)
    remove("snapshots")
  }

  private func mark(_ state: State) throws {
    guard let lock = locks.last?.descriptor, ftruncate(lock, off_t(state.rawValue)) == 0, fsync(lock) == 0 else {
      throw FileFault.unwritable(path: path + "/" + Self.marker, why: reason(errno))
    }
    syncFolder(of: path + "/" + Self.marker)
  }

  /// Removes a file of the run, or the run's files in a folder.
  func remove(_ name: String) {
    let target = path + "/" + name, isOwn = ownFiles(of: path)
    if isFolder(target) { removeFiles(in: target) { isOwn("\(name)/\($0)") } } else if isOwn(name) { unlink(target) }
  }

  /// Writes predictions/<split>.jsonl, if there are any; that of one of several tasks in a folder of its name.
  /// - Returns: its path.
  func savePredictions(_ predictions: [JSON], _ task: String, _ split: Split) throws -> String {
    let folder = path + "/predictions" + (task.isEmpty ? "" : "/\(task)")
    let path = "\(folder)/\(split.rawValue).jsonl"
    if predictions.isEmpty { return path }
    try makeFolder(folder)
    try writeFile(predictions.map { $0.text(pretty: false) + "\n" }.joined(), to: path)
    return path
  }

  package func saveResult(_ json: JSON) throws { try writeFile(json.text() + "\n", to: path + "/result.json") }
}

/// Whether `input` is `folder` or in it; symbolic links are resolved.
private func isInside(_ input: String, _ folder: String) -> Bool {
  guard let input = canonicalPath(input), let folder = canonicalPath(folder) else { return false }
  return input == folder || input.hasPrefix(folder + "/")
}

/// Keys that may change when a run resumes, because they do not affect the result.
private let resumableKeys: Set<String> = [
  "about", "data.license", "output", "training.logging_steps", "training.save_steps", "training.save_minutes",
  "training.save_total_limit", "training.on_sigusr1", "training.max_loss_spike", "training.cache_folder",
  "training.keep_cache",
  "training.cache_limit_gb", "logging",
]

/// The differences of two recipes, by key path, without `resumableKeys`.
func differences(from old: JSON, to new: JSON, at path: String) -> [String] {
  differences(from: old, to: new, at: path, names: ("was", "is now"), besides: resumableKeys)
}

/// All differences of two recipes, by key path.
/// - Parameter names: what is written before the values of either.
func differences(
  from old: JSON, to new: JSON, at path: String = "", names: (String, String), besides keys: Set<String> = []
) -> [String] {
  if old == new || keys.contains(path) { return [] }
  if let a = old.object, let b = new.object {
    return Set(a.keys).union(b.keys).sorted().flatMap { key in
      differences(
        from: a[key] ?? .null, to: b[key] ?? .null, at: joinKeyPath(path, key), names: names, besides: keys)
    }
  }
  return ["\(path): \(names.0) \(old.text(pretty: false)), \(names.1) \(new.text(pretty: false))"]
}
