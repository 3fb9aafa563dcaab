/// Changes to a recipe from the command line, `training.epochs=1`, made on its JSON tree before it is read.
/// Does not know which keys a recipe has: an unknown one is found in reading, like any other.
import Files
import FoundationEssentials

/// `key.path=value`. The value is JSON when it parses as JSON, else a text: `output=runs/a` needs no quotes.
/// Missing objects are made on the way; `a.0=…` replaces an element of a list; `key=null` unsets an optional key.
/// A key that holds a dot itself can only be set with the object around it: `method.rank_pattern={"a.b":4}`.
/// A key that makes another kind of its object, `method.type=full`, leaves out what only the former kind had.
enum Overrides {
  /// More levels than any recipe has.
  private static let depthLimit = 16

  /// `json` with the overrides applied in their order, without those that are faulty; `paths` are the keys they set.
  static func apply(_ overrides: [String], to json: JSON) -> (json: JSON, paths: [String], faults: [RecipeFault]) {
    var json = json
    var paths: [String] = []
    var faults: [RecipeFault] = []
    for text in overrides {
      do throws(RecipeFault) {
        let (path, text) = try parse(text, "override", as: "key.path=value, as in training.epochs=1")
        let value = (try? JSON(parsing: Data(text.utf8), named: path)) ?? .string(text)
        json = try put(value, at: path, in: json, keeping: paths)
        paths.append(path)
      } catch {
        faults.append(error)
      }
    }
    return (json, paths, faults)
  }

  /// `json` with `key.path=FILE` applied: the value is what the file holds, JSON where it parses, else a text without
  /// its last newline; `origins` are the keys that were set, with their files.
  static func apply(
    files: [String], to json: JSON
  ) -> (json: JSON, origins: [(path: String, file: String)], faults: [RecipeFault]) {
    var json = json
    var origins: [(path: String, file: String)] = []
    var faults: [RecipeFault] = []
    for text in files {
      do throws(RecipeFault) {
        let (path, file) = try parse(text, "--set-file", as: "key.path=FILE, as in task.class_weights=weights.json")
        json = try put(content(of: file, for: path), at: path, in: json, keeping: origins.map(\.path))
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
        path, "found --set-file with \"\(printable(file))\"", expected: "a file that can be read",
        advice: printable("\(error)", limit: 1000))
    }
  }

  private static func parse(
    _ text: String, _ name: String, as expected: String
  ) throws(RecipeFault) -> (path: String, value: String) {
    let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let path = sides[0].split(separator: ".", omittingEmptySubsequences: false)
    guard sides.count == 2, path.allSatisfy({ !$0.isEmpty }), path.count <= depthLimit else {
      throw RecipeFault(sides[0], "found the \(name) \"\(printable(text))\"", expected: expected)
    }
    return (sides[0], sides[1])
  }

  /// `json` with `value` at the key path `path`.
  /// - Parameter keeping: key paths that were set on purpose, and stay whatever their object becomes.
  static func put(
    _ value: JSON, at path: String, in json: JSON, keeping: [String] = []
  ) throws(RecipeFault) -> JSON {
    let keys = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    return try put(value, at: keys[...], in: json, above: "", keeping)
  }

  private static func put(
    _ value: JSON, at path: ArraySlice<String>, in json: JSON?, above: String, _ keeping: [String]
  ) throws(RecipeFault) -> JSON {
    guard let key = path.first else { return value }
    let here = joinKeyPath(above, key)
    switch json {
    case .object(var members):
      for name in Variants.outdated(members, at: above, key, value) where path.count == 1 {
        let other = joinKeyPath(above, name)
        if !keeping.contains(where: { $0 == other || $0.hasPrefix(other + ".") }) { members[name] = nil }
      }
      members[key] = try put(value, at: path.dropFirst(), in: members[key], above: here, keeping)
      return .object(members)
    case nil, .null:
      return .object([key: try put(value, at: path.dropFirst(), in: nil, above: here, keeping)])
    case .array(var elements):
      guard let index = Int(key), elements.indices.contains(index) else {
        throw RecipeFault(
          here, "found an override of an element that the list does not have",
          expected: elements.isEmpty ? "the whole list, as it is empty" : "an index from 0 to \(elements.count - 1)")
      }
      elements[index] = try put(value, at: path.dropFirst(), in: elements[index], above: here, keeping)
      return .array(elements)
    case .some(let other):
      throw RecipeFault(
        here, "found an override of a key in \(other.shown)", expected: "an object or a list at '\(above)'")
    }
  }
}
