/// The sets of a suite that are in a folder, written in the form that recipes read. Trains nothing.
import Datasets
import Files

package struct PreparedSuite: Sendable {
  /// A set that was found.
  package struct Found: Sendable {
    package let set: SuiteSet
    /// The folder that it was read from.
    package let folder: String
    /// Of train, dev and test, counted as the suite's table does.
    package let sizes: [Int]
    /// The files that recipes read: train, dev and test.
    let files: [String]
    /// Why other folders with its name, which come before, were not read.
    package let refused: [String]

    /// Whether a size differs by more than a hundredth from the suite's table: it is another set, or a part.
    var hasOtherSizes: Bool { zip(sizes, set.sizes).contains { abs($0 - $1) * 100 > $1 } }

    /// How the sizes differ from the suite's table; nil: they do not.
    package var difference: String? {
      sizes == set.sizes
        ? nil
        : "its table has \(PreparedSuite.text(set.sizes)) \(set.unit.rawValue), these files \(PreparedSuite.text(sizes))"
    }
  }

  package enum State: Sendable {
    case found(Found)
    /// No folder has its name.
    case missing(names: [String])
    /// There is a folder with its name, but not the set in a known layout.
    case refused(why: String)
  }

  package let suite: Suite
  /// Where the sets were looked for.
  package let roots: [String]
  /// Of each set of the suite.
  package let states: [State]

  package var found: [Found] { states.compactMap { if case .found(let found) = $0 { found } else { nil } } }

  /// Looks for the sets in `data`, and writes those that are there to `output`. Files that are the same already stay.
  /// - Throws: `FileFault` if there is no folder `data` or no set in it, or `output` cannot be written or has other data.
  package init(_ suite: Suite, in data: String, writingTo output: String) throws {
    guard isFolder(data) else { throw FileFault.missing(path: data) }
    self.suite = suite
    roots = SetFolder.roots(data)
    states = try suite.sets.map { set in
      let folders = try SetFolder.all(of: set, in: data)
      var refused: [String] = []
      for folder in folders {
        let splits: [[Record]]
        do {
          splits = try SetReader(suite: suite.name, set: set, folder: folder).records()
          try set.checkSizes(splits, suite: suite.name, folder.path)
        } catch {
          refused.append("\(error)")
          continue
        }
        let name = safeFolderName(set.name)
        let files = try zip(["train", "dev", "test"], splits).map { split, records in
          try Self.write(records, "\(output)/\(name)/\(split)")
        }
        return .found(
          Found(set: set, folder: folder.path, sizes: splits.map(set.size), files: files, refused: refused))
      }
      return folders.isEmpty ? .missing(names: set.folders) : .refused(why: refused.joined(separator: " "))
    }
    if found.isEmpty {
      let why = states.compactMap { if case .refused(let why) = $0 { why } else { nil } }
      throw FileFault.malformed(
        file: data, line: nil,
        found: why.isEmpty
          ? "found none of \(suite.name)'s sets" : "found none of \(suite.name)'s sets: " + why.joined(separator: " "),
        expected: "folders such as \(suite.sets.prefix(3).map { $0.folders[0] }.joined(separator: ", "))")
    }
  }

  /// CoNLL for words with tags, or else JSON lines. Returns the file's path. What runs have read is never replaced.
  private static func write(_ records: [Record], _ path: String) throws -> String {
    var text = ""
    if records.contains(where: { !$0.words.isEmpty }) {
      var document: String?
      for record in records {
        if let own = record.source?.document, own != document {
          text += "-DOCSTART-\tO\n\n"
          document = own
        }
        for (word, tag) in zip(record.words, record.tags) { text += "\(word)\t\(tag)\n" }
        text += "\n"
      }
    } else {
      for record in records { text += record.json.text(pretty: false) + "\n" }
    }
    let file = path + (records.first?.words.isEmpty == false ? ".tsv" : ".jsonl")
    if !fileExists(file) {
      try makeFolder(parentFolder(of: path))
      try writeFile(text, to: file)
    } else if try readText(file, limit: .max) != text {
      throw FileFault.malformed(
        file: file, line: nil, found: "found other data than that of --data, from an earlier call",
        expected: "another --output for other data")
    }
    return file
  }

  /// "450 / 50 / 500".
  package static func text(_ sizes: [Int]) -> String { sizes.map(String.init).joined(separator: " / ") }
}

extension SuiteSet {
  /// The number that the suite's table has of a split.
  func size(_ records: [Record]) -> Int {
    switch unit {
    case .entities: records.reduce(0) { $0 + $1.tags.count { $0.hasPrefix("B") } }
    case .words: records.reduce(0) { $0 + $1.tags.count { $0 != "O" } }
    case .relations: records.count { $0.labels != ["0"] }
    case .examples, .pairs, .documents, .questions: records.count
    }
  }

  /// BLURB's HoC has 53 test documents without a label, for which BLUE has no rule.
  fileprivate func checkSizes(_ splits: [[Record]], suite: String, _ folder: String) throws(LookAlikeFault) {
    guard metric == "f1_blue", splits.map(\.count) == Suite.blurb.sets.first(where: { $0.name == name })?.sizes else {
      return
    }
    throw LookAlikeFault(
      file: folder, expected: "\(suite)'s HoC",
      found: "its \(splits[2].count) test documents are BLURB's, of which some have no label; BLUE's are \(sizes[2])",
      advice: "'tune blurb' without --suite blue scores them by BLURB's rule.")
  }
}

extension Record {
  fileprivate var json: JSON {
    var members: [String: JSON] = ["id": .string(id), "text": .string(texts[0])]
    if texts.count > 1 { members["text_pair"] = .string(texts[1]) }
    members["label"] = value.map(JSON.double) ?? .string(labels.joined(separator: ","))
    return .object(members)
  }
}
