/// Kinds for paths: a file that must be there, a model's folder, a folder to be made. Does not open any of them.
import Files
import FoundationEssentials

extension FieldType<String> {
  /// A file that exists.
  static var file: Self {
    path("the path of a file") { path, place in
      if isFolder(path) { place.fault("found \"\(printable(path))\", a folder", expected: "the path of a file") }
    }
  }

  /// A folder that exists and holds one of the files `names`.
  static func folder(holding names: String...) -> Self {
    let name = names.joined(separator: " or ")
    let words = "the path of a folder with \(name)"
    return path(words) { path, place in
      if !isFolder(path) {
        place.fault("found \"\(printable(path))\", a file", expected: words)
      } else if !names.contains(where: { fileExists("\(path)/\($0)") }) {
        place.fault("found \"\(printable(path))\", a folder without \(name)", expected: words)
      }
    }
  }

  /// A folder that will be made, with its parents, when it is not there.
  static var newFolder: Self {
    kind("the path of a folder, which is made when it is missing") { path, place in
      let inTheWay = prefixes(of: path).map(\.whole).first { fileExists($0) && !isFolder($0) }
      if let inTheWay {
        place.fault(
          "found \"\(printable(path))\", but \"\(printable(inTheWay))\" is a file", expected: "the path of a folder")
      }
    }
  }

  private static func path(_ words: String, _ check: @escaping (String, FieldLocation) -> Void) -> Self {
    kind(words) { path, place in
      if fileExists(path) { check(path, place) } else { reportMissing(path, words, place) }
    }
  }

  private static func kind(_ words: String, _ check: @escaping (String, FieldLocation) -> Void) -> Self {
    Self(
      words, schema: Schema.text,
      read: { json, place in
        guard let path = json.string, (1...4096).contains(path.utf8.count), !path.utf8.contains(0) else {
          place.wrong(json, expected: words)
          return nil
        }
        if place.diagnostics.checkFiles { check(path, place) }
        return path
      }, write: { .string($0) })
  }
}

extension FieldType<[String]> {
  /// One file that exists, or several of them.
  static var files: Self {
    let several = FieldType<[String]>.list(of: .file, least: 1)
    return Self(
      "the path of a file, or a list of such paths", schema: Schema.either(Schema.text, several.schema),
      read: { json, place in
        json.array == nil ? FieldType<String>.file.read(json, place).map { [$0] } : several.read(json, place)
      }, write: { $0.count == 1 ? .string($0[0]) : several.write($0) })
  }
}

/// Says where the path leads astray, and which name there is the nearest.
private func reportMissing(_ path: String, _ words: String, _ place: FieldLocation) {
  guard let missing = prefixes(of: path).first(where: { !fileExists($0.whole) }) else {
    return place.fault("found \"\(printable(path))\", which does not exist", expected: words)
  }
  let folder = missing.parent.isEmpty ? "." : missing.parent
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  let near = missing.name.utf8.count <= 255 ? nearest(to: missing.name, among: names) : nil
  let longer = names.filter { $0.hasPrefix(missing.name) }.min()
  let rest = path.dropFirst(missing.whole.count)
  let start = path.dropLast(rest.count + missing.name.count)
  place.fault(
    "found \"\(printable(path))\", but \"\(printable(folder))\" has no \"\(printable(missing.name))\"",
    expected: words, advice: (near ?? longer).map { "Did you mean '\(printable("\(start)\($0)\(rest)"))'?" })
}

/// `a/b/c` as `a`, `a/b`, `a/b/c`, each with the folder that it is in.
private func prefixes(of path: String) -> [(whole: String, parent: String, name: String)] {
  var found: [(String, String, String)] = []
  var whole = ""
  for (index, name) in path.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
    let parent = whole.isEmpty && index > 0 ? "/" : whole
    whole += index > 0 ? "/\(name)" : "\(name)"
    if !name.isEmpty { found.append((whole, parent, String(name))) }
  }
  return found
}
