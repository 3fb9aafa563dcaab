/// Files of JSON lines that are small enough for memory, such as a run's log. Data files are read line by line.
import FoundationEssentials

extension JSON {
  /// The value of each line; blank lines have none.
  /// - Throws: `FileFault.json` with the number of the line.
  package static func lines(path: String) throws -> [JSON] {
    try readText(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
      if line.allSatisfy(\.isWhitespace) { return nil }
      return try Data(line.utf8).withUnsafeBytes { bytes throws(FileFault) in
        try JSON(parsingLine: bytes, named: "\(path):\(index + 1)")
      }
    }
  }
}
