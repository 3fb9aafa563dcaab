/// Shortens absolute paths, so that a run's files reveal nothing about this machine. Only recipe.json keeps them.
import Files

/// `json` with every absolute path shortened.
func withoutPaths(_ json: JSON) -> JSON {
  switch json {
  case .string(let text) where text.hasPrefix("/"): .string(shortPath(text))
  case .array(let list): .array(list.map(withoutPaths))
  case .object(let members): .object(members.mapValues(withoutPaths))
  default: json
  }
}

/// A message of a run with the absolute paths of its `recipe` shortened.
func withoutPaths(_ message: String, of recipe: JSON) -> String {
  // The longest first: one path may be the beginning of another.
  absolutePaths(recipe).sorted { $0.utf8.count > $1.utf8.count }.reduce(message) { message, path in
    message.replacing(path, with: shortPath(path))
  }
}

/// The last two components of a path.
func shortPath(_ path: String) -> String { path.split(separator: "/").suffix(2).joined(separator: "/") }

private func absolutePaths(_ json: JSON) -> [String] {
  switch json {
  case .string(let text) where text.hasPrefix("/") && text != "/": [text]
  case .array(let list): list.flatMap(absolutePaths)
  case .object(let members): members.values.flatMap(absolutePaths)
  default: []
  }
}
