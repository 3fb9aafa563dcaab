import Encoders
/// Patterns against Python's `re`. The expected matches are in Fixtures/adapters/patterns.json, which
/// Fixtures/make_patterns.py makes.
import Files
import Foundation
import TestSupport
import Testing

@testable import Adapters

/// Names of modules, and patterns with the names that `re.fullmatch` chooses; nil: `re` rejects the pattern.
private typealias Golden = (names: [String], patterns: [(pattern: String, matches: [String]?, isSlow: Bool)])

private func readGolden(_ path: String) throws -> Golden {
  let json = try JSON(path: path), names = json["names"]?.array?.compactMap(\.string) ?? []
  let patterns = (json["patterns"]?.array ?? []).map { item in
    let parts = item.array ?? []
    return (parts[0].string ?? "", parts[1].array?.map { names[$0.int ?? 0] }, parts[1] == "slow")
  }
  return (names, patterns)
}

private let golden: Golden = (try? readGolden(fixture("adapters/patterns.json"))) ?? ([], [])

/// Whether the pattern, or a part of it, depends on what a group has matched.
private func hasReference(_ pattern: String) -> Bool {
  pattern.contains(/\\[1-9]|\(\?P=|\(\?\(/)
}

/// More patterns, made by `make_patterns.py --nested 10000 FILE`, are checked with `TUNE_PATTERNS=FILE`.
@Test func `nested repeats match as in Python's re, in little time`() throws {
  let file = ProcessInfo.processInfo.environment["TUNE_PATTERNS"] ?? fixture("adapters/nested-patterns.json")
  let (names, patterns) = try readGolden(file), clock = ContinuousClock()
  var accepted = 0, slow = 0, longest = Duration.zero
  for (pattern, expected, isSlow) in patterns {
    let begin = clock.now
    let found = try? names.filter(expression(pattern, key: "target_modules"))
    longest = max(longest, clock.now - begin)
    // A pattern that is accepted has the matches of `re`; one that `re` rejects is not accepted.
    if let found, !isSlow { #expect(found == expected, "\(pattern)") }
    accepted += found == nil ? 0 : 1
    slow += isSlow ? 1 : 0
  }
  print("\(patterns.count) patterns, \(accepted) accepted, \(slow) too slow for re; the slowest took \(longest)")
  #expect(longest < .seconds(1) && slow > 20)
  #expect(accepted * 10 > patterns.count { $0.matches != nil || $0.isSlow } * 9)
}

@Test func `1,000 patterns match the names that Python's re matches`() throws {
  #expect(golden.names.count == 117 && golden.patterns.count == 1000)
  #expect(golden.patterns.count { $0.matches == nil } == 325)
  for (pattern, expected, _) in golden.patterns {
    let found = try? golden.names.filter(expression(pattern, key: "target_modules"))
    #expect(found == (hasReference(pattern) ? nil : expected), "\(pattern)")
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
  for (pattern, matches, _) in golden.patterns where !hasReference(pattern) {
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
  ("*a", "nothing to repeat"), ("quéry", "ASCII"), ("\\", "a backslash at the end"),
  ("(e)\\1", "\\1 depends on what a group has matched"), ("(?P<n>e)(?P=n)", "(?P=…) depends"),
  ("(e)?(?(1)a|b)", "(?(…) depends"), ("(a{60}){60}", "more than 3000 steps"),
  (String(repeating: "(", count: 200), "more than 100 nested groups"),
  (String(repeating: "a", count: 1001), "longer than 1000 bytes"),
])
func `a pattern that re rejects is refused, with advice`(_ pattern: String, _ message: String) {
  let fault = #expect(throws: PatternFault.self) { try Pattern(pattern) }
  #expect("\(fault!)".contains(message))
}

@Test(arguments: ["(.*)*x", "((){999999}){999999}x", "(?:a|a?)*(?:a|a?)*b", "(a+)+$", "(.*a){20}x"])
func `a pattern that takes re forever is answered at once`(_ pattern: String) throws {
  let pattern = try Pattern(pattern), clock = ContinuousClock()
  let time = try clock.measure {
    let isMatch = try pattern.matches(String(repeating: "a", count: 200) + "-")
    #expect(!isMatch)
  }
  #expect(time < .seconds(1))
}

@Test func `lookarounds in lookarounds are given up, with the name`() throws {
  let pattern = try Pattern(String(repeating: "(?=.*", count: 90) + "x" + String(repeating: ")", count: 90))
  let fault = #expect(throws: PatternFault.self) { try pattern.matches(String(repeating: "a", count: 2000)) }
  #expect("\(fault!)".contains("takes too long"))
}
