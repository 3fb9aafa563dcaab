/// Finds the folder of a set in the known layouts, and its files of train, dev and test. Does not read these.
import Files

struct SetFolder {
  let path: String

  /// The folders in which those of the sets are looked for: what the user names, and where BLURB's and LinkBERT's scripts put
  /// their files.
  static func roots(_ data: String) -> [String] {
    let data = data.count > 1 && data.hasSuffix("/") ? String(data.dropLast()) : data
    return ["", "/data", "/seqcls", "/tokcls", "/data/seqcls", "/data/tokcls"].map { data + $0 }.filter(isFolder)
  }

  /// The folders of a set, the first of which counts.
  /// - Throws: `FileFault` if a folder cannot be read.
  static func all(of set: SuiteSet, in data: String) throws(FileFault) -> [SetFolder] {
    var found: [SetFolder] = []
    for root in roots(data) {
      for name in try folderContents(root).sorted()
      where set.folders.contains(plain(name)) && isFolder("\(root)/\(name)") {
        found.append(SetFolder(path: "\(root)/\(name)"))
      }
    }
    return found
  }

  /// A folder's name as `SuiteSet.folders` has it.
  private static func plain(_ name: String) -> String {
    let name = name.lowercased().replacing("_", with: "-")
    return ["-hf", "-iob"].first(where: name.hasSuffix).map { String(name.dropLast($0.count)) } ?? name
  }

  private static let stems = [["train"], ["dev", "devel", "valid", "validation"], ["test"]]
  private static let extensions = ["json", "jsonl", "tsv", "txt"]

  /// The files of train, dev and test.
  /// - Throws: `FileFault` if one is missing.
  var files: [String] {
    get throws(FileFault) {
      var files: [String] = []
      for stems in Self.stems {
        let names = stems.flatMap { stem in Self.extensions.map { "\(stem).\($0)" } }
        guard let name = names.first(where: { fileExists("\(path)/\($0)") }) else {
          let there = try folderContents(path).sorted().prefix(10).map { printable($0) }.joined(separator: ", ")
          throw .malformed(
            file: path, line: nil, found: "found \(there.isEmpty ? "no files" : there)",
            expected: "a file " + stems.map { "\($0).tsv or \($0).json" }.joined(separator: ", or "))
        }
        files.append("\(path)/\(name)")
      }
      return files
    }
  }
}
