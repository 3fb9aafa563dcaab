/// The section "bench": named parts of recipes, and the rows that they make.
import Files

struct BenchParts {
  /// A part of a recipe, with the files that it extends.
  private struct Part {
    let name: String
    let files: [ExtendedFile]
  }

  struct Row {
    /// Of its base, task and method.
    let names: [String]
    let folder: String
    /// The task's and the base's, in the order in which they are merged.
    let files: [ExtendedFile]
    /// The method's, which are merged after all others.
    let method: [ExtendedFile]
  }

  private static let kinds = ["bases", "tasks", "methods"]
  /// By kind; nil: the recipe's own base or task is the only one.
  private var parts: [String: [Part]] = [:]
  /// Whether models are also scored on the test data of the other tasks.
  private(set) var crossEvaluates = false
  private var faults: [RecipeFault] = []

  /// - Parameter files: the recipe and those that it extends. Each adds parts to those before it, or replaces them by name.
  /// - Throws: `RecipeFaults`; `FileFault` for a recipe that a part extends.
  init(_ files: [ExtendedFile], named name: String, overrides: [String], setFiles: [String]) throws {
    var tree: JSON = [:], origins: [String: String] = [:]
    for file in files {
      guard let bench = file.members["bench"], bench != .null else { continue }
      guard let kinds = bench.object else {
        throw RecipeFaults(file: file.file, [.init("bench", "found \(bench.shown)", expected: "an object")])
      }
      var members = tree["bench"]?.object ?? [:]
      for (kind, parts) in kinds {
        members[kind] =
          if let new = parts.object, let old = members[kind]?.object { .object(old.merging(new) { $1 }) } else { parts }
        for part in parts.object ?? [:] { origins["\(kind)/\(part.key)"] = file.file }
      }
      tree = ["bench": .object(members)]
    }
    let overridden = Overrides.apply(overrides, to: tree)
    let complete = Overrides.apply(files: setFiles, to: overridden.json)
    faults = overridden.faults + complete.faults
    guard let bench = complete.json["bench"]?.object else {
      throw RecipeFaults(
        file: name,
        faults + [.init("bench", "missing", expected: "an object with \"bases\", \"tasks\" and \"methods\"")])
    }
    let flag = "cross_evaluation", keys = Self.kinds + [flag]
    for key in bench.keys.sorted() where !keys.contains(key) {
      fault(key, "unknown key", "one of \(keys.joined(separator: ", "))")
    }
    if let json = bench[flag] {
      if let value = json.bool { crossEvaluates = value } else { fault(flag, "found \(json.shown)", "true or false") }
    }
    for kind in Self.kinds {
      guard let json = bench[kind], json != .null else {
        if kind == "methods" { fault(kind, "missing", "an object of parts of recipes by name") }
        continue
      }
      guard let members = json.object, !members.isEmpty else {
        let found = json.object == nil ? json.shown : "an object without parts"
        fault(kind, "found \(found)", "an object of parts of recipes by name")
        continue
      }
      for (name, part) in members where part == .null && !(tree["bench"]?[kind]?.object ?? [:]).keys.contains(name) {
        fault(joinKeyPath(kind, name), "found null for a part that is not there", "one of its names")
      }
      parts[kind] = try members.sorted { isInOrder($0.key, $1.key) }.compactMap { part in
        if part.value == .null { return nil }
        return try self.part(kind, part.key, part.value, origins["\(kind)/\(part.key)"] ?? name)
      }
      if members.values.allSatisfy({ $0 == .null }) {
        fault(kind, "found only parts that are null", "a part that is left")
      }
      checkFolders(kind)
    }
    guard faults.isEmpty else { throw RecipeFaults(file: name, faults) }
  }

  private mutating func part(_ kind: String, _ name: String, _ json: JSON, _ file: String) throws -> Part? {
    // The path of a recipe is short for a part that extends it.
    let part = json.string.map { JSON.object(["extends": .string($0)]) } ?? json
    guard part.object != nil else {
      fault(joinKeyPath(kind, name), "found \(json.shown)", "a part of a recipe, or the path of a recipe")
      return nil
    }
    let files: [ExtendedFile]
    do { files = try Extends.files(part, file, Environment.process) } catch let error as RecipeFaults
      where error.file == file
    {
      throw error.inside(joinKeyPath("bench", joinKeyPath(kind, name)))
    }
    if files.contains(where: { $0.members["bench"] != nil }) {
      fault(joinKeyPath(kind, name), "found a benchmark", "a part of a recipe without \"bench\"")
    }
    return Part(name: name, files: files.map { $0.without("output").without("about") })
  }

  private mutating func checkFolders(_ kind: String) {
    var names: [String: String] = [:]
    for name in (parts[kind] ?? []).map(\.name) {
      let folder = safeFolderName(name)
      if name != printable(name, limit: .max) {
        fault(
          joinKeyPath(kind, printable(name)), "found control characters in the name",
          "a name of letters, digits and signs")
      } else if folder.allSatisfy({ $0 == "." }) || folder.utf8.count > 100 {
        fault(joinKeyPath(kind, name), "found this name", "a name of 1 to 100 characters for a folder")
      } else if let other = names.updateValue(name, forKey: folder.lowercased()) {
        fault(joinKeyPath(kind, name), "found a name like \"\(printable(other))\"", "names of different folders")
      }
    }
  }

  private mutating func fault(_ key: String, _ found: String, _ expected: String) {
    faults.append(RecipeFault(joinKeyPath("bench", key), found, expected: expected))
  }

  /// A fault for a setting of all runs that would replace what the parts differ in.
  func fault(ofSetting setting: String) -> RecipeFault? {
    let path = String(setting.prefix { $0 != "=" })
    let isIdentity =
      ["model", "task", "method"].contains { path == $0 || path.hasPrefix($0 + ".") }
      || ["data", "data.train", "data.dev", "data.test"].contains(path)
    let kind = Self.kinds.first { kind in
      if kind == "methods", path == "method" || path == "method.type" { return true }
      if kind == "bases", parts[kind] != nil, path == "model" || path == "model.path" { return true }
      let values = (parts[kind] ?? []).map { JSON.object(MergedFiles($0.files).members).value(at: path)?.text() }
      return isIdentity && Set(values).count > 1
    }
    return kind.map {
      RecipeFault(
        path, "found an override of what the benchmark compares", expected: "one of bench.\($0).NAME.\(path)")
    }
  }

  /// - Parameter own: the recipe without the benchmark.
  func rows(of own: RawRecipe) -> [Row] {
    let path = own.json["model"]?["path"]?.string
    let bases = parts["bases"] ?? [Part(name: path.map(lastPathComponent) ?? "base", files: [])]
    let tasks = parts["tasks"] ?? [Part(name: own.json["task"]?["type"]?.string ?? "task", files: [])]
    return bases.flatMap { base in
      tasks.flatMap { task in
        (parts["methods"] ?? []).map { method in
          let names = [base.name, task.name, method.name]
          return Row(
            names: names, folder: names.map(safeFolderName).joined(separator: "/"), files: task.files + base.files,
            method: method.files)
        }
      }
    }
  }
}

extension BenchParts.Row {
  /// The method's own settings that would have no effect, because the sweep of the recipe sets them.
  func sweptSettings(_ sweep: JSON?) -> [RecipeFault] {
    guard let members = method.last?.members else { return [] }
    let own = members["sweep"]?.object ?? [:]
    return (sweep?.object ?? [:]).keys.sorted()
      .filter { own[$0] == nil && JSON.object(members).value(at: $0) != nil }
      .map { axis in
        RecipeFault(
          axis, "found a value in the method \"\(names[2])\", but the recipe's sweep sets it",
          expected: "no value, or a list in the method's own \"sweep\"")
      }
  }
}

extension ExtendedFile {
  func without(_ key: String) -> ExtendedFile {
    ExtendedFile(members: members.filter { $0.key != key }, file: file)
  }
}

/// The order of names in which numbers are compared by value: "lora r 4" is before "lora r 16".
private func isInOrder(_ a: String, _ b: String) -> Bool {
  func words(_ name: String) -> [Substring] { name.lowercased().split { !$0.isLetter && !$0.isNumber }.map { $0[...] } }
  for (x, y) in zip(words(a), words(b)) where x != y {
    if let x = Int(x), let y = Int(y) { return x < y }
    return precedes(String(x), String(y))
  }
  return (words(a).count, a) < (words(b).count, b)
}
