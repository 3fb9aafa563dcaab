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
    "recipe.json", "metrics.jsonl", "result.json", "snapshot.safetensors", "adapter", "model", "adapter.tmp",
    "model.tmp", ".lock",
  ]

  private let recipe: Recipe
  private let mode: StartMode

  /// Looks whether a run of `recipe` may begin in its folder, as `mode` allows. Writes nothing.
  public init(_ recipe: Recipe, _ mode: StartMode) throws {
    path = recipe.output
    self.recipe = recipe
    self.mode = mode
    let there = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let isRun = there.contains("recipe.json")
    if mode == .resume {
      guard isRun, fileExists(snapshot) else { throw RunFolderFault.nothingToResume(path) }
      let differences = differences(from: try JSON(path: path + "/recipe.json"), to: recipe.json, at: "")
      if !differences.isEmpty { throw RunFolderFault.recipeChanged(path, differences: differences) }
    } else if !isRun, there.contains(where: { !Self.files.contains($0) }) {
      throw RunFolderFault.notARun(path)
    } else if mode == .new, there.contains("snapshot.safetensors") {
      throw RunFolderFault.interrupted(path)
    } else if mode == .new, there.contains("result.json") {
      throw RunFolderFault.finished(path)
    }
  }

  /// Makes and locks the folder; what an earlier run left there goes, unless this one resumes it.
  public func begin() throws {
    try makeFolder(path)
    lock = open(path + "/.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw RunFolderFault.busy(path) }
    guard mode != .resume else { return }
    for name in Self.files where name != ".lock" { try? FileManager.default.removeItem(atPath: path + "/" + name) }
    try writeFile(recipe.json.text() + "\n", to: path + "/recipe.json")
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

  /// A completed run has nothing to resume.
  public func removeSnapshot() { unlink(snapshot) }
}

/// Where two recipes differ, by key path. `about` and `output` cannot change what is computed.
private func differences(from old: JSON, to new: JSON, at path: String) -> [String] {
  if old == new || ["about", "output"].contains(path) { return [] }
  if let a = old.object, let b = new.object {
    return Set(a.keys).union(b.keys).sorted().flatMap { key in
      differences(from: a[key] ?? .null, to: b[key] ?? .null, at: path.isEmpty ? key : "\(path).\(key)")
    }
  }
  return ["\(path): \(old.text(pretty: false)) then, \(new.text(pretty: false)) now"]
}
