/// Recipes that extend other recipes (`"extends": "base.json"`): reads the chain of files and merges it into one tree.
/// The only keys of a recipe that it knows are those that select a variant.
import Files
import Glibc
import Tasks

/// One file of a chain.
struct ExtendedFile {
  /// Without "extends".
  let members: [String: JSON]
  /// nil: the recipe did not come from a file.
  let file: String?
}

enum Extends {
  /// The maximum number of files in a chain.
  private static let maxFiles = 16

  /// The files that `json` extends, base first, and `json` itself, last.
  /// Throws `FileFault` for a file that is missing or not valid JSON; `RecipeFaults`.
  static func files(_ json: JSON, _ file: String?, _ environment: [String: String]) throws -> [ExtendedFile] {
    var files: [ExtendedFile] = [], chain: [String] = file.map { [$0] } ?? []
    var (json, file) = (json, file)
    while let members = json.object {
      files.append(ExtendedFile(members: members.filter { $0.key != "extends" }, file: file))
      guard let name = members["extends"], name != .null else { return files.reversed() }
      let path = try path(name, in: file, environment)
      if let index = chain.firstIndex(where: { canonical($0) == canonical(path) }) {
        throw fault(
          file, "found a cycle: " + (chain[index...] + [path]).map { printable($0) }.joined(separator: " → "),
          expected: "a chain of files without a cycle", advice: "Remove one of these 'extends'.")
      }
      guard chain.count < maxFiles else {
        throw fault(file, "found a chain of more than \(maxFiles) files", expected: "at most \(maxFiles)")
      }
      guard ShippedRecipe.exists(at: path) || fileExists(path) else {
        throw fault(
          file, "found \"\(printable(name.string ?? ""))\", but \(printable(path)) does not exist",
          expected: "the path of a recipe, relative to this file's folder")
      }
      chain.append(path)
      (json, file) = (try ShippedRecipe.tree(at: path), path)
      if json.object == nil {
        throw RecipeFaults(file: path, [RecipeFault("", "found \(json.shown)", expected: "an object")])
      }
    }
    return files
  }

  private static func path(_ name: JSON, in file: String?, _ environment: [String: String]) throws -> String {
    guard let text = name.string, (1...4096).contains(text.utf8.count), !text.utf8.contains(0) else {
      throw fault(file, "found \(name.shown)", expected: "the path of a recipe, relative to this file's folder")
    }
    var faults: [RecipeFault] = []
    let path = Environment(environment).expand(name, at: "extends", &faults).string ?? text
    if !faults.isEmpty { throw RecipeFaults(file: file, faults) }
    guard !path.hasPrefix("/"), let file, let slash = file.lastIndex(of: "/") else { return recipeFile(path) }
    return recipeFile(file[...slash] + path)
  }

  /// The folder of a run stands for its recipe.
  private static func recipeFile(_ path: String) -> String { RunParts(path)?.recipe ?? path }

  private static func fault(_ file: String?, _ found: String, expected: String, advice: String? = nil) -> RecipeFaults {
    RecipeFaults(file: file, [RecipeFault("extends", found, expected: expected, advice: advice)])
  }

  /// One path for each file, whatever links lead to it.
  private static func canonical(_ path: String) -> String { canonicalPath(path) ?? path }
}

/// The tree that the files of a chain make. Objects are merged, all other values are replaced, `"~key"` deletes an
/// inherited key, and null unsets it (`UnsetKeys`). If a file selects another variant of an object ("type": "full"),
/// inherited keys that this variant does not have are dropped.
struct MergedFiles {
  private(set) var members: [String: JSON] = [:]
  /// The file of each value, by key path.
  private(set) var origins: [String: String] = [:]
  private(set) var faults: [RecipeFault] = []

  init(_ files: [ExtendedFile]) {
    for (index, file) in files.enumerated() {
      members = merge(file.members, over: members, at: "", file.file, isBase: index == 0)
    }
  }

  private mutating func merge(
    _ new: [String: JSON], over old: [String: JSON], at path: String, _ file: String?, isBase: Bool
  ) -> [String: JSON] {
    var merged = old
    let deletions = new.filter { $0.key.hasPrefix("~") }
    for (key, value) in deletions {
      let name = String(key.dropFirst())
      if value != true, value != .null {
        fault(path, key, "found \(value.shown)", expected: "true, which deletes the key", in: file)
      } else if merged.removeValue(forKey: name) == nil {
        let near = nearest(to: String(name.prefix(64)), among: old.keys)
        fault(
          path, key, "found a deletion of a key that is not inherited",
          expected: isBase
            ? "a deletion only in a file that extends another"
            : old.isEmpty
              ? "no deletion, because nothing is inherited" : "one of \(old.keys.sorted().joined(separator: ", "))",
          advice: near.map { "Did you mean '~\($0)'?" }, in: file)
      }
      removeOrigins(below: joinKeyPath(path, name))
    }
    for (key, value) in new where deletions[key] == nil {
      for name in Variants.outdatedKeys(merged, at: path, key, value) where new[name] == nil {
        merged[name] = nil
        removeOrigins(below: joinKeyPath(path, name))
      }
    }
    for (key, value) in new where deletions[key] == nil {
      let keyPath = joinKeyPath(path, key)
      if value == .null, !isBase, UnsetKeys.contains(keyPath) {
        removeOrigins(below: keyPath)
        merged[key] = nil
      } else if let inner = value.object, !inner.isEmpty {
        if merged[key]?.object == nil { removeOrigins(below: keyPath) }
        merged[key] = .object(merge(inner, over: merged[key]?.object ?? [:], at: keyPath, file, isBase: isBase))
      } else if value != [:] || merged[key]?.object == nil {
        removeOrigins(below: keyPath)
        merged[key] = value
        origins[keyPath] = file
      }
    }
    return merged
  }

  /// Forgets the origins of the value at `path` and of all values in it.
  private mutating func removeOrigins(below path: String) {
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

/// Objects with several variants, such as "method" with its "type".
enum Variants {
  /// The choices of a recipe, by the path of the key that chooses.
  static let choices = Dictionary(
    Recipe.objectSchema.allChoices().map { (joinKeyPath($0.path, $0.choice.key), $0.choice) }
  ) {
    first, _ in first
  }

  /// The keys of `members`, the object at `path`, that the variant selected by setting `key` to `value` does not have.
  /// Empty if this does not change the variant. With null it is the default one.
  static func outdatedKeys(_ members: [String: JSON], at path: String, _ key: String, _ value: JSON) -> [String] {
    guard let choice = choices[joinKeyPath(path, key)] else { return [] }
    guard let variant = value == .null ? choice.defaultVariant : value.string else { return [] }
    guard let old = members[key]?.string ?? choice.defaultVariant, old != variant else { return [] }
    return choice.keysOnlyInOtherVariants(than: variant).filter { members[$0] != nil }
  }
}
