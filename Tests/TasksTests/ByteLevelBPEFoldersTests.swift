import Encoders
/// Byte-level BPE folders whose files agree and disagree, compared with transformers' AutoTokenizer: ids of texts, of pairs
/// with truncation, and of words with the first token of each.
import Files
import FoundationEssentials
import TestSupport
import Testing
import Tokenization

@testable import Tasks

/// See Tests/Fixtures/bpe/make_mixed.py.
private struct MixedFolders: Decodable {
  struct Folder: Decodable {
    struct Words: Decodable { var ids: [Int32], starts: [Int] }
    var name: String
    var golden: Int
    var files: JSON
    var error: [String]?
    /// Of the texts; of the pairs, each with at most 9 and 64 tokens; of the texts with at most 8.
    var ids, pairs, cut: [[Int32]]?
    var words: Words?
  }
  private struct Golden: Decodable { var files: [String: String] }

  var texts: [String], pairs: [[String]], words: [String], folders: [Folder]
  private var golden: [[String: String]] = []
  private enum CodingKeys: String, CodingKey { case texts, pairs, words, folders }

  init() throws {
    self = try JSONDecoder().decode(Self.self, from: readFile(fixture("bpe/mixed.json")))
    golden = try JSONDecoder().decode([Golden].self, from: readFile(fixture("bpe/golden.json"))).map(\.files)
  }

  /// Writes the folder's files to `path`.
  func write(_ folder: Folder, to path: String) throws {
    try makeFolder(path)
    let others = folder.files.object ?? [:]
    for (name, text) in golden[folder.golden] where others[name] == nil { try writeFile(text, to: "\(path)/\(name)") }
    for (name, contents) in others where contents != .null { try writeFile(contents.text(), to: "\(path)/\(name)") }
  }
}

private func expectResults(_ folder: MixedFolders.Folder, of tokenizer: any Tokenizer, _ mixed: MixedFolders) throws {
  let config = try ModelConfig(json: ["model_type": "roberta", "vocab_size": 400, "pad_token_id": 1], file: "config")
  let limited = try [8, 9, 64].map { try TextTokenizer(tokenizer, config, maxLength: $0) }
  #expect(mixed.texts.map { limited[2].encode($0).ids } == folder.ids, "\(folder.name)")
  #expect(mixed.texts.map { tokenizer.encode($0, addSpecialTokens: true).ids } == folder.ids, "\(folder.name)")
  #expect(mixed.texts.map { limited[0].encode($0).ids } == folder.cut, "\(folder.name)")
  let pairs = mixed.pairs.flatMap { pair in limited[1...].map { $0.encode(pair[0], pair[1]) } }
  #expect(pairs.map(\.ids) == folder.pairs, "\(folder.name)")
  let words = limited[2].tokenize(mixed.words), first = tokenizer.template.before.count
  #expect(words.wordStarts.map { $0 + first } == folder.words?.starts, "\(folder.name)")
  #expect(limited[2].windows(words).map { limited[2].ids(words, $0) } == [folder.words?.ids], "\(folder.name)")
}

@Suite struct ByteLevelBPEFoldersTests {
  @Test func `folders of byte-level BPE have transformers' ids, or an error that names the files`() throws {
    let mixed = try MixedFolders()
    #expect(mixed.folders.count >= 23)
    for folder in mixed.folders {
      try inNewFolder { path in
        try mixed.write(folder, to: path)
        do {
          let tokenizer = try loadTokenizer(folder: path)
          #expect(folder.error == nil, "\(folder.name): no error")
          try expectResults(folder, of: tokenizer, mixed)
          try tokenizer.save(to: path + "/saved", hasTokenTypes: false)
          let saved = try loadTokenizer(folder: path + "/saved")
          #expect(saved.identity == tokenizer.identity, "\(folder.name)")
          try expectResults(folder, of: saved, mixed)
        } catch let fault as TokenizerFault {
          let isExpected = folder.error.map { $0.allSatisfy("\(fault)".contains) } == true
          #expect(isExpected, "\(folder.name): \(fault)")
        }
      }
    }
  }

  @Test func `windows hold every token of a text, and labeled words have the tokens of words in training`() throws {
    let mixed = try MixedFolders()
    for folder in mixed.folders where ["RoBERTa", "ModernBERT"].contains(folder.name) {
      try inNewFolder { path in
        try mixed.write(folder, to: path)
        let config = try ModelConfig(json: ["model_type": "roberta", "vocab_size": 400], file: "config")
        let tokenizer = try TextTokenizer(loadTokenizer(folder: path), config, maxLength: 10, stride: 3)
        for text in mixed.texts + ["   ", " \n  a"] {
          let (template, all) = (tokenizer.tokenizer.template, tokenizer.tokenizer.ids(of: text))
          let windows = tokenizer.windows(of: text).map { $0.ids.dropFirst(template.before.count).dropLast() }
          var end = 0
          for window in windows {
            let start = (0...end).last { all[$0...].starts(with: window) }
            #expect(start != nil, "\(text.debugDescription)")
            end = max(end, (start ?? 0) + window.count)
          }
          #expect(end == all.count, "\(text.debugDescription)")
        }
        let text = " IL-2  (naïve)."
        for (rule, words) in [
          (WordSplitting.punctuation, ["IL", "-", "2", "(", "naïve", ")", "."]),
          (.outerPunctuation, ["IL-2", "(", "naïve", ")", "."]), (.whitespace, ["IL-2", "(naïve)."]),
        ] {
          let (tokens, ranges) = rule.words(of: text, tokenizer), expected = tokenizer.tokenize(words)
          #expect(tokens.ids == expected.ids && tokens.wordStarts == expected.wordStarts)
          let scalars = Array(text.unicodeScalars)
          #expect(ranges.map { String(String.UnicodeScalarView(scalars[$0])) } == words)
        }
      }
    }
  }
}
