import Encoders
/// Encoding of texts and pairs of texts compared with the tokenizers library, and their windows.
import Files
import Hashing
import TestSupport
import Testing
import Tokenization

@testable import Tasks

private let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
private let folder = root + "/checkpoints/biomed-mini-l3"

@Suite struct PairEncodingTests {
  let wordPiece: WordPiece
  let config: ModelConfig

  init() throws {
    wordPiece = try WordPiece(folder: folder)
    config = try ModelConfig(folder: folder)
  }

  private func tokenizer(_ maxLength: Int, stride: Int? = nil) throws -> TextTokenizer {
    try TextTokenizer(wordPiece, config, maxLength: maxLength, stride: stride)
  }

  @Test func `longest_first keeps as many tokens as the tokenizers library`() throws {
    let table = try JSON(path: fixture("pair-encoding/truncation.json")).array ?? []
    #expect(table.count == 17)
    for (room, rows) in table.enumerated() {
      for (first, row) in (rows.array ?? []).enumerated() {
        let kept = (0..<15).map { second in
          let (a, b) = longestFirst(first, second, room: room)
          return String(a, radix: 16) + String(b, radix: 16)
        }
        #expect(kept.joined(separator: " ") == row.string, "room \(room), first \(first)")
      }
    }
  }

  @Test func `ids and token type ids equal those of the tokenizers library`() throws {
    let cases = try JSON(path: fixture("pair-encoding/pairs.json")).array ?? []
    #expect(cases.count == 120)
    for golden in cases {
      let first = golden["first"]?.string ?? "", second = golden["second"]?.string
      for expected in (golden["encodings"]?.array ?? []).compactMap(\.array) {
        let encoding = try tokenizer(expected[0].int ?? 0).encode(first, second)
        #expect(encoding.ids.map { "\($0)" }.joined(separator: " ") == expected[1].string, "\(first)")
        #expect(encoding.tokenTypeIDs.map { "\($0)" }.joined() == expected[2].string)
        #expect(encoding.truncated == expected[3].int)
      }
    }
  }

  @Test func `texts without tokens are only special tokens`() throws {
    let tokenizer = try tokenizer(8), cls = wordPiece.cls, sep = wordPiece.sep
    for empty in ["", " \n", "\u{7}"] {
      #expect(
        tokenizer.encode(empty)
          == PairEncoding(
            ids: [cls, sep], tokenTypeIDs: [0, 0], firstTokens: 0..<0, secondTokens: nil, truncated: 0))
      let pair = PairEncoding(
        ids: [cls, sep, sep], tokenTypeIDs: [0, 0, 1], firstTokens: 0..<0, secondTokens: 0..<0, truncated: 0)
      #expect(tokenizer.encode(empty, empty) == pair)
      #expect(tokenizer.windows(of: empty).map(\.ids) == [[cls, sep]])
      #expect(tokenizer.windows(of: empty, empty) == [pair])
    }
  }

  @Test func `texts that fit have one window, equal to their encoding`() throws {
    let tokenizer = try tokenizer(16), first = "renal failure.", second = "The dose was 4 mg."
    #expect(tokenizer.windows(of: first) == [tokenizer.encode(first)])
    #expect(tokenizer.windows(of: first, second) == [tokenizer.encode(first, second)])
  }

  @Test func `windows contain every token of a text, also of words longer than a window`() throws {
    var generator = SplitMix64(seed: 1)
    let words = ["dose", "nausea", "pharmacokinetically", "x-ray", "qzxqzxqzxqzxqzxqzxqzxqzx", "."]
    for _ in 0..<200 {
      let text = (0..<Int.random(in: 1...60, using: &generator)).map { _ in words.randomElement(using: &generator)! }
        .joined(separator: " ")
      let length = Int.random(in: 8...40, using: &generator)
      let tokenizer = try tokenizer(length, stride: Int.random(in: 0..<(length + 1) / 2, using: &generator))
      let windows = tokenizer.windows(of: text).map(\.ids)
      #expect(windows.allSatisfy { $0.count <= length && $0.first == wordPiece.cls && $0.last == wordPiece.sep })
      expectCoverage(windows.map { Array($0.dropFirst().dropLast()) }, of: wordPiece.ids(of: text))
    }
  }

  /// Adjacent windows touch or overlap, each has a new token, and their union is `ids`.
  private func expectCoverage(_ windows: [[Int32]], of ids: [Int32]) {
    // The ends that the windows so far can have in `ids`.
    var ends: Set<Int> = [0]
    for window in windows {
      let starts = (0...ids.count - window.count).filter { Array(ids[$0..<$0 + window.count]) == window }
      ends = Set(
        starts.filter { start in ends.contains { start <= $0 && $0 < start + window.count } }
          .map { $0 + window.count })
    }
    #expect(ends.contains(ids.count), "\(windows) \(ids)")
  }

  @Test func `windows of a pair run over the longer text and repeat the shorter one`() throws {
    let tokenizer = try tokenizer(20, stride: 2), question = "is the dose safe ?", sep = wordPiece.sep
    let text = Array(repeating: "the dose was low .", count: 6).joined(separator: " ")
    let shorter = wordPiece.ids(of: question)
    let second = tokenizer.windows(of: question, text)
    #expect(second.count > 2 && second.allSatisfy { $0.ids.count <= 20 && $0.truncated == 0 })
    for window in second { #expect(window.ids.starts(with: [wordPiece.cls] + shorter + [sep])) }
    expectCoverage(second.map { Array($0.ids.dropFirst(shorter.count + 2).dropLast()) }, of: wordPiece.ids(of: text))
    let first = tokenizer.windows(of: text, question)
    for window in first {
      #expect(window.ids.suffix(shorter.count + 2) == [sep] + shorter + [sep])
      #expect(window.tokenTypeIDs.count { $0 == 1 } == shorter.count + 1)
    }
    #expect(first.count == second.count)
  }

  @Test func `a shorter text that leaves too few tokens is truncated to half of the room`() throws {
    let tokenizer = try tokenizer(16), text = Array(repeating: "dose", count: 12).joined(separator: " ")
    let windows = tokenizer.windows(of: text, text)
    #expect(wordPiece.ids(of: text).count == 12)
    for window in windows {
      #expect(window.truncated == 6 && window.ids.count <= 16)
      #expect(window.tokenTypeIDs.prefix(9) == [0, 0, 0, 0, 0, 0, 0, 0, 1])
    }
    #expect(windows.count == 3)
  }

  @Test func `windows of pairs are never longer than max_length and contain every token of the longer text`() throws {
    var generator = SplitMix64(seed: 2)
    for _ in 0..<300 {
      let texts = (0..<2).map { _ in
        (0..<Int.random(in: 0...25, using: &generator)).map { _ in
          ["dose", "of", "pharmacokinetically", "x-ray"].randomElement(using: &generator) ?? ""
        }.joined(separator: " ")
      }
      let length = Int.random(in: 8...40, using: &generator), tokenizer = try tokenizer(length)
      let ids = texts.map { wordPiece.ids(of: $0) }
      let longer = ids[1].count >= ids[0].count ? 1 : 0
      let windows = tokenizer.windows(of: texts[0], texts[1]).map { encoding in
        #expect(encoding.ids.count <= length && encoding.ids.count == encoding.tokenTypeIDs.count)
        let separator = encoding.tokenTypeIDs.count { $0 == 0 } - 1
        let parts = [Array(encoding.ids[1..<separator]), Array(encoding.ids[(separator + 1)...].dropLast())]
        #expect(parts[1 - longer].count + encoding.truncated == ids[1 - longer].count)
        return parts[longer]
      }
      if !ids[longer].isEmpty { expectCoverage(windows, of: ids[longer]) }
    }
  }
}
