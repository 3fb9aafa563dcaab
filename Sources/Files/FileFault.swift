/// Faults of files and folders. A case has the values; `description` makes the sentence.
package enum FileFault: Error, Equatable {
  case missing(path: String)
  case unreadable(path: String, why: String)
  case unwritable(path: String, why: String)
  /// Others could read a cache at `path`, or one would be written through a symbolic link.
  case exposedCache(path: String, why: String)
  case notEmpty(folder: String)
  /// The folder has an entry `found` that this command does not write, so it must not be deleted.
  case unknownFile(folder: String, found: String)
  /// A temporary file in `folder` cannot be created, written or mapped.
  case scratch(folder: String, why: String)
  case json(file: String, why: String)
  case malformed(file: String, line: Int?, found: String, expected: String)
  case incompleteDownload(path: String, IncompleteDownload)
}

extension FileFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let path):
      "\(path): no such file or folder. Paths are relative to the working directory."
    case .unreadable(let path, let why):
      "\(path): cannot be read (\(why))."
    case .unwritable("standard output", let why):
      "standard output: cannot be written (\(why)). The output is incomplete."
    case .unwritable(let path, let why):
      "\(path): cannot be written (\(why)). No partial file was left."
    case .exposedCache(let path, let why):
      "\(path): a cache, which holds the text of the data, is not kept there: \(why)."
    case .notEmpty(let folder):
      "\(folder): the folder is not empty. Choose another one, or pass --overwrite to replace its contents."
    case .unknownFile(let folder, let found):
      "\(folder): has '\(found)', which this command does not write and would delete. Choose another one or empty it."
    case .scratch(let folder, let why):
      "\(folder): cannot write a temporary file there (\(why)). Free disk space, or set TMPDIR to another disk."
    case .json(let file, let why):
      "\(file): not valid JSON: \(why)"
    case .malformed(let file, let line, let found, let expected):
      "\(file)\(line.map { ":\($0)" } ?? ""): \(found); expected \(expected)."
    case .incompleteDownload(let path, .lfsPointer):
      "\(path): a Git LFS pointer, not the file itself. Run 'git lfs pull' in the repository's folder, or download the "
        + "file again."
    case .incompleteDownload(let path, .webPage):
      "\(path): a web page (HTML), not the file itself. Download the file again, from its download link and not from the "
        + "page that shows it; some models need a login."
    }
  }
}
