/// The folder of a run: recipe.json, metrics.jsonl, result.json, snapshot, and the adapter or the model. Every file in it
/// is whole at any moment; a finished run is never overwritten unasked.
public import Files
import FoundationEssentials
import Glibc

/// Why a run may not begin in its folder.
public enum RunFolderFault: Error, CustomStringConvertible {
  case finished(String)
  case interrupted(String)
  case notARun(String)
  case nothingToResume(String)
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
    case .nothingToResume(let path): "\(path): holds no snapshot to resume from. Start without --resume."
    case .recipeChanged(let path, let differences):
      "\(path): the recipe has changed since this run began:" + differences.map { "\n  " + $0 }.joined()
        + "\nA resumed run must be the same run. Undo the change, or start again with --overwrite."
    case .holdsInput(let path, let input):
      "output: \(path) is a folder that \(input) lies in, which this run reads. Choose another 'output'."
    case .busy(let path): "\(path): another tune is running in this folder."
    }
  }
}

public enum StartMode: Sendable { case new, resume, overwrite }

public final class RunFolder {
  public let path: String
  public var snapshot: String { path + "/snapshot.safetensors" }
  private var lock: Int32 = -1
  private static let files = [
    "recipe.json", "metrics.jsonl", "result.json", "snapshot.safetensors", "adapter", "model",
  ]
  /// Shows that the folder is a run's, and is locked while it runs.
  private static let marker = ".tune-run"

  private let recipe: Recipe
  private let mode: StartMode

  /// Looks whether a run of `recipe` may begin in its folder, as `mode` allows. Writes nothing.
  public init(_ recipe: Recipe, _ mode: StartMode) throws {
    path = recipe.output
    self.recipe = recipe
    self.mode = mode
    let there = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let isRun = there.contains(Self.marker)
    let teachers = recipe.distillation?.teachers.flatMap { [$0.path] + ($0.adapter.map { [$0] } ?? []) } ?? []
    for input in recipe.model.folders + teachers + recipe.data.files.flatMap(\.paths) where isInside(input, path) {
      throw RunFolderFault.holdsInput(path, input: input)
    }
    if mode == .resume {
      guard isRun, fileExists(snapshot) else { throw RunFolderFault.nothingToResume(path) }
      let differences = differences(from: try JSON(path: path + "/recipe.json"), to: recipe.json, at: "")
      if !differences.isEmpty { throw RunFolderFault.recipeChanged(path, differences: differences) }
    } else if !isRun, !there.isEmpty {
      throw RunFolderFault.notARun(path)
    } else if mode == .new, there.contains("snapshot.safetensors") {
      throw RunFolderFault.interrupted(path)
    } else if mode == .new, there.contains("result.json") {
      throw RunFolderFault.finished(path)
    }
  }

  /// Makes and locks the folder. What an earlier run left stays until this one replaces it, but its log and snapshot.
  public func begin() throws {
    try makeFolder(path)
    lock = open(path + "/" + Self.marker, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw RunFolderFault.busy(path) }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] where name.contains(".tmp") {
      if Self.files.contains(where: { name.hasPrefix($0 + ".tmp") }) { remove(name) }
    }
    guard mode != .resume else { return }
    for name in ["metrics.jsonl", "snapshot.safetensors"] { remove(name) }
    try writeFile(recipe.json.text() + "\n", to: path + "/recipe.json")
  }

  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: path + "/" + name) }

  /// Leaves out of metrics.jsonl what was logged after `step`: a resumed run logs it again.
  public func rewindLog(to step: Int) throws {
    let file = path + "/metrics.jsonl"
    guard fileExists(file) else { return }
    let lines = try readText(file).split(separator: "\n").filter { line in
      ((try? JSON(parsing: Data(line.utf8), named: file))?["step"]?.int).map { $0 <= step } ?? false
    }
    try writeFile(lines.map { $0 + "\n" }.joined(), to: file)
  }

  deinit {
    if lock >= 0 { close(lock) }
  }

  /// Adds a line to metrics.jsonl.
  public func log(_ line: JSON) throws {
    let file = path + "/metrics.jsonl"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileFault.unwritable(path: file, why: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    try write(Data((line.text(pretty: false) + "\n").utf8).span.bytes, to: descriptor, path: file)
  }

  /// Lets `body` fill a new folder beside `name`, then puts it in that place.
  public func replaceFolder(_ name: String, _ body: (String) throws -> Void) throws {
    let final = path + "/" + name, temporary = path + "/" + name + ".tmp"
    try? FileManager.default.removeItem(atPath: temporary)
    do {
      try body(temporary)
      try? FileManager.default.removeItem(atPath: final)
      guard rename(temporary, final) == 0 else {
        throw FileFault.unwritable(path: final, why: String(cString: strerror(errno)))
      }
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw error
    }
  }

  public func saveResult(_ json: JSON) throws { try writeFile(json.text() + "\n", to: path + "/result.json") }
}

/// Whether `input` is `folder` or lies in it, by their real places.
private func isInside(_ input: String, _ folder: String) -> Bool {
  func real(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
  guard let input = real(input), let folder = real(folder) else { return false }
  return input == folder || input.hasPrefix(folder + "/")
}

/// Keys that cannot change what is computed.
private let idle: Set<String> = [
  "about", "output", "training.snapshot_every_steps", "training.log_every_steps", "training.cache_folder",
  "training.cache_limit_gb",
]

/// Where two recipes differ, by key path.
private func differences(from old: JSON, to new: JSON, at path: String) -> [String] {
  if old == new || idle.contains(path) { return [] }
  if let a = old.object, let b = new.object {
    return Set(a.keys).union(b.keys).sorted().flatMap { key in
      differences(from: a[key] ?? .null, to: b[key] ?? .null, at: path.isEmpty ? key : "\(path).\(key)")
    }
  }
  return ["\(path): \(old.text(pretty: false)) then, \(new.text(pretty: false)) now"]
}
