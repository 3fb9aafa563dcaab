/// Field types for paths: an existing file, a model's folder, a folder to create. Does not open any of them; the folder of a
/// run stands for its model or its adapter.
import Files
import FoundationEssentials
import ModelHub
import Tasks

extension FieldType<String> {
  /// An existing file.
  static var file: Self {
    existingPath("the path of a file") { path, location in
      if isFolder(path) { location.fault("found \"\(printable(path))\", a folder", expected: "the path of a file") }
    }
  }

  /// A model's folder, or that of a run in full, which is read as its model; a name on the Hub is replaced by the local folder.
  static var model: Self { folder(holding: "config.json") { try RunParts.model(modelFolder($0)) } }

  /// An adapter's folder, or that of a run, which is read as its adapter.
  static var adapter: Self { folder(holding: "adapter_config.json") { try RunParts.adapter(modelFolder($0)) } }

  /// An existing folder that contains one of the files `names`; a name on the Hub is replaced by the local folder.
  /// - Parameter resolve: makes the folder of the given path.
  static func folder(
    holding names: String..., resolve: @escaping (String) throws -> String = modelFolder
  ) -> Self {
    let name = names.joined(separator: " or ")
    let expected = "the path of a folder with \(name)"
    return existingPath(expected, resolve: resolve) { path, location in
      if !isFolder(path) {
        location.fault("found \"\(printable(path))\", a file", expected: expected)
      } else if !names.contains(where: { fileExists("\(path)/\($0)") }) {
        location.fault("found \"\(printable(path))\", a folder without \(name)", expected: expected)
      }
    }
  }

  /// A folder that is created, with its parents, if it is missing.
  static var newFolder: Self {
    path("the path of a folder, which is created if it is missing") { path, location in
      let blockingFile = prefixes(of: path).map(\.path).first { fileExists($0) && !isFolder($0) }
      if let blockingFile {
        location.fault(
          "found \"\(printable(path))\", but \"\(printable(blockingFile))\" is a file", expected: "the path of a folder"
        )
      }
    }
  }

  private static func existingPath(
    _ expected: String, resolve: @escaping (String) throws -> String = { $0 },
    _ check: @escaping (String, FieldLocation) -> Void
  ) -> Self {
    path(expected, resolve: resolve) { path, location in
      if fileExists(path) { check(path, location) } else { reportMissing(path, expected, location) }
    }
  }

  private static func path(
    _ expected: String, resolve: @escaping (String) throws -> String = { $0 },
    _ check: @escaping (String, FieldLocation) -> Void
  ) -> Self {
    Self(
      expected, schema: Schema.string,
      read: { json, location in
        guard let path = json.string, (1...4096).contains(path.utf8.count) else {
          location.wrong(json, expected: expected)
          return nil
        }
        if path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
          location.fault("found \"\(printable(path))\", with a control character", expected: expected)
          return nil
        }
        guard location.diagnostics.checkFiles else { return path }
        do {
          let path = try resolve(path)
          check(path, location)
          return path
        } catch {
          location.fault("found \"\(printable(path))\"", expected: expected, advice: "\(error)")
          return nil
        }
      }, write: { .string($0) })
  }
}

extension FieldType<[String]> {
  /// One or several existing files.
  static var files: Self {
    let several = FieldType<[String]>.list(of: .file, minCount: 1)
    return Self(
      "the path of a file, or a list of such paths", schema: Schema.either(Schema.string, several.schema),
      read: { json, location in
        json.array == nil ? FieldType<String>.file.read(json, location).map { [$0] } : several.read(json, location)
      }, write: { $0.count == 1 ? .string($0[0]) : several.write($0) })
  }
}

/// Reports the first part of `path` that does not exist, and the nearest name in its folder.
private func reportMissing(_ path: String, _ expected: String, _ location: FieldLocation) {
  guard let missing = prefixes(of: path).first(where: { !fileExists($0.path) }) else {
    return location.fault("found \"\(printable(path))\", which does not exist", expected: expected)
  }
  let folder = missing.parent.isEmpty ? "." : missing.parent
  let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  let near = missing.name.utf8.count <= 255 ? nearest(to: missing.name, among: names) : nil
  let longer = names.filter { $0.hasPrefix(missing.name) }.min()
  let suffix = path.dropFirst(missing.path.count)
  let prefix = path.dropLast(suffix.count + missing.name.count)
  location.fault(
    "found \"\(printable(path))\", but \"\(printable(folder))\" has no \"\(printable(missing.name))\"",
    expected: expected, advice: (near ?? longer).map { "Did you mean '\(printable("\(prefix)\($0)\(suffix)"))'?" })
}

/// `a/b/c` as `a`, `a/b`, `a/b/c`, each with its parent folder and its last component.
private func prefixes(of path: String) -> [(path: String, parent: String, name: String)] {
  var found: [(String, String, String)] = []
  var prefix = ""
  for (index, name) in path.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
    let parent = prefix.isEmpty && index > 0 ? "/" : prefix
    prefix += index > 0 ? "/\(name)" : "\(name)"
    if !name.isEmpty { found.append((prefix, parent, String(name))) }
  }
  return found
}
