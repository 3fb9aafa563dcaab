/// Blocks of a corpus: packing, independence of threads, and errors.
import Files
import FoundationEssentials
import TestSupport
import Testing
import Tokenization

@testable import Tasks

/// [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, a…z 5…30, ##a…##z 31…56, then `extraTokens` tokens w0, w1, …
func letters(extraTokens: Int = 0) throws -> WordPiece {
  let alphabet = (0..<26).map { String(Unicode.Scalar(UInt8(0x61 + $0))) }
  let specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
  return try WordPiece(
    vocabulary: specialTokens + alphabet + alphabet.map { "##" + $0 } + (0..<extraTokens).map { "w\($0)" },
    lowercase: true)
}

struct TokenStoreTests {
  let folder = TemporaryFolder()

  private func store(
    _ documents: [String], maxLength: Int = 12, pack: Bool = true, threads: Int = 1, extraTokens: Int = 0
  ) throws -> TokenStore {
    let path = folder.path + "/corpus.txt"
    try writeFile(documents.joined(separator: "\n"), to: path)
    return try TokenStore(
      paths: [path], tokenizer: letters(extraTokens: extraTokens), maxLength: maxLength, pack: pack, threads: threads,
      folder: folder.path)
  }

  private func blocks(_ store: TokenStore) -> [String] {
    let tokenizer = try? letters()
    return (0..<store.count).map { block in
      store[block].map { tokenizer?.token($0) ?? "" }.joined(separator: " ")
        .replacing("[CLS]", with: "<").replacing("[SEP]", with: ">")
    }
  }

  @Test func `packed documents are separated by a SEP token`() throws {
    // After the second document, only a [SEP] would fit; the third ends at the end of a block.
    let store = try store(["a b c", "d e f g h", "i j k l m n o p q r", "s t u v w x y z", "a b c d e f g"])
    #expect(
      blocks(store) == [
        "< a b c > d e f g h >", "< i j k l m n o p q r >", "< s t u v w x y z > a >",
      ])
    #expect(store.lengths == [11, 12, 12] && store.tokens == 35 && store.droppedTokens == 6 && store.documents == 5)
  }

  @Test func `a long document continues in the next block, which the next document shares`() throws {
    let store = try store(["abcdefghijklmn", "o p q r s t"])
    #expect(blocks(store)[0] == "< a ##b ##c ##d ##e ##f ##g ##h ##i ##j >")
    #expect(blocks(store)[1] == "< ##k ##l ##m ##n > o p q r s >")
    #expect(store.count == 2 && store.droppedTokens == 1)
  }

  @Test func `without packing, each document has separate blocks, and last blocks below 8 tokens are dropped`() throws {
    let store = try store(["a b c d e f g h i j k l m", "n o p q r s t u", "v w x y z a b"], pack: false)
    #expect(blocks(store) == ["< a b c d e f g h i j >", "< n o p q r s t u >"])
    #expect(store.droppedTokens == 3 + 7)
  }

  @Test(arguments: [true, false]) func `threads do not change the blocks`(_ pack: Bool) throws {
    // Letters separated by spaces; the longest document has 79.
    let text = String(repeating: "a b c d e f g h i j k l m n o p q r s t u v w x y z ", count: 5)
    var documents: [String] = [], expected = 0
    for index in 0..<4000 {
      let count = 10 + index % 70
      documents.append(String(text.dropFirst(2 * (index % 26)).prefix(2 * count)))
      expected += count
    }
    let one = try store(documents, pack: pack), four = try store(documents, pack: pack, threads: 4)
    #expect(one.count > 10_000 && one.lengths == four.lengths)
    #expect((0..<one.count).allSatisfy { one[$0] == four[$0] })
    var tokens = 0
    for block in 0..<one.count { tokens += one[block].count { $0 > 4 } }
    #expect(tokens + one.droppedTokens == expected)
  }

  @Test(arguments: [true, false]) func `a line of several MiB has the tokens of its words`(_ pack: Bool) throws {
    let words = (0..<700_000).map { "abc".prefix(1 + $0 % 3) + "defg".prefix($0 % 5) }
    let store = try store(["x y z", words.joined(separator: " "), "k l m"], maxLength: 100, pack: pack, threads: 2)
    let tokenizer = try letters(), whole = words.flatMap { tokenizer.ids(of: String($0)) }
    let found = (0..<store.count).flatMap { store[$0].filter { $0 > 3 } }
    let expected = pack ? tokenizer.ids(of: "x y z") + whole + tokenizer.ids(of: "k l m") : whole
    #expect(store.documents == 3 && found[...] == expected.prefix(found.count))
    #expect(found.count + store.droppedTokens == whole.count + 6)
  }

  @Test func `counts are those of the tokens in the blocks`() throws {
    let store = try store(["a a b ##", "aa c a b c d e f"])
    var expected = [Int](repeating: 0, count: 60)
    for block in 0..<store.count { for id in store[block] { expected[Int(id)] += 1 } }
    #expect(store.counts(vocabulary: 60) == expected && expected[5] > 2 && expected[2] == store.count)
  }

  @Test func `ids above 65535 are stored correctly`() throws {
    let small = try store(["a b c d e f g h i"]), large = try store(["a b c d e f g h w65530"], extraTokens: 65_531)
    #expect(small[0] == [2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 3])
    #expect(large[0] == [2, 5, 6, 7, 8, 9, 10, 11, 12, 57 + 65_530, 3])
  }

  @Test func `a corpus without a block is rejected`() throws {
    let error = #expect(throws: FileFault.self) { try store(["a b c", ""]) }
    let message = "corpus.txt: no text of at least 8 tokens; expected documents, one per line."
    #expect(error?.description.contains(message) == true)
  }

  @Test(.enabled(if: TinyDisk.isPermitted, "mounting needs root")) func `a full disk is reported`() throws {
    let disk = try #require(TinyDisk())
    let path = folder.path + "/corpus.txt"
    try writeFile(String(repeating: "a b c d e f g h i j k l m n o p q r s t u v w x y z\n", count: 3000), to: path)
    let error = #expect(throws: FileFault.self) {
      try TokenStore(paths: [path], tokenizer: letters(), maxLength: 12, threads: 1, folder: disk.folder.path)
    }
    #expect(error == .scratch(folder: disk.folder.path, why: "No space left on device"))
  }
}
