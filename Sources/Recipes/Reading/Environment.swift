/// `${env:NAME}` and `${env:NAME:-default}` in the texts of a recipe. `$${` stands for `${` itself.
import Files
import FoundationEssentials

struct Environment {
  private let variables: [String: String]

  init(_ variables: [String: String]) { self.variables = variables }

  static var process: [String: String] { ProcessInfo.processInfo.environment }

  /// `json` with every text filled in; one that cannot be stays as it is, and is a fault.
  func fill(_ json: JSON, at path: String, _ faults: inout [RecipeFault]) -> JSON {
    switch json {
    case .string(let text) where text.contains("${"):
      do throws(RecipeFault) {
        return .string(try fill(text, at: path))
      } catch {
        faults.append(error)
        return json
      }
    case .array(let elements):
      return .array(elements.enumerated().map { fill($1, at: joinKeyPath(path, "\($0)"), &faults) })
    case .object(let members):
      var filled = members
      for (key, value) in members { filled[key] = fill(value, at: joinKeyPath(path, key), &faults) }
      return .object(filled)
    default: return json
    }
  }

  /// `json` such that filling it in gives it back.
  static func escape(_ json: JSON) -> JSON {
    switch json {
    case .string(let text): .string(text.replacing("${", with: "$${"))
    case .array(let elements): .array(elements.map(escape))
    case .object(let members): .object(members.mapValues(escape))
    default: json
    }
  }

  private func fill(_ text: String, at path: String) throws(RecipeFault) -> String {
    var filled = "", rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      filled += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        filled += "${"
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${") {
        let end = rest.firstIndex(of: "}")
        filled += try value(of: rest[..<(end ?? rest.endIndex)], at: path)
        rest = end.map { rest[rest.index(after: $0)...] } ?? ""
      } else {
        filled += "$"
        rest = rest.dropFirst()
      }
    }
    return filled + rest
  }

  /// - Parameter reference: `${env:NAME` or `${env:NAME:-default`, without the brace that ends it.
  private func value(of reference: Substring, at path: String) throws(RecipeFault) -> String {
    let parts = reference.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    let name = parts.count > 1 ? String(parts[1]) : ""
    let isName = !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    guard parts[0] == "${env", isName, reference.endIndex < reference.base.endIndex,
      parts.count == 2 || parts[2].hasPrefix("-")
    else {
      throw RecipeFault(
        path, "found \"\(printable(String(reference)))\"", expected: "${env:NAME} or ${env:NAME:-default}",
        advice: "A text that holds ${ itself is written with $${.")
    }
    let value = variables[name]
    if parts.count == 3 { return value.flatMap { $0.isEmpty ? nil : $0 } ?? String(parts[2].dropFirst()) }
    guard let value else {
      throw RecipeFault(
        path, "found ${env:\(name)}, and the environment has no \(name)", expected: "it to be set",
        advice: "Set it, or give a default: ${env:\(name):-default}.")
    }
    return value
  }
}
