/// The type of `method.alpha`: a number, or a multiple of the rank.
import Files

extension FieldType<Double> {
  /// A number above 0; "rank" and "2*rank" are resolved with `rank`, so that a sweep over the rank keeps alpha / rank.
  static func alpha(rank: Int) -> Self {
    let number = number(above: 0), expected = "\(number.expected), \"rank\", or \"N*rank\" with a number N"
    return Self(
      expected,
      schema: Schema.either(number.schema, ["type": "string", "pattern": .string("^\(multipleOfRank)$")]),
      read: { json, location in
        switch json {
        case .int, .double: return number.read(json, location)
        case .string(let text):
          if let factor = factorOfRank(text) { return number.read(.double(factor * Double(rank)), location) }
        default: break
        }
        location.wrong(json, expected: expected)
        return nil
      }, write: number.write)
  }
}

/// A factor is written as 2, 0.5 or 1.5; it is not 0.
private let multipleOfRank = #"((0\.0*[1-9][0-9]*|[1-9][0-9]*(\.[0-9]+)?)\*)?rank"#

/// 1 for "rank", 2 for "2*rank"; nil for another text.
private func factorOfRank(_ text: String) -> Double? {
  guard let regex = try? Regex(multipleOfRank), text.wholeMatch(of: regex) != nil else { return nil }
  return text == "rank" ? 1 : Double(text.dropLast("*rank".count))
}
