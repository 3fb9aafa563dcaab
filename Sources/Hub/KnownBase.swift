/// A biomedical or clinical base model on the Hub, as its model card describes it. `docs/bases.md` has the same list.
public import Files

public struct KnownBase: Sendable {
  /// Its name on the Hub.
  public let name: String
  public let family: String
  /// "layers × hidden size".
  public let size: String
  /// "cased" or "uncased".
  public let letterCase: String
  public let licence: String
  /// The file with the weights.
  public let weights: String
  /// What it was trained on, and what to watch for.
  public let notes: String
  /// Why `tune` cannot open it; nil: it can.
  public let obstacle: String?

  public var opens: Bool { obstacle == nil }

  /// When the facts were collected, and from what.
  public static let date =
    "Collected on 28 November 2026 from stored copies of the model cards; the Hub may have changed since"

  /// All facts, with their titles.
  public var facts: [(title: String, value: String)] {
    [
      ("name", name), ("family", family), ("layers × hidden size", size), ("letter case", letterCase),
      ("licence", licence), ("weights", weights), ("notes", notes), ("opens", obstacle.map { "no: " + $0 } ?? "yes"),
    ]
  }

  public var json: JSON {
    [
      "name": .string(name), "family": .string(family), "size": .string(size), "letter_case": .string(letterCase),
      "licence": .string(licence), "weights": .string(weights), "notes": .string(notes), "opens": .bool(opens),
      "obstacle": obstacle.map(JSON.string) ?? .null,
    ]
  }

  /// The list of `docs/bases.md`.
  public static var markdown: String {
    all.map { base in
      "### \(base.name)\n\n"
        + base.facts.dropFirst().map { "- \($0.title): \($0.value)\n" }.joined()
    }.joined(separator: "\n")
  }
}
