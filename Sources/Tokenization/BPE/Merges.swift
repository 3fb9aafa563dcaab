/// Reads the merges of a BPE model from tokenizer.json or merges.txt. Does not know the vocabulary.
import Files

struct Merges: Sendable, Equatable {
  struct Pair: Sendable, Equatable {
    var left, right: String
  }

  /// The file that errors are reported for.
  var path: String
  /// By rank.
  var pairs: [Pair]

  /// `model.merges` of tokenizer.json.
  init(_ tree: JSON?, _ path: String) throws(TokenizerFault) {
    (self.path, pairs) = (path, [])
    for (index, merge) in try list(tree, "model.merges", path).enumerated() {
      // "a b", or ["a", "b"] as the library has written since version 0.20.
      if let text = merge.string {
        pairs.append(try Pair(Substring(text), index, path))
      } else if let parts = merge.array, parts.count == 2, let left = parts[0].string, let right = parts[1].string {
        pairs.append(Pair(left: left, right: right))
      } else {
        throw .mergeText(file: path, merge: index, found: merge.text(pretty: false))
      }
    }
  }

  /// The lines of a merges.txt, without `#version` lines and blank last lines.
  init(file path: String) throws {
    var lines = try readDownloadedText(path).utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      Substring(line.last == 0x0D ? line.dropLast() : line)
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    lines.removeAll { $0.hasPrefix("#version") }
    self.path = path
    pairs = try lines.enumerated().map { index, line throws(TokenizerFault) in try Pair(line, index, path) }
  }
}

extension Merges.Pair {
  fileprivate init(_ text: Substring, _ index: Int, _ file: String) throws(TokenizerFault) {
    let parts = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 2, let left = String(parts[0]), let right = String(parts[1]) else {
      throw .mergeText(file: file, merge: index, found: String(text))
    }
    self.init(left: left, right: right)
  }
}
