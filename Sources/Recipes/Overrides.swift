/// Changes to a recipe from the command line, `training.epochs=1`, made on its JSON tree before it is read.
/// Does not know which keys a recipe has: an unknown one is found in reading, like any other.
import Files
import FoundationEssentials

/// `key.path=value`. The value is JSON when it parses as JSON, else a text: `output=runs/a` needs no quotes.
/// Missing objects are made on the way; `a.0=…` replaces an element of a list; `key=null` unsets an optional key.
/// A key that holds a dot itself can only be set with the object around it: `method.rank_pattern={"a.b":4}`.
enum Overrides {
  /// More levels than any recipe has.
  private static let depthLimit = 16

  /// `json` with the overrides applied in their order, without those that are faulty.
  static func apply(_ overrides: [String], to json: JSON) -> (json: JSON, faults: [RecipeFault]) {
    var json = json
    var faults: [RecipeFault] = []
    for text in overrides {
      do throws(RecipeFault) {
        let (path, value) = try parse(text)
        json = try put(value, at: path[...], in: json, above: "")
      } catch {
        faults.append(error)
      }
    }
    return (json, faults)
  }

  private static func parse(_ text: String) throws(RecipeFault) -> (path: [String], value: JSON) {
    let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let path = sides[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard sides.count == 2, path.allSatisfy({ !$0.isEmpty }), path.count <= depthLimit else {
      throw RecipeFault(
        sides[0], "found the override \"\(printable(text))\"", expected: "key.path=value, as in training.epochs=1")
    }
    return (path, (try? JSON(parsing: Data(sides[1].utf8), named: sides[0])) ?? .string(sides[1]))
  }

  private static func put(
    _ value: JSON, at path: ArraySlice<String>, in json: JSON?, above: String
  ) throws(RecipeFault) -> JSON {
    guard let key = path.first else { return value }
    let here = above.isEmpty ? key : "\(above).\(key)"
    switch json {
    case .object(var members):
      members[key] = try put(value, at: path.dropFirst(), in: members[key], above: here)
      return .object(members)
    case nil, .null:
      return .object([key: try put(value, at: path.dropFirst(), in: nil, above: here)])
    case .array(var elements):
      guard let index = Int(key), elements.indices.contains(index) else {
        throw RecipeFault(
          here, "found an override of an element that the list does not have",
          expected: elements.isEmpty ? "the whole list, as it is empty" : "an index from 0 to \(elements.count - 1)")
      }
      elements[index] = try put(value, at: path.dropFirst(), in: elements[index], above: here)
      return .array(elements)
    case .some(let other):
      throw RecipeFault(
        here, "found an override of a key in \(other.shown)", expected: "an object or a list at '\(above)'")
    }
  }
}
