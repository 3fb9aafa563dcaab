/// What can be wrong inside a CoNLL file, as facts, and the message made of them. Does not cover a file that cannot be read.
public struct CoNLLFault: Error, Equatable {
  public let file: String
  /// The first bad lines, at most five. Empty: the file has no sentences at all.
  public let badLines: [BadLine]
  public let badLineCount: Int

  public struct BadLine: Sendable, Equatable {
    /// From 1.
    public let line: Int
    public let text: String
    public let problem: Problem
  }

  public enum Problem: Sendable, Equatable {
    case notUTF8
    /// The first line is too short for the columns asked for.
    case tooFewColumns(found: Int, word: Int, label: Int)
    /// A line differs from the first.
    case columns(found: Int, expected: Int, as: Int)
    case emptyWord
    case tag(String)
  }
}

extension CoNLLFault: CustomStringConvertible {
  public var description: String {
    guard badLineCount > 0 else {
      return "\(file): found no sentences; expected one word and its tag a line, and a blank line between sentences. "
        + "Is this the right file?"
    }
    let shown = badLines.map { "\(file):\($0.line): \($0.problem) (\"\($0.text)\")" }
    let rest = badLineCount > badLines.count ? ["… and \(badLineCount - badLines.count) more bad lines."] : []
    return (shown + rest + advice).joined(separator: "\n")
  }

  /// One sentence for each kind of problem shown.
  private var advice: [String] {
    var seen: [String] = []
    for line in badLines where !seen.contains(line.problem.advice) { seen.append(line.problem.advice) }
    return seen
  }
}

extension CoNLLFault.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notUTF8: "found bytes that are not UTF-8; expected UTF-8 text"
    case .tooFewColumns(let found, let word, let label):
      "found \(count(found)); expected a word in column \(word) and a label in column \(label)"
    case .columns(let found, let expected, let line): "found \(count(found)); expected \(expected) as in line \(line)"
    case .emptyWord: "found an empty word; expected text in the word column"
    case .tag(let tag): "found the tag \"\(tag.prefix(40))\"; expected O, or B-, I-, E-, S-, L- or U- with a type"
    }
  }

  var advice: String {
    switch self {
    case .notUTF8: "Convert the file to UTF-8, for example with iconv."
    case .tooFewColumns:
      "Set the word and label columns (0 is the first, -1 the last), or say that labels are optional for a file of words."
    case .columns:
      "Separate columns by one tab, or by spaces, in the same way throughout; "
        + "the first line with words decides. Comment lines are not part of the format."
    case .emptyWord: "Remove the line, or put the word back."
    case .tag: "Is the label column right? Columns count from 0; -1 is the last."
    }
  }
}

private func count(_ columns: Int) -> String { columns == 1 ? "1 column" : "\(columns) columns" }
