/// The texts of a file, one a line.
public func forEachText(in path: String, fields: [String], _ body: (String) throws -> Void) throws {
  for line in try readText(path).split(separator: "\n") { try body(String(line)) }
}
