import Encoders
/// Names for the runs of a sweep: short, readable, distinct, and safe as folder names.
import Files
import Hashing

extension Sweep {
  /// In bytes; file systems allow 255 for a folder's name.
  private static let maxValueLength = 40, maxNameLength = 200

  /// A name for each combination of values, `learning_rate=0.003,rank=8,seed=1`. A key is shortened to its last part if
  /// that is unique among the axes. Names that are too long or not unique get a hash of the values.
  static func names(_ combinations: [[(path: String, value: JSON)]]) -> [String] {
    let paths = combinations.first?.map(\.path) ?? []
    let lastParts = paths.map { $0.split(separator: ".").last.map(String.init) ?? $0 }
    let keys = zip(paths, lastParts).map { path, last in
      safeFolderName(lastParts.count { $0 == last } > 1 ? path : last)
    }
    let plain = combinations.map { values in
      zip(keys, values).map { "\($0)=\(shortName(of: $1.value))" }.joined(separator: ",")
    }
    let counts = Dictionary(plain.map { ($0.lowercased(), 1) }, uniquingKeysWith: +)
    return zip(plain, combinations).map { name, values in
      if counts[name.lowercased()] == 1, name.utf8.count <= maxNameLength { return name }
      let text = values.map { "\($0.path)=\($0.value.text(pretty: false))" }.joined(separator: ",")
      let digest = String(fnv1a(text), radix: 16)
      return "\(name.prefix(maxNameLength - digest.count - 1))-\(digest)"
    }
  }

  /// A value in a few characters that are safe in a folder's name.
  private static func shortName(of value: JSON) -> String {
    switch value {
    // The end of a path is its most specific part.
    case .string(let text): return safeFolderName(String(text.suffix(maxValueLength)))
    case .array(let elements): return joined(elements.map { $0.string ?? $0.text(pretty: false) })
    case .object(var members):
      let type = members.removeValue(forKey: "type").map { [$0.string ?? $0.text(pretty: false)] } ?? []
      let rest = members.sorted { $0.key < $1.key }.map {
        "\($0.key)-\($0.value.string ?? $0.value.text(pretty: false))"
      }
      return joined(type + rest)
    default: return joined([value.text(pretty: false)])
    }
  }

  private static func joined(_ parts: [String]) -> String {
    safeFolderName(String(parts.joined(separator: "+").prefix(maxValueLength)))
  }

}

/// The text with "-" in place of characters that are not safe in a folder's name.
package func safeFolderName(_ text: String) -> String {
  String(
    text.map { character in
      character.isASCII && (character.isLetter || character.isNumber || "._+-".contains(character)) ? character : "-"
    })
}
