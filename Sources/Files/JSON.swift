/// A JSON value as a tree, for files whose keys are checked one by one. Contains no file's schema.
package import FoundationEssentials

package enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])
}

extension JSON {
  /// Parses one strict JSON text (RFC 8259). An integer beyond 64 bits becomes a double.
  /// - Throws: `FileFault.json` with line and column, also for duplicate keys, nesting deeper than 128 levels, and a
  ///   number beyond the range of a double.
  package init(parsing data: Data, named file: String) throws {
    self = try data.withUnsafeBytes { bytes throws(FileFault) in try JSONParser.parse(bytes, named: file) }
  }

  /// Parses one JSON text without copying `bytes`; the value does not refer to them.
  package init(parsing bytes: UnsafeRawBufferPointer, named file: String) throws(FileFault) {
    self = try JSONParser.parse(bytes, named: file)
  }

  /// Parses one line of a file of JSON lines, without copying `bytes`. Faults have the column only.
  package init(parsingLine bytes: UnsafeRawBufferPointer, named location: String) throws(FileFault) {
    do throws(FileFault) {
      self = try JSONParser.parse(bytes, named: location)
    } catch .json(_, let why) {
      // The parser reads one line only, so its own line number is always 1.
      throw .json(file: location, why: why.hasPrefix("line 1, ") ? String(why.dropFirst("line 1, ".count)) : why)
    }
  }

  /// Reads and parses the file at `path`. A web page instead of JSON is reported as such.
  package init(path: String) throws {
    let data = try readFile(path)
    do {
      try self.init(parsing: data, named: path)
    } catch {
      throw IncompleteDownload(data).map { FileFault.incompleteDownload(path: path, $0) } ?? error
    }
  }

  /// The keys of each object in the outermost object of a file, by its own key, in the file's order, which `JSON` does not keep;
  /// and by "" its own keys.
  package static func keyOrder(path: String) throws -> [String: [String]] {
    try readFile(path).withUnsafeBytes { bytes throws(FileFault) in try JSONParser.keyOrder(bytes, named: path) }
  }

  /// The text of this value. Keys are sorted by their UTF-8 bytes, so equal values have equal text.
  package func text(pretty: Bool = true) -> String {
    var writer = JSONWriter(pretty: pretty)
    writer.write(self)
    return writer.text
  }

  /// The value at a key path such as `training.epochs`.
  package func value(at path: String) -> JSON? { path.split(separator: ".").reduce(Optional(self)) { $0?[String($1)] } }

  package subscript(key: String) -> JSON? { if case .object(let members) = self { members[key] } else { nil } }

  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  package var object: [String: JSON]? { if case .object(let value) = self { value } else { nil } }
  /// The value as an integer. JSON does not distinguish 1 from 1.0, so both have one.
  package var int: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }
  /// The value as a double, of an integer too.
  package var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The type of this value, for error messages.
  package var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .int: "a whole number"
    case .double: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .int(value) }
  package init(floatLiteral value: Double) { self = .double(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(uniqueKeysWithValues: elements))
  }
  package init(nilLiteral: ()) { self = .null }
}
