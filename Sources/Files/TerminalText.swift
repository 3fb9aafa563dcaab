/// Text that a terminal shows: characters that would control it are written as escapes.

/// `text` with control characters, line separators and changes of the writing direction as JSON escapes, so that no label,
/// path or line of data moves the cursor, sets the title or hides what follows. In JSON the result means the same.
/// ```swift
/// terminalText("a\u{1B}[2Jb")   // a\u001b[2Jb
/// ```
/// - Parameter keepingLines: whether line feeds and tabs stay.
package func terminalText(_ text: String, keepingLines: Bool = true) -> String {
  guard text.utf8.contains(where: mayControlTerminal) else { return text }
  var shown = ""
  for scalar in text.unicodeScalars {
    if !controlsTerminal(scalar) || keepingLines && (scalar == "\n" || scalar == "\t") {
      shown.unicodeScalars.append(scalar)
    } else {
      let digits = String(scalar.value, radix: 16)
      shown += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }
  return shown
}

/// Whether a character that begins with this byte of UTF-8 may be one of `controlsTerminal`, or a line feed or tab.
private func mayControlTerminal(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F || byte == 0xC2 || byte == 0xE2 }

private func controlsTerminal(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
  default: false
  }
}
