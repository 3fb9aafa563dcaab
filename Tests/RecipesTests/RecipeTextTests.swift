/// Strict JSON: what is read, and where each fault of the syntax is.
import Files
import Testing

@testable import Recipes

@Test(arguments: [
  (
    "{\"a\": NaN}", 1, "'NaN' at column 7",
    "a JSON value: an object, a list, a string, a finite number, true, false or null"
  ),
  ("[-Infinity]", 1, "'Infinity' at column 3", "a digit"),
  ("{\n \"a\": 1\n \"b\": 2}", 3, "'\"b\"' at column 2", "',' or '}'"),
  ("{\"a\": 1,}", 1, "'}' at column 9", "a key in double quotes"),
  ("[1, 2", 1, "the end of the text at column 6", "',' or ']'"),
  ("{'a': 1}", 1, "''a'' at column 2", "a key in double quotes"),
  ("{\"a\" 1}", 1, "'1' at column 6", "':' after the key"),
  ("[01]", 1, "'01' at column 2", "a number without a leading zero"),
  ("[1e400]", 1, "'1e400' at column 2", "a number below 1.8e308"),
  ("[1.]", 1, "']' at column 4", "a digit"),
  ("{} x", 1, "'x' at column 4", "nothing after the closing brace"),
  (
    "", 1, "the end of the text at column 1",
    "a JSON value: an object, a list, a string, a finite number, true, false or null"
  ),
  ("[\"a", 1, "'\"a' at column 2", "a string that ends in a double quote"),
  ("[\"\\ud800\"]", 1, "'\"' at column 9", "the other half of a surrogate pair"),
  ("[\"\\x\"]", 1, "'x\"' at column 4", "one of \" \\ / b f n r t u after a backslash"),
  ("[\"\\u+123\"]", 1, "'+123\"' at column 5", "four hexadecimal digits"),
  ("[\"a\tb\"]", 1, "'\\u{9}' at column 4", "'\\n', '\\t' or '\\u....' for a control character in a string"),
])
func `a syntax fault has its line and column`(_ text: String, _ line: Int, _ found: String, _ expected: String) {
  #expect(throws: FileFault.malformed(file: "r.json", line: line, found: found, expected: expected)) {
    try RecipeText.parse(text, named: "r.json")
  }
}

@Test func `nesting without end is refused`() {
  let text = String(repeating: "[", count: 1_000_000)
  #expect(throws: FileFault.self) { try RecipeText.parse(text, named: "r") }
}

@Test func `values are read as they are written`() throws {
  let text =
    "\u{FEFF} {\"a\": [1, -0, 2.5, 1e3, true, false, null], "
    + "\"\\u00e9\\ud83e\\uddec\": \"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\": {}}"
  let (json, repeated) = try RecipeText.parse(text, named: "r")
  #expect(
    json == [
      "a": [1, 0, 2.5, .double(1000), true, false, .null], "é\u{1F9EC}": "\"\\/\u{8}\u{c}\n\r\t", "": [:],
    ])
  #expect(repeated == [])
  #expect(try RecipeText.parse("9223372036854775808", named: "r").json == .double(9223372036854775808))
}

@Test func `keys given twice are found in every object, however they are spelt`() throws {
  let (_, repeated) = try RecipeText.parse(
    #"{"a": {"b": 1, "\u0062": 2}, "l": [{"c": 1, "c": 1}], "a": 1}"#, named: "r")
  #expect(repeated == ["a.b", "l.0.c", "a"])
}

@Test(arguments: 0..<200) func `any tree that JSON writes is read back`(seed: Int) throws {
  var dice = Dice(seed)
  func tree(_ depth: Int, _ dice: inout Dice) -> JSON {
    switch dice.next() % (depth > 4 ? 5 : 7) {
    case 0: .null
    case 1: .bool(dice.next() % 2 == 0)
    case 2: .int(Int(truncatingIfNeeded: dice.next()))
    case 3: .double(Double.random(in: -1e3...1e3, using: &dice))
    case 4:
      .string(
        String(String.UnicodeScalarView((0..<5).map { _ in Unicode.Scalar(UInt16(dice.next() % 0xD7FF)) ?? "x" })))
    case 5: .array((0..<3).map { _ in tree(depth + 1, &dice) })
    default: .object(["k": tree(depth + 1, &dice), "\"\n": tree(depth + 1, &dice)])
    }
  }
  let json = tree(0, &dice)
  #expect(try RecipeText.parse(json.text(), named: "r").json == json)
}
