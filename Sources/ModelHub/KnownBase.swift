/// A biomedical or clinical base model on the Hub, as its model card describes it. `docs/bases.md` has the same list.
package import Files

package struct KnownBase: Sendable {
  /// Its name on the Hub.
  package let name: String
  package let family: String
  /// "layers × hidden size".
  package let size: String
  /// "cased" or "uncased".
  package let letterCase: String
  package let licence: String
  /// The file with the weights.
  package let weights: String
  /// What it was trained on, and what to watch for.
  package let notes: String
  /// Why `tune` cannot open it; nil: it can.
  package let obstacle: String?

  package var opens: Bool { obstacle == nil }

  /// When the facts were collected, and from what.
  package static let date =
    "Collected on 28 November 2026 from stored copies of the model cards; the Hub may have changed since"

  /// All facts, with their titles.
  package var facts: [(title: String, value: String)] {
    [
      ("name", name), ("family", family), ("layers × hidden size", size), ("letter case", letterCase),
      ("licence", licence), ("weights", weights), ("notes", notes), ("opens", obstacle.map { "no: " + $0 } ?? "yes"),
    ]
  }

  package var json: JSON {
    [
      "name": .string(name), "family": .string(family), "size": .string(size), "letter_case": .string(letterCase),
      "licence": .string(licence), "weights": .string(weights), "notes": .string(notes), "opens": .bool(opens),
      "obstacle": obstacle.map(JSON.string) ?? .null,
    ]
  }

  /// The list of `docs/bases.md`.
  package static var markdown: String {
    all.map { base in
      "### \(base.name)\n\n"
        + base.facts.dropFirst().map { "- \($0.title): \($0.value)\n" }.joined()
    }.joined(separator: "\n")
  }
}
