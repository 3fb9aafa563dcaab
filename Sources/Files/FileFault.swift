/// What can be wrong with a file, as facts; the sentence is made in one place.
public enum FileFault: Error, Equatable {
  case missing(path: String)
  case unreadable(path: String, why: String)
  case unwritable(path: String, why: String)
  case notEmpty(folder: String)
  /// - Parameter found: something that is in the folder and that no earlier run of this command has put there.
  case notOurs(folder: String, found: String)
  /// A temporary file, in this folder.
  case scratch(folder: String, why: String)
  case json(file: String, why: String)
  case malformed(file: String, line: Int?, found: String, expected: String)
}

extension FileFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing(let path):
      "\(path): no such file or folder. Paths are relative to the working directory."
    case .unreadable(let path, let why):
      "\(path): cannot be read (\(why))."
    case .unwritable("standard output", let why):
      "standard output: cannot be written (\(why)). What was printed is incomplete."
    case .unwritable(let path, let why):
      "\(path): cannot be written (\(why)). Nothing was left half-written."
    case .notEmpty(let folder):
      "\(folder): the folder is not empty. Choose another one, or pass --overwrite to replace what is there."
    case .notOurs(let folder, let found):
      "\(folder): has '\(found)', which this command does not write and would delete. Choose another folder, or empty it."
    case .scratch(let folder, let why):
      "\(folder): a temporary file cannot be kept there (\(why)). Make room, or set TMPDIR to a folder on another disk."
    case .json(let file, let why):
      "\(file): not valid JSON: \(why)"
    case .malformed(let file, let line, let found, let expected):
      "\(file)\(line.map { ":\($0)" } ?? ""): \(found); expected \(expected)."
    }
  }
}
