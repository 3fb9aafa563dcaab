/// A recipe before it is read: its files as one tree, changed as the command line says, with the environment filled in.
/// Does not know which keys a recipe has.
import Files
import FoundationEssentials

struct RawRecipe {
  /// Keys that are about files and not about a run.
  static let ownKeys = ["$schema", "extends", "sweep"]

  /// nil: the recipe came from no file.
  let file: String?
  /// Without `ownKeys`.
  private(set) var json: JSON
  /// What "sweep" says.
  private(set) var sweep: JSON?
  private(set) var faults: [RecipeFault]
  private var origins: [String: String]

  /// Reads the recipe at `path`. Throws `FileFault`, `RecipeFaults`.
  init(
    path: String, overrides: [String], setFiles: [String], environment: [String: String] = Environment.process
  ) throws {
    let json = try JSON(path: path)
    try self.init(json, named: path, overrides: overrides, setFiles: setFiles, environment: environment)
  }

  init(
    _ json: JSON, named file: String? = nil, overrides: [String] = [], setFiles: [String] = [],
    environment: [String: String] = Environment.process
  ) throws {
    (self.file, self.json, faults, origins) = (file, json, [], [:])
    guard json.object != nil else { return }
    let merging = MergedFiles(try Extends.files(json, file, environment))
    (faults, origins) = (merging.faults, merging.origins)
    let overridden = Overrides.apply(overrides, to: .object(merging.members))
    faults += overridden.faults
    for path in overridden.paths { originate(path, nil) }
    // What a file's content is, is meant as it stands there: after the environment.
    let filled = Environment(environment).fill(overridden.json, at: "", &faults)
    let changed = Overrides.apply(files: setFiles, to: filled)
    faults += changed.faults
    for (path, file) in changed.origins { originate(path, file) }
    var members = changed.json.object ?? [:]
    if let block = members["sweep"], block != .null { sweep = block }
    if let schema = members["$schema"], schema.string == nil {
      faults.append(RecipeFault("$schema", "found \(schema.shown)", expected: "the path or address of a JSON Schema"))
    }
    for key in Self.ownKeys { members[key] = nil }
    self.json = .object(members)
  }

  private mutating func originate(_ path: String, _ file: String?) {
    origins = origins.filter { $0.key != path && !$0.key.hasPrefix(path + ".") }
    origins[path] = file
  }

  /// `found`, each with the file that its value came from where that is another than the recipe's own, after the faults
  /// of the draft itself; of what is at fault already nothing more is said.
  func blame(_ found: [RecipeFault]) -> [RecipeFault] {
    let new = found.filter { one in !faults.contains { $0.path == one.path || one.path.hasPrefix($0.path + ".") } }
    return (faults + new).map { fault in
      var fault = fault
      fault.file = fault.file ?? origin(of: fault.path)
      if fault.file == file { fault.file = nil }
      return fault
    }
  }

  private func origin(of path: String) -> String? {
    var path = path[...]
    while !path.isEmpty {
      if let origin = origins[String(path)] { return origin }
      path = path[..<(path.lastIndex(of: ".") ?? path.startIndex)]
    }
    return nil
  }

  /// This draft with `values` at their key paths, as one run of a sweep has them.
  func with(_ values: [(path: String, value: JSON)]) -> RawRecipe {
    var draft = self
    let paths = values.map(\.path)
    for (path, value) in values {
      do throws(RecipeFault) {
        draft.json = try Overrides.put(value, at: path, in: draft.json, keeping: paths)
        draft.originate(path, nil)
      } catch {
        draft.faults.append(error)
      }
    }
    return draft
  }
}
