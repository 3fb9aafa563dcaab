/// Conversion between JSON trees and Codable types, for the parts of files that only tune writes.
internal import FoundationEssentials

extension JSON {
  /// The tree that `value` encodes to.
  package init(encoding value: some Encodable) throws {
    // JSONEncoder accepts no top-level scalar on every version; a list of one value is always accepted.
    let data = try JSONEncoder().encode([value])
    self = try JSON(parsing: data, named: "encoded value").array?.first ?? .null
  }

  /// The value of `type` that this tree encodes.
  /// - Throws: `FileFault.malformed` with the key path of the first member that is missing or of another type.
  package func decoded<Value: Decodable>(as type: Value.Type, file: String) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(text(pretty: false).utf8))
    } catch let error as DecodingError {
      throw fault(error, file)
    }
  }

  private func fault(_ error: DecodingError, _ file: String) -> FileFault {
    func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
      let keys = (context.codingPath + (last.map { [$0] } ?? [])).map(\.stringValue)
      return keys.isEmpty ? "the file" : "'\(keys.joined(separator: "."))'"
    }
    switch error {
    case .keyNotFound(let key, let context):
      return .malformed(file: file, line: nil, found: "no \(path(context, key))", expected: "this key")
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      let found = context.codingPath.reduce(Optional(self)) { $0?[$1.stringValue] }
      return .malformed(
        file: file, line: nil, found: "\(path(context)) is \(found?.text(pretty: false).prefix(60) ?? "not valid")",
        expected: "another value. \(context.debugDescription)".trimmingSuffix("."))
    @unknown default:
      return .malformed(file: file, line: nil, found: "\(error)", expected: "a file that tune wrote")
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}

extension JSON: Codable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package init(from decoder: any Decoder) throws {
    if let object = try? decoder.container(keyedBy: Key.self) {
      self = .object(
        try .init(
          uniqueKeysWithValues: object.allKeys.map { ($0.stringValue, try object.decode(JSON.self, forKey: $0)) }))
      return
    }
    if var list = try? decoder.unkeyedContainer() {
      var elements: [JSON] = []
      while !list.isAtEnd { elements.append(try list.decode(JSON.self)) }
      self = .array(elements)
      return
    }
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool)
    } else if let int = try? value.decode(Int.self) {
      self = .int(int)
    } else if let double = try? value.decode(Double.self) {
      self = .double(double)
    } else {
      self = .string(try value.decode(String.self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    switch self {
    case .object(let members):
      var object = encoder.container(keyedBy: Key.self)
      for (key, value) in members { try object.encode(value, forKey: Key(stringValue: key)) }
    case .array(let elements):
      var list = encoder.unkeyedContainer()
      for element in elements { try list.encode(element) }
    default:
      var value = encoder.singleValueContainer()
      switch self {
      case .bool(let bool): try value.encode(bool)
      case .int(let int): try value.encode(int)
      case .double(let double): try value.encode(double)
      case .string(let string): try value.encode(string)
      default: try value.encodeNil()
      }
    }
  }
}
