import Files
/// What the runs of a sweep are called: short, readable, different, and safe as a folder's name.
import Hashing
import Models

extension Sweep {
  /// A folder's name may have 255 bytes.
  private static let longestValue = 40, longestName = 200

  /// A name for each combination of values, `learning_rate=0.003,rank=8,seed=1`. A key is its last part where no other
  /// axis ends so. Names that are too long, or would be the same, get a number made of the values.
  static func names(_ combinations: [[(path: String, value: JSON)]]) -> [String] {
    let paths = combinations.first?.map(\.path) ?? []
    let ends = paths.map { $0.split(separator: ".").last.map(String.init) ?? $0 }
    let keys = zip(paths, ends).map { path, end in safe(ends.count { $0 == end } > 1 ? path : end) }
    let plain = combinations.map { values in
      zip(keys, values).map { "\($0)=\(word($1.value))" }.joined(separator: ",")
    }
    let counts = Dictionary(plain.map { ($0.lowercased(), 1) }, uniquingKeysWith: +)
    return zip(plain, combinations).map { name, values in
      if counts[name.lowercased()] == 1, name.utf8.count <= longestName { return name }
      let text = values.map { "\($0.path)=\($0.value.text(pretty: false))" }.joined(separator: ",")
      let digest = String(fnv1a(text), radix: 16)
      return "\(name.prefix(longestName - digest.count - 1))-\(digest)"
    }
  }

  /// A value in a few safe characters.
  private static func word(_ value: JSON) -> String {
    switch value {
    // The end of a path says more than its beginning.
    case .string(let text): return safe(String(text.suffix(longestValue)))
    case .array(let elements): return short(elements.map { $0.string ?? $0.text(pretty: false) })
    case .object(var members):
      let type = members.removeValue(forKey: "type").map { [$0.string ?? $0.text(pretty: false)] } ?? []
      let others = members.sorted { $0.key < $1.key }.map {
        "\($0.key)-\($0.value.string ?? $0.value.text(pretty: false))"
      }
      return short(type + others)
    default: return short([value.text(pretty: false)])
    }
  }

  private static func short(_ words: [String]) -> String {
    safe(String(words.joined(separator: "+").prefix(longestValue)))
  }

  private static func safe(_ text: String) -> String {
    String(
      text.map { letter in
        letter.isASCII && (letter.isLetter || letter.isNumber || "._+-".contains(letter)) ? letter : "-"
      })
  }
}
