/// Tests that JSON is parsed and written exactly, and that hostile texts are rejected.
import Files
import FoundationEssentials
import Hashing
import TestSupport
import Testing

private func parse(_ text: String) throws -> JSON { try JSON(parsing: Data(text.utf8), named: "x.json") }

/// The message of the parser's fault.
private func errorMessage(_ text: String) -> String { errorMessage(Data(text.utf8)) }

private func errorMessage(_ data: Data) -> String {
  do {
    return "accepted as \(try JSON(parsing: data, named: "x.json"))"
  } catch FileFault.json("x.json", let why) {
    return why
  } catch {
    return "another fault: \(error)"
  }
}

struct JSONTests {
  @Test func `the order of keys in the members of a file`() throws {
    let folder = TemporaryFolder(), path = folder.path + "/a.json"
    try writeFile(
      #"{"z": {"b": {"x": 1}, "a": [{"y": 2}], "\u0063": {}}, "l": [{"k": 1}], "e": {}, "a": {"d": 1}}"#, to: path)
    #expect(try JSON.keyOrder(path: path) == ["": ["z", "l", "e", "a"], "z": ["b", "a", "c"], "a": ["d"]])
    try writeFile("{\n1}", to: path)
    let fault = #expect(throws: FileFault.self) { try JSON.keyOrder(path: path) }
    #expect("\(fault!)".contains("a.json: not valid JSON: line 2, column 1"))
  }

  @Test func `every type of value is read`() throws {
    let json = try parse(
      #" {"a": [1, -2, 0, 2.5, 1e3, -0.5E-1], "b": {"c": null, "": true}, "d": false, "e": [], "f": {}} "#)
    #expect(
      json == [
        "a": [1, -2, 0, 2.5, .double(1000), -0.05], "b": ["c": nil, "": true], "d": false, "e": [], "f": [:],
      ])
  }

  @Test func `escapes and non-ASCII characters are read`() throws {
    #expect(try parse(#""\"\\\/\b\f\n\r\t \u00e9\u00E9 é \ud83e\uddec 🧬""#) == "\"\\/\u{8}\u{c}\n\r\t éé é 🧬 🧬")
    #expect(try parse(#""a\u0000b""#) == "a\0b")
  }

  @Test(arguments: [
    "null", "0", "-1", "9223372036854775807", "-9223372036854775808", "1.0", "0.001", "1e-05", "1e+300", "5e-324",
    #""a\"\\\n\u0001é🧬""#, "[]", "{}", #"{"a":[1,{"b":""}],"c":false}"#,
  ])
  func `a text is read and written again unchanged`(_ text: String) throws {
    let json = try parse(text)
    #expect(json.text(pretty: false) == text)
    #expect(try parse(json.text()) == json)
  }

  /// Golden: Python 3.11 `json.dumps(x, indent=2, sort_keys=True, ensure_ascii=False)`.
  @Test func `a pretty text has Python's layout`() {
    let json: JSON = ["b": [1, .double(2), []], "a": ["é": 0.001, "e": [:], "Z": "/"]]
    #expect(
      json.text() == """
        {
          "a": {
            "Z": "/",
            "e": {},
            "é": 0.001
          },
          "b": [
            1,
            2.0,
            []
          ]
        }
        """)
  }

  @Test func `an integral double stays a double, and can be read as an integer`() throws {
    #expect(JSON.double(16).text() == "16.0")
    #expect(try parse("16.0") == .double(16))
    #expect(try parse("16.0").int == 16)
    #expect(try parse("16").number == 16)
    #expect(try parse("16.5").int == nil)
    #expect(try parse("1e300").int == nil)
  }

  @Test func `NaN and infinity are written as strings`() {
    #expect(JSON.array([.double(.nan), .double(-.infinity)]).text(pretty: false) == #"["NaN","-Infinity"]"#)
  }

  @Test func `an integer beyond 64 bits becomes a double, as in the Hub's model_max_length`() throws {
    #expect(try parse("1000000000000000019884624838656") == .double(1e30))
    #expect(try parse("9223372036854775808") == .double(0x1p63))
    #expect(try parse("-9223372036854775809").int == Int.min)
  }

  @Test func `a number of a million digits is read`() throws {
    #expect(try parse("0." + String(repeating: "3", count: 1_000_000)).number == 1.0 / 3)
    #expect(errorMessage(String(repeating: "3", count: 1_000_000)).contains("beyond the range"))
  }

  @Test func `a number near zero becomes zero`() throws { #expect(try parse("1e-999").number == 0) }

  @Test func `a fault has the line, and the column in characters`() {
    #expect(errorMessage("{\n  \"ä\": 1,\n  \"öö\": x}") == "line 3, column 9: found 'x'; expected a value.")
  }

  @Test func `a fault is one sentence with the file's name`() {
    #expect(
      "\(FileFault.json(file: "a.json", why: errorMessage("[1 2]")))"
        == "a.json: not valid JSON: line 1, column 4: found '2'; expected ',' or ']'.")
  }
}

struct HostileJSONTests {
  @Test(arguments: ["[", "{\"a\":", "[{\"a\":"]) func `nesting a hundred thousand deep`(_ level: String) {
    #expect(errorMessage(String(repeating: level, count: 100_000)).hasSuffix("nested deeper than 128 levels."))
  }

  @Test func `nesting of the maximum depth`() throws {
    let text = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    #expect(try parse(text).text(pretty: false) == text)
    #expect(errorMessage("[" + text + "]").contains("deeper than 128 levels"))
  }

  @Test(arguments: ["1e999", "-1e999", "1e99999999999999999999", "123456789e301"])
  func `a number beyond a double`(_ text: String) {
    #expect(errorMessage(text).contains("beyond the range of a 64-bit float"))
  }

  @Test(arguments: ["NaN", "Infinity", "-Infinity", "nan", "-NaN", "[1, NaN]"])
  func `a literal for not-a-number`(_ text: String) {
    #expect(errorMessage(text).hasPrefix("line 1, column "))
    #expect(!errorMessage(text).contains("accepted"))
  }

  @Test(arguments: [#""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800\ud800""#, #""a\udfffb""#])
  func `half of a surrogate pair`(_ text: String) {
    #expect(errorMessage(text).contains("surrogate"))
  }

  @Test func `duplicate keys`() {
    #expect(errorMessage("{\"a\": 1,\n \"\\u0061\": 2}") == "line 2, column 2: found the key 'a' twice.")
    #expect(errorMessage(#"{"é": 1, "é": 2}"#).contains("twice"))
  }

  @Test func `two keys that are equal only in Unicode's normal forms`() {
    #expect(errorMessage("{\"\u{E9}\": 1, \"e\u{301}\": 2}").contains("differ only in their Unicode form"))
  }

  @Test func `a byte-order mark`() { #expect(errorMessage("\u{FEFF}{}").contains("byte-order mark")) }

  @Test(arguments: [
    [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC3, 0x22],
  ])
  func `a string that is not UTF-8`(_ bytes: [UInt8]) {
    #expect(errorMessage(Data(bytes)).contains("not UTF-8"))
  }

  @Test(arguments: [[0xFF, 0xFE, 0x7B, 0x00], [0x00], [0x7B, 0x00, 0x7D], [0xC3, 0xA9]])
  func `bytes that are not JSON`(_ bytes: [UInt8]) {
    #expect(errorMessage(Data(bytes)).contains("the byte 0x"))
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}",
    "{'a':1}", "{1:1}", "[1}", "{\"a\":1]", "\"", "\"\\", "\"\\u", "\"\\u12", "\"\\u12G4\"", "\"\\x\"", "\"\n\"",
    "\"\u{1}\"",
    "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1.e3", "0x10", "1_000", "tru", "nul", "True", "// a\n1", "1 // a",
    "[] []",
    "1 2", "/**/1", "\"a\" \"b\"", "]", "}", ",", ":",
  ])
  func `a text that is almost JSON`(_ text: String) {
    #expect(errorMessage(text).hasPrefix("line "))
  }

  @Test func `two thousand randomly cut, flipped and spliced texts are read or rejected`() throws {
    let text =
      #"{"a": [1, -2.5e3, true, null, "x\n\u00e9\ud83e\uddec"], "b": {"c": {}, "d": []}, "é🧬": "z", "n": 1e10}"#
    let seed = Array(text.utf8)
    var generator = SplitMix64(seed: 11)
    for _ in 0..<2_000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let offset = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[offset] = seed.randomElement(using: &generator) ?? 0
        case 2: bytes.insert(contentsOf: seed[..<Int.random(in: 0..<seed.count, using: &generator)], at: offset)
        default: bytes.removeSubrange(offset..<min(bytes.count - 1, offset + Int.random(in: 1...9, using: &generator)))
        }
      }
      let why = errorMessage(Data(bytes))
      if why.hasPrefix("accepted") {
        let json = try JSON(parsing: Data(bytes), named: "x.json")
        #expect(try parse(json.text()) == json)
      } else {
        #expect(why.hasPrefix("line "))
      }
    }
  }
}
