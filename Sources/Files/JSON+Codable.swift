/// Lets a `JSON` value be a member of a `Codable` type. Does not serve `JSON(parsing:)`, which is stricter and faster.
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
