/// Overrides from the command line, such as `training.epochs=1`, applied to a recipe's JSON tree before it is read.
/// Does not know which keys a recipe has: unknown keys are reported when the recipe is read.
import Files
import FoundationEssentials

/// `key.path=value`. The value is parsed as JSON; if that fails, it is a string: `output=runs/a` needs no quotes.
/// Missing objects are created; `a.0=…` replaces an element of a list; `key=null` unsets a key (`UnsetKeys`).
/// A key that contains a dot can only be set together with its object: `method.rank_pattern={"a.b":4}`; but what follows
/// `sweep.` is one key: `sweep.training.learning_rate=[1e-3]`.
/// A key that selects another variant of its object, `method.type=full`, drops keys that only other variants have.
enum Overrides {
  /// The maximum number of keys in a path; no recipe is nested deeper.
  private static let maxDepth = 16

  /// Applies the overrides in order, except faulty ones. `paths` are the keys that were set.
  static func apply(_ overrides: [String], to json: JSON) -> (json: JSON, paths: [String], faults: [RecipeFault]) {
    var json = json
    var paths: [String] = []
    var faults: [RecipeFault] = []
    for text in overrides {
      do throws(RecipeFault) {
        let (path, text) = try parse(text, "override", as: "key.path=value, as in training.epochs=1")
        let value = (try? JSON(parsing: Data(text.utf8), named: path)) ?? .string(text)
        json = try set(value, at: path, in: json, keeping: paths)
        paths.append(path)
      } catch {
        faults.append(error)
      }
    }
    return (json, paths, faults)
  }

  /// Applies `key.path=FILE`: the value is the file's content, parsed as JSON or, if that fails, as a string without
  /// its last newline. `origins` are the keys that were set, with their files.
  static func apply(
    files: [String], to json: JSON
  ) -> (json: JSON, origins: [(path: String, file: String)], faults: [RecipeFault]) {
    var json = json
    var origins: [(path: String, file: String)] = []
    var faults: [RecipeFault] = []
    for text in files {
      do throws(RecipeFault) {
        let (path, file) = try parse(text, "--set-file", as: "key.path=FILE, as in task.class_weights=weights.json")
        json = try set(content(of: file, for: path), at: path, in: json, keeping: origins.map(\.path))
        origins.append((path, file))
      } catch {
        faults.append(error)
      }
    }
    return (json, origins, faults)
  }

  private static func content(of file: String, for path: String) throws(RecipeFault) -> JSON {
    do throws(FileFault) {
      var text = try readText(file)
      if let json = try? JSON(parsing: Data(text.utf8), named: file) { return json }
      if text.last?.isNewline == true { text.removeLast() }
      return .string(text)
    } catch {
      throw RecipeFault(
        path, "found --set-file with \"\(printable(file))\"", expected: "a readable file",
        advice: printable("\(error)", limit: 1000))
    }
  }

  private static func parse(
    _ text: String, _ name: String, as expected: String
  ) throws(RecipeFault) -> (path: String, value: String) {
    let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let path = sides[0].split(separator: ".", omittingEmptySubsequences: false)
    guard sides.count == 2, path.allSatisfy({ !$0.isEmpty }), path.count <= maxDepth else {
      throw RecipeFault(sides[0], "found the \(name) \"\(printable(text))\"", expected: expected)
    }
    return (sides[0], sides[1])
  }

  /// Returns `json` with `value` at the key path `path`.
  /// - Parameter keeping: key paths that were set explicitly; a change of their object's variant does not drop them.
  static func set(
    _ value: JSON, at path: String, in json: JSON, keeping: [String] = []
  ) throws(RecipeFault) -> JSON {
    let isUnset = value == .null && UnsetKeys.contains(path)
    return try set(isUnset ? Optional.none : value, at: keys(of: path)[...], in: json, below: "", keeping) ?? json
  }

  /// "sweep" is at the top, or in a part of a benchmark: bench.methods.NAME.sweep.
  private static func keys(of path: String) -> [String] {
    let keys = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let sweep = keys.first == "bench" ? 3 : 0
    guard keys.count > sweep + 2, keys[sweep] == "sweep" else { return keys }
    return keys[...sweep] + [keys[(sweep + 1)...].joined(separator: ".")]
  }

  /// - Parameter value: nil: the key is removed.
  private static func set(
    _ value: JSON?, at path: ArraySlice<String>, in json: JSON?, below parent: String, _ keeping: [String]
  ) throws(RecipeFault) -> JSON? {
    guard let key = path.first else { return value }
    let keyPath = joinKeyPath(parent, key)
    switch json {
    case .object(var members):
      for name in Variants.outdatedKeys(members, at: parent, key, value ?? .null) where path.count == 1 {
        let outdated = joinKeyPath(parent, name)
        if !keeping.contains(where: { $0 == outdated || $0.hasPrefix(outdated + ".") }) { members[name] = nil }
      }
      members[key] = try set(value, at: path.dropFirst(), in: members[key], below: keyPath, keeping)
      return .object(members)
    case nil, .null:
      // Where the object is missing, there is nothing to remove.
      guard let inner = try set(value, at: path.dropFirst(), in: nil, below: keyPath, keeping) else { return json }
      return .object([key: inner])
    case .array(var elements):
      guard let index = Int(key), elements.indices.contains(index) else {
        throw RecipeFault(
          keyPath, "found an override of a list element that does not exist",
          expected: elements.isEmpty
            ? "an override of the whole list, which is empty" : "an index from 0 to \(elements.count - 1)")
      }
      elements[index] = try set(value, at: path.dropFirst(), in: elements[index], below: keyPath, keeping) ?? .null
      return .array(elements)
    case .some(let other):
      throw RecipeFault(
        keyPath, "found an override of a key in \(other.shown)", expected: "an object or a list at '\(parent)'")
    }
  }
}
