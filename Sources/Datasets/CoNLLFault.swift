/// Errors in the content of a CoNLL file. A file that cannot be read is a `FileFault`.
import Files

package struct CoNLLFault: Error, Equatable {
  package let file: String
  /// The first invalid lines, at most five. Empty if the file has no sentences.
  package let badLines: [BadLine]
  package let badLineCount: Int

  package struct BadLine: Sendable, Equatable {
    /// Counted from 1.
    package let line: Int
    package let text: String
    package let problem: Problem
  }

  package enum Problem: Sendable, Equatable {
    case notUTF8
    /// The first line has fewer columns than `CoNLLColumns` requires.
    case tooFewColumns(found: Int, word: Int, label: Int)
    /// The number of columns differs from that of line `as`, the first with words.
    case columns(found: Int, expected: Int, as: Int)
    case emptyWord
    case tag(String)
  }
}

extension CoNLLFault: DataFault {
  package var withoutText: CoNLLFault {
    CoNLLFault(
      file: file, badLines: badLines.map { BadLine(line: $0.line, text: "", problem: $0.problem) },
      badLineCount: badLineCount)
  }
}

extension CoNLLFault: CustomStringConvertible {
  package var description: String {
    guard badLineCount > 0 else {
      return "\(file): found no sentences; expected one word and its tag per line, and a blank line between sentences. "
        + "Is this the right file?"
    }
    let lines = badLines.map { "\(file):\($0.line): \($0.problem)" + ($0.text.isEmpty ? "" : " (\"\($0.text)\")") }
    return report(lines, of: badLineCount, advice: badLines.map(\.problem.advice))
  }
}

extension CoNLLFault.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notUTF8: "found bytes that are not UTF-8; expected UTF-8 text"
    case .tooFewColumns(let found, let word, let label):
      "found \(counted(found, "column")); expected a word in \(column(word)) and a label in \(column(label))"
    case .columns(let found, let expected, let line):
      "found \(counted(found, "column")); expected \(expected) as in line \(line)"
    case .emptyWord: "found an empty word; expected text in the word column"
    case .tag(let tag): "found the tag \"\(tag.prefix(40))\"; expected O, or B-, I-, E-, S-, L- or U- with a type"
    }
  }

  var advice: String {
    switch self {
    case .notUTF8: "Convert the file to UTF-8, for example with iconv."
    case .tooFewColumns:
      "Set the word and label columns ('data.word_column' and 'data.label_column'; 0 is the first). Training data need tags."
    case .columns:
      "Separate all columns by tabs, or all by spaces, as in the first line with words. "
        + "Comment lines are not part of the format."
    case .emptyWord: "Remove the line or add the word."
    case .tag:
      "Is the label column correct ('data.label_column': an index from 0, \"first\" or \"last\")? A header line is not "
        + "part of the format. If the tags are types without a prefix, set the scheme to \"io\"."
    }
  }
}

private func column(_ index: Int) -> String { index == -1 ? "the last column" : "column \(index)" }
