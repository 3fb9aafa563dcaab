/// Recipes that change other recipes: `"extends": "base.json"`, and how the files of such a chain make one tree.
/// Does not know which keys a recipe has, but for those that choose a kind.
import Files
import Glibc

/// One file of a chain.
struct ExtendedFile {
  let members: [String: JSON]
  /// nil: not from a file.
  let file: String?
}

enum Extends {
  /// More files in a chain are a mistake.
  private static let depthLimit = 16

  /// The files that `json` rests on, the first of them first, and `json` itself last.
  /// Throws `FileFault` for a file that is no JSON; `RecipeFaults`.
  static func files(_ json: JSON, _ file: String?, _ environment: [String: String]) throws -> [ExtendedFile] {
    var layers: [ExtendedFile] = [], chain: [String] = file.map { [$0] } ?? []
    var (json, file) = (json, file)
    while let members = json.object {
      layers.append(ExtendedFile(members: members.filter { $0.key != "extends" }, file: file))
      guard let name = members["extends"], name != .null else { return layers.reversed() }
      let path = try path(name, in: file, environment)
      let place = chain.firstIndex { canonical($0) == canonical(path) }
      if let place {
        throw fault(
          file,
          "found a chain of files that comes back to itself: "
            + (chain[place...] + [path]).map { printable($0) }.joined(separator: " → "),
          expected: "a chain with an end", advice: "Remove one of these 'extends'.")
      }
      guard chain.count < depthLimit else {
        throw fault(file, "found a chain of more than \(depthLimit) files", expected: "fewer")
      }
      guard fileExists(path) else {
        throw fault(
          file, "found \"\(printable(name.string ?? ""))\", but there is no file \(printable(path))",
          expected: "the path of a recipe, relative to this file's folder")
      }
      chain.append(path)
      (json, file) = (try JSON(path: path), path)
      if json.object == nil {
        throw RecipeFaults(file: path, [RecipeFault("", "found \(json.shown)", expected: "an object")])
      }
    }
    return layers
  }

  private static func path(_ name: JSON, in file: String?, _ environment: [String: String]) throws -> String {
    guard let text = name.string, (1...4096).contains(text.utf8.count), !text.utf8.contains(0) else {
      throw fault(file, "found \(name.shown)", expected: "the path of a recipe, relative to this file's folder")
    }
    var faults: [RecipeFault] = []
    let path = Environment(environment).fill(name, at: "extends", &faults).string ?? text
    if !faults.isEmpty { throw RecipeFaults(file: file, faults) }
    guard !path.hasPrefix("/"), let file, let slash = file.lastIndex(of: "/") else { return path }
    return file[...slash] + path
  }

  private static func fault(_ file: String?, _ found: String, expected: String, advice: String? = nil) -> RecipeFaults {
    RecipeFaults(file: file, [RecipeFault("extends", found, expected: expected, advice: advice)])
  }

  /// The file's own name, whatever path leads to it.
  private static func canonical(_ path: String) -> String { canonicalPath(path) ?? path }
}

/// The tree that layers make: objects are merged, all else is replaced, `"~key"` deletes what was inherited. Where a
/// layer makes another kind of an object ("type": "full"), inherited keys that this kind lacks are left out.
struct MergedFiles {
  private(set) var members: [String: JSON] = [:]
  /// The file that a value came from, by its path.
  private(set) var origins: [String: String] = [:]
  private(set) var faults: [RecipeFault] = []

  init(_ layers: [ExtendedFile]) {
    for (index, layer) in layers.enumerated() {
      members = merge(layer.members, over: members, at: "", layer.file, isFirst: index == 0)
    }
  }

  private mutating func merge(
    _ new: [String: JSON], over old: [String: JSON], at path: String, _ file: String?, isFirst: Bool
  ) -> [String: JSON] {
    var merged = old
    let deletions = new.filter { $0.key.hasPrefix("~") }
    for (key, value) in deletions {
      let name = String(key.dropFirst())
      if value != true, value != .null {
        fault(path, key, "found \(value.shown)", expected: "true: the key is deleted", in: file)
      } else if merged.removeValue(forKey: name) == nil {
        let near = nearest(to: String(name.prefix(64)), among: old.keys)
        fault(
          path, key, "found a deletion of a key that is not inherited",
          expected: isFirst
            ? "one only in a file that extends another"
            : old.isEmpty
              ? "none, as nothing is inherited here" : "one of \(old.keys.sorted().joined(separator: ", "))",
          advice: near.map { "Did you mean '~\($0)'?" }, in: file)
      }
      forget(joinKeyPath(path, name))
    }
    for (key, value) in new where deletions[key] == nil {
      for name in Variants.outdated(merged, at: path, key, value) where new[name] == nil {
        merged[name] = nil
        forget(joinKeyPath(path, name))
      }
    }
    for (key, value) in new where deletions[key] == nil {
      let here = joinKeyPath(path, key)
      if let inner = value.object, !inner.isEmpty {
        if merged[key]?.object == nil { forget(here) }
        merged[key] = .object(merge(inner, over: merged[key]?.object ?? [:], at: here, file, isFirst: isFirst))
      } else if value != [:] || merged[key]?.object == nil {
        forget(here)
        merged[key] = value
        origins[here] = file
      }
    }
    return merged
  }

  private mutating func forget(_ path: String) {
    origins = origins.filter { $0.key != path && !$0.key.hasPrefix(path + ".") }
  }

  private mutating func fault(
    _ path: String, _ key: String, _ found: String, expected: String, advice: String? = nil, in file: String?
  ) {
    var fault = RecipeFault(joinKeyPath(path, key), found, expected: expected, advice: advice)
    fault.file = file
    faults.append(fault)
  }
}

/// Objects of which there are several kinds, as "method" with its "type".
enum Variants {
  /// By the path of the key that chooses.
  static let choices = Dictionary(
    Recipe.objectSchema.allChoices().map { (joinKeyPath($0.path, $0.choice.key), $0.choice) }
  ) {
    first, _ in first
  }

  /// The keys of the object `members` at `path` that are left over from another kind, when `key` becomes `value`.
  static func outdated(_ members: [String: JSON], at path: String, _ key: String, _ value: JSON) -> [String] {
    guard let choice = choices[joinKeyPath(path, key)], let kind = value.string else { return [] }
    guard let old = members[key]?.string ?? choice.standard, old != kind else { return [] }
    return choice.foreign(to: kind).filter { members[$0] != nil }
  }
}
