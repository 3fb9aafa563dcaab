/// Faults of a recipe, as structured facts and as messages. Does not find them: `Recipe` and `Sweep` do.
package import Files

/// One fault of a recipe, at one key.
package struct RecipeFault: Error, Sendable, Equatable {
  /// The key path, `training.warmup_ratio`; empty: the recipe as a whole.
  package var path: String
  /// What was found: `found 1.5`, `missing`, `unknown key`.
  package var found: String
  /// The allowed values, `a number from 0 to 1`; nil: the advice covers it.
  package var expected: String?
  /// What to do: `Did you mean 'epochs'?`
  package var advice: String?
  /// The file of the value, if it is not the recipe's own.
  package var file: String?
  /// The runs of a sweep that have this fault; empty: all runs, or no sweep.
  package var runs: [String] = []

  init(_ path: String, _ found: String, expected: String? = nil, advice: String? = nil) {
    (self.path, self.found, self.expected, self.advice) = (path, found, expected, advice)
  }
}

extension RecipeFault: CustomStringConvertible {
  package var description: String {
    let expectation = expected.map { "; expected \($0)" } ?? ""
    let key = path.isEmpty ? "the recipe" : printable(path)
    return "\(key)\(source): \(found)\(expectation)." + (advice.map { " \($0)" } ?? "")
  }

  private var source: String {
    let more = runs.count > 1 ? " and \(runs.count - 1) more" : ""
    let run = runs.first.map { " in the run \($0)\(more)" } ?? ""
    return (file.map { " in \(printable($0))" } ?? "") + run
  }

  /// `{"key", "found", "expected", "advice", "message", "file", "runs"}`; absent facts are null.
  package var json: JSON {
    func text(_ fact: String?) -> JSON { fact.map { .string($0) } ?? .null }
    return [
      "key": .string(path), "found": .string(found), "expected": text(expected), "advice": text(advice),
      "message": .string(description), "file": text(file), "runs": .array(runs.map(JSON.string)),
    ]
  }
}

/// All faults of one recipe, sorted by key path.
package struct RecipeFaults: Error, Sendable, Equatable, CustomStringConvertible {
  /// nil: the settings are options of a command, not of a file.
  package let file: String?
  package let faults: [RecipeFault]

  init(file: String?, _ faults: [RecipeFault]) {
    self.file = file
    self.faults = faults.sorted { ($0.path, $0.description) < ($1.path, $1.description) }
  }

  /// The same faults in a part of a recipe.
  func inside(_ part: String) -> RecipeFaults {
    RecipeFaults(
      file: file,
      faults.map { fault in
        var fault = fault
        fault.path = joinKeyPath(part, fault.path)
        return fault
      })
  }

  package var description: String {
    guard let file else { return faults.map(\.description).joined(separator: "\n") }
    return (["\(file): \(counted(faults.count, "fault"))"] + faults.map { "  \($0)" }).joined(separator: "\n")
  }

  /// The faults as a list of `RecipeFault.json`.
  package var json: JSON { .array(faults.map(\.json)) }
}

/// `text` for a terminal: cut to `limit` characters, with control characters escaped.
package func printable(_ text: String, limit: Int = 200) -> String {
  var shown = ""
  for scalar in text.unicodeScalars.prefix(limit) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
      shown += "\\u{\(String(scalar.value, radix: 16))}"
    default: shown.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.count > limit ? shown + "…" : shown
}

extension JSON {
  /// This value in a message: scalars as JSON, lists by their length.
  var shown: String {
    switch self {
    case .string(let text): "\"\(printable(text))\""
    case .array(let elements): elements.isEmpty ? "an empty list" : "a list of length \(elements.count)"
    case .object: "an object"
    case .double(let number) where !number.isFinite: "\(number)"
    default: text(pretty: false)
    }
  }
}
