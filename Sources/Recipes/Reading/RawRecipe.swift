/// A recipe before it is read: its files merged into one tree, overrides applied, environment variables expanded.
/// Does not know which keys a recipe has.
import Files
import FoundationEssentials

struct RawRecipe {
  /// Keys that concern files, or several runs, not a single run.
  static let fileKeys = ["$schema", "extends", "sweep", "bench"]

  /// nil: the recipe did not come from a file.
  let file: String?
  /// Without `fileKeys`.
  private(set) var json: JSON
  /// The value of "sweep".
  var sweep: JSON?
  /// The value of "bench".
  private(set) var bench: JSON?
  private(set) var faults: [RecipeFault]
  /// The file of each value that came from a file, by key path.
  private var origins: [String: String]

  /// Reads the recipe at `path`. Throws `FileFault`, `RecipeFaults`.
  init(
    path: String, overrides: [String], setFiles: [String], environment: [String: String] = Environment.process
  ) throws {
    let json = try ShippedRecipe.tree(at: path)
    try self.init(json, named: path, overrides: overrides, setFiles: setFiles, environment: environment)
  }

  init(
    _ json: JSON, named file: String? = nil, overrides: [String] = [], setFiles: [String] = [],
    environment: [String: String] = Environment.process
  ) throws {
    let isObject = json.object != nil
    try self.init(
      isObject ? Extends.files(json, file, environment) : [], named: file, overrides: isObject ? overrides : [],
      setFiles: isObject ? setFiles : [], environment: environment)
    if !isObject { self.json = json }
  }

  /// The recipe that `files` make together, each over those before it.
  init(
    _ files: [ExtendedFile], named file: String?, overrides: [String], setFiles: [String],
    environment: [String: String] = Environment.process
  ) {
    let merged = MergedFiles(files)
    (self.file, json, faults, origins) = (file, [:], merged.faults, merged.origins)
    let overridden = Overrides.apply(overrides, to: .object(merged.members))
    faults += overridden.faults
    for path in overridden.paths { setOrigin(of: path, nil) }
    let expanded = Environment(environment).expand(overridden.json, at: "", &faults)
    // The content of a file is not expanded.
    let complete = Overrides.apply(files: setFiles, to: expanded)
    faults += complete.faults
    for (path, file) in complete.origins { setOrigin(of: path, file) }
    var members = complete.json.object ?? [:]
    sweep = members["sweep"].flatMap(Self.withoutUnsetAxes)
    for path in overridden.paths + complete.origins.map(\.path) {
      let axes = sweep?.object?.keys.sorted() ?? []
      guard let axis = axes.first(where: { Self.sets(path, $0, in: members) }) else { continue }
      faults.append(
        RecipeFault(
          path, "found an override of a key that the sweep sets",
          expected: "an override of the sweep: sweep.\(axis)=[…]"))
    }
    if let block = members["bench"], block != .null { bench = block }
    if let schema = members["$schema"], schema.string == nil {
      faults.append(RecipeFault("$schema", "found \(schema.shown)", expected: "the path or address of a JSON Schema"))
    }
    for key in Self.fileKeys { members[key] = nil }
    self.json = .object(members)
  }

  /// A sweep without the axes that are null; nil: none is left.
  private static func withoutUnsetAxes(_ sweep: JSON) -> JSON? {
    if sweep == .null { return .none }
    guard let axes = sweep.object, !axes.isEmpty else { return sweep }
    let set = axes.filter { $0.value != .null }
    return set.isEmpty ? .none : .some(.object(set))
  }

  /// Whether a value at `path` says something about the key `axis`, which a sweep sets: it is the same key, or in its object, or an
  /// object that has it.
  private static func sets(_ path: String, _ axis: String, in members: [String: JSON]) -> Bool {
    path == axis || path.hasPrefix(axis + ".")
      || axis.hasPrefix(path + ".") && JSON.object(members).value(at: axis) != nil
  }

  private mutating func setOrigin(of path: String, _ file: String?) {
    origins = origins.filter { $0.key != path && !$0.key.hasPrefix(path + ".") }
    origins[path] = file
  }

  /// The faults of this raw recipe, followed by `found`, the faults of reading it, without those at or below a key that
  /// already has one. Each fault gets the file of its value, if that is not the recipe's own.
  func allFaults(with found: [RecipeFault]) -> [RecipeFault] {
    let new = found.filter { fault in
      !faults.contains { $0.path == fault.path || fault.path.hasPrefix($0.path + ".") }
    }
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

  /// A copy with `values` at their key paths: one run of a sweep.
  func with(_ values: [(path: String, value: JSON)]) -> RawRecipe {
    var copy = self
    let paths = values.map(\.path)
    for (path, value) in values {
      do throws(RecipeFault) {
        copy.json = try Overrides.set(value, at: path, in: copy.json, keeping: paths)
        copy.setOrigin(of: path, nil)
      } catch {
        copy.faults.append(error)
      }
    }
    return copy
  }
}
