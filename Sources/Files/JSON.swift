/// A JSON value as a tree, for files whose keys are checked one by one. Does not know any file's schema.
public import FoundationEssentials

public enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])
}

extension JSON {
  /// Parses one JSON text. Throws `FileFault.json` with the parser's own position.
  public init(parsing data: Data, named file: String) throws {
    do {
      self = try JSONDecoder().decode(JSON.self, from: data)
    } catch let error as DecodingError {
      throw FileFault.json(file: file, why: explain(error))
    }
  }

  /// Reads and parses the file at `path`.
  public init(path: String) throws {
    try self.init(parsing: readFile(path), named: path)
  }

  /// The text of this value; keys are sorted, so equal values have equal bytes.
  public func text(pretty: Bool = true) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = pretty ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      : [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy =
      .convertToString(positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    let data = try? encoder.encode(self)
    return data.map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }

  public subscript(key: String) -> JSON? { if case .object(let members) = self { members[key] } else { nil } }

  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var int: Int? { if case .int(let value) = self { value } else { nil } }
  public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  public var object: [String: JSON]? { if case .object(let value) = self { value } else { nil } }
  /// Any number, whole or not.
  public var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// What kind of value this is, in words for an error message.
  public var kind: String {
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

extension JSON: Codable {
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let string = try? value.decode(String.self) {
      self = .string(string)
    } else if let int = try? value.decode(Int.self) {
      self = .int(int)
    } else if let double = try? value.decode(Double.self) {
      self = .double(double)
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool)
    } else if let array = try? value.decode([JSON].self) {
      self = .array(array)
    } else {
      self = .object(try value.decode([String: JSON].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .null: try value.encodeNil()
    case .bool(let x): try value.encode(x)
    case .int(let x): try value.encode(x)
    case .double(let x): try value.encode(x)
    case .string(let x): try value.encode(x)
    case .array(let x): try value.encode(x)
    case .object(let x): try value.encode(x)
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(Dictionary(uniqueKeysWithValues: elements)) }
  public init(nilLiteral: ()) { self = .null }
}

private func explain(_ error: DecodingError) -> String {
  switch error {
  case .dataCorrupted(let context):
    if let inner = context.underlyingError { "\(inner)" } else { context.debugDescription }
  case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
    context.debugDescription
  @unknown default: "\(error)"
  }
}
