/// Splits and joins paths of files, and paths of keys in nested objects. Opens no file.
import Glibc

/// The parent folder of `path`: "a" of "a/b", "." of "a", "/" of "/a".
package func parentFolder(of path: String) -> String {
  path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
}

/// "b" of "a/b" and of "a/b/".
package func lastPathComponent(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

/// The absolute path without symbolic links, "." and ".."; nil where nothing exists at `path`.
package func canonicalPath(_ path: String) -> String? {
  guard let resolved = realpath(path, nil) else { return nil }
  defer { free(resolved) }
  return String(cString: resolved)
}

/// "a.b.key" of "a.b" and "key"; "key" where `path` is empty.
package func joinKeyPath(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
