/// Expands `${env:NAME}` and `${env:NAME:-default}` in the strings of a recipe. `$${` stands for a literal `${`.
import Files
import FoundationEssentials

struct Environment {
  private let variables: [String: String]

  init(_ variables: [String: String]) { self.variables = variables }

  static var process: [String: String] { ProcessInfo.processInfo.environment }

  /// Expands every string in `json`. A string that cannot be expanded stays unchanged, and a fault is added.
  func expand(_ json: JSON, at path: String, _ faults: inout [RecipeFault]) -> JSON {
    switch json {
    case .string(let text) where text.contains("${"):
      do throws(RecipeFault) {
        return .string(try expand(text, at: path))
      } catch {
        faults.append(error)
        return json
      }
    case .array(let elements):
      return .array(elements.enumerated().map { expand($1, at: joinKeyPath(path, "\($0)"), &faults) })
    case .object(let members):
      var expanded = members
      for (key, value) in members { expanded[key] = expand(value, at: joinKeyPath(path, key), &faults) }
      return .object(expanded)
    default: return json
    }
  }

  /// The inverse of `expand`: expanding the result gives `json`.
  static func escape(_ json: JSON) -> JSON {
    switch json {
    case .string(let text): .string(text.replacing("${", with: "$${"))
    case .array(let elements): .array(elements.map(escape))
    case .object(let members): .object(members.mapValues(escape))
    default: json
    }
  }

  private func expand(_ text: String, at path: String) throws(RecipeFault) -> String {
    var expanded = "", rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      expanded += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        expanded += "${"
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${") {
        let end = rest.firstIndex(of: "}")
        expanded += try value(of: rest[..<(end ?? rest.endIndex)], at: path)
        rest = end.map { rest[rest.index(after: $0)...] } ?? ""
      } else {
        expanded += "$"
        rest = rest.dropFirst()
      }
    }
    return expanded + rest
  }

  /// - Parameter reference: `${env:NAME` or `${env:NAME:-default`, without the closing brace.
  private func value(of reference: Substring, at path: String) throws(RecipeFault) -> String {
    let parts = reference.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    let name = parts.count > 1 ? String(parts[1]) : ""
    let isName = !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    guard parts[0] == "${env", isName, reference.endIndex < reference.base.endIndex,
      parts.count == 2 || parts[2].hasPrefix("-")
    else {
      throw RecipeFault(
        path, "found \"\(printable(String(reference)))\"", expected: "${env:NAME} or ${env:NAME:-default}",
        advice: "Write $${ for a literal ${.")
    }
    let value = variables[name]
    if parts.count == 3 { return value.flatMap { $0.isEmpty ? nil : $0 } ?? String(parts[2].dropFirst()) }
    guard let value else {
      throw RecipeFault(
        path, "found ${env:\(name)}, but \(name) is not set", expected: "an environment variable that is set",
        advice: "Set it, or give a default: ${env:\(name):-default}.")
    }
    return value
  }
}
