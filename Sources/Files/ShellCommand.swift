/// Command lines that a user can copy into a shell.

/// `words` as one line of a shell. Words with other characters than those of plain paths and settings are quoted; those that
/// would control the terminal in the form of bash, zsh and POSIX 2024: $'a\x1b'.
package func shellCommand(_ words: some Sequence<String>) -> String {
  words.map { word in
    if !word.isEmpty, word.utf8.allSatisfy(isPlain) { return word }
    if terminalText(word, keepingLines: false) == word { return "'" + word.replacing("'", with: "'\\''") + "'" }
    return "$'"
      + word.utf8.map { isPlain($0) ? String(UnicodeScalar($0)) : "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      .joined() + "'"
  }.joined(separator: " ")
}

private func isPlain(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: "-_./=,:+@%".utf8.contains(byte)
  }
}
