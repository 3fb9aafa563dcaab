/// Control characters become escapes.
import Files
import FoundationEssentials
import Testing

@Test func `control characters are escaped, and JSON keeps its meaning`() throws {
  #expect(terminalText("a\u{1B}[2Jb\tc\nd\r") == "a\\u001b[2Jb\tc\nd\\u000d")
  #expect(terminalText("a\tb\n", keepingLines: false) == "a\\u0009b\\u000a")
  #expect(terminalText("é 👩‍🔬 \u{200D}") == "é 👩‍🔬 \u{200D}")
  let json: JSON = ["k\u{9B}\u{7F}": "\u{202E}x\u{2028}"], text = terminalText(json.text(pretty: false))
  #expect(text == #"{"k\u009b\u007f":"\u202ex\u2028"}"#)
  #expect(try JSON(parsing: Data(text.utf8), named: "t") == json)
}
