/// What is wrong with the data of a run, and what they are like, before it trains. Does not change them.
import Datasets
package import Files

/// Counts by split, and what a user should mend. It has no text of the data, unless this is asked for.
///
/// ```swift
/// let check = try RunBuilder(recipe, threads: 1).checkData(showText: false)[0].check
/// check.problems  // ["3 of 940 sentences of test are also in train, such as test.tsv:12 in train.tsv:5: …"]
/// ```
package struct DataCheck: Sendable {
  /// The plural of what an example is called: "sentences".
  package let noun: String
  /// Those of the run, train first.
  package let splits: [SplitReport]
  /// Examples of one split that are in another, too; a pair of splits without any is left out.
  package let shared: [SharedExamples]
  /// nil: the task weights no labels.
  package let weights: SuggestedWeights?
  private let dataNotes: [String]

  /// - Throws: the errors of the data's readers.
  package init(_ setup: TaskSetup, _ data: TaskData, _ tokenizer: TextTokenizer, showText: Bool = false) throws {
    var scans = try data.files.map { split, paths in try SplitScan(split, paths, setup, data, tokenizer) }
    for index in scans.indices { scans[index].showsText = showText }
    let repeats = RepeatedExamples(scans)
    noun = scans.first?.noun ?? "records"
    splits = scans.enumerated().map { index, scan in
      SplitReport(scan, repeats, index, drift: index == 0 ? nil : Drift(from: scans[0], to: scan))
    }
    shared = scans.indices.flatMap { first in
      scans.indices.dropFirst(first + 1).compactMap { SharedExamples(repeats, scans, first, $0) }
    }
    dataNotes = setup.dataNotes
    weights = scans.first { $0.split == .train }.flatMap { SuggestedWeights($0, setup.inference) }
  }
}

/// Examples with a property: their number, and where the first of them are.
package struct FoundExamples: Sendable, Equatable {
  package internal(set) var count = 0
  /// At most five.
  package internal(set) var examples: [ExamplePlace] = []

  static let limit = 5

  mutating func add(_ place: @autoclosure () -> ExamplePlace) {
    count += 1
    if examples.count < Self.limit { examples.append(place()) }
  }

  var json: JSON { ["count": .int(count), "examples": .array(examples.map(\.json))] }
}

/// Where an example is.
package struct ExamplePlace: Sendable, Equatable {
  /// "train.tsv:12"
  package let place: String
  /// nil: it has none but its place.
  package let id: String?
  /// The place of the example that it is equal to.
  package var other: String?
  /// Its beginning; nil: it was not asked for.
  package var text: String?

  /// "train.tsv:12 (id 7)"
  package var description: String { place + (id.map { " (id \($0))" } ?? "") + (other.map { " and \($0)" } ?? "") }

  var json: JSON {
    var members: [String: JSON] = ["place": .string(place)]
    members["id"] = id.map(JSON.string)
    members["other"] = other.map(JSON.string)
    members["text"] = text.map(JSON.string)
    return .object(members)
  }
}

extension DataCheck {
  /// What should be mended before training, each with what to do.
  package var problems: [String] {
    splits.flatMap(\.problems)
      + shared.map { shared in
        let first = shared.found.examples.first.map { ", such as \($0.place) and \($0.other ?? "")" } ?? ""
        return shared.found.count > 0
          ? "\(shared.found.count) of \(shared.total) \(noun) of \(shared.other.rawValue) are also in "
            + "\(shared.first.rawValue)\(first): scores on \(shared.other.rawValue) are too high; remove them from one of the two"
          : "\(shared.documents) documents have \(noun) in both \(shared.first.rawValue) and \(shared.other.rawValue): "
            + "split the data by document"
      }
  }

  /// What a user should know.
  package var notes: [String] { splits.flatMap { $0.notes(noun) } + dataNotes }

  package var json: JSON {
    [
      "noun": .string(noun),
      "splits": .object(Dictionary(uniqueKeysWithValues: splits.map { ($0.split.rawValue, $0.json) })),
      "shared": .array(shared.map(\.json)), "suggested": weights?.json ?? .null,
      "problems": .array(problems.map(JSON.string)), "notes": .array(notes.map(JSON.string)),
    ]
  }
}
