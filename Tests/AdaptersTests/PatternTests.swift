/// Patterns against Python's `re`. The expected matches are in Fixtures/adapters/patterns.json, which
/// Fixtures/make_patterns.py makes.
import Files
import Models
import TestSupport
import Testing

@testable import Adapters

/// Names of modules, and patterns with the names that `re.fullmatch` chooses; nil: `re` rejects the pattern.
private let golden: (names: [String], patterns: [(pattern: String, matches: [String]?)]) = {
  guard let json = try? JSON(path: fixture("adapters/patterns.json")),
    let names = json["names"]?.array?.compactMap(\.string), let items = json["patterns"]?.array
  else { return ([], []) }
  return (
    names,
    items.map { item in
      let parts = item.array ?? []
      return (parts[0].string ?? "", parts[1].array?.map { names[$0.int ?? 0] })
    }
  )
}()

@Test func `1,000 patterns match the names that Python's re matches`() throws {
  #expect(golden.names.count == 117 && golden.patterns.count == 1000)
  #expect(golden.patterns.count { $0.matches == nil } == 325)
  for (pattern, expected) in golden.patterns {
    let found = try? golden.names.filter(expression(pattern, key: "target_modules"))
    #expect(found == expected, "\(pattern)")
  }
}

@Test(arguments: [
  ("tiny-bert", HeadType.tokenClassification), ("tiny-bert-sequence", .sequenceClassification),
  ("tiny-bert", .maskedLM),
  ("tiny-distilbert", .tokenClassification), ("tiny-distilbert-sequence", .sequenceClassification),
])
func `as targets they choose PEFT's modules among those that can be adapted, or are refused`(
  _ base: String, _ headType: HeadType
) throws {
  let model = try tinyModel(base, headType: headType), projections = model.projections.map(\.name)
  #expect(Set(projections).isSubset(of: golden.names))
  var config = LoRAConfig(), choices = 0
  for (pattern, matches) in golden.patterns {
    config.modules.targets = .pattern(pattern)
    let expected = projections.filter(Set(matches ?? []).contains)
    let chosen = try? config.resolve(in: model).map(\.projection.name)
    #expect((chosen ?? []) == expected, "\(pattern)")
    guard let chosen else { continue }
    choices += 1
    #expect(try config.configJSON(in: model)["target_modules"] == .array(chosen.map(JSON.string)), "\(pattern)")
  }
  #expect(choices > 150)
}

@Test(arguments: [
  ("query\\z", "\\z has no meaning in Python's re; write \\Z"), (".*\\p{L}+", "write a class such as [a-z]"),
  ("\\Qquery\\E", "a backslash before each special character"), ("\\h", "[ \\t]"),
  ("\\x{71}", "fewer than 2 hexadecimal digits"),
  ("(?<name>query)", "a named group is (?P<name>…)"), (".*(?i)query", "write (?i:…)"), ("(?<=a+)b", "a fixed width"),
  ("(query", "a missing )"), ("query)", "unbalanced parenthesis"), ("[a", "an unfinished class"),
  ("a**", "a repeat after a repeat"),
  ("*a", "nothing to repeat"), ("quéry", "ASCII"), ("\\", "a backslash at the end"), ("(e)\\2", "there is no group 2"),
  (String(repeating: "(", count: 200), "more than 100 nested groups"),
  (String(repeating: "a", count: 1001), "longer than 1000 bytes"),
])
func `a pattern that re rejects is refused, with advice`(_ pattern: String, _ message: String) {
  let fault = #expect(throws: PatternFault.self) { try Pattern(pattern) }
  #expect("\(fault!)".contains(message))
}

@Test func `a search that would not end is given up`() throws {
  let pattern = try Pattern("(?:a|a?)*(?:a|a?)*b")
  #expect(throws: PatternFault.self) { try pattern.matches(String(repeating: "a", count: 200)) }
}
