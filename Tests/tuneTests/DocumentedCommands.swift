/// The `tune` commands of README.md and the other pages: lines of shell blocks, and what stands in backticks.
import Files
import Foundation
import TestSupport
import Testing

struct DocumentedCommand: Sendable, CustomTestStringConvertible {
  /// Relative to the repository.
  let page: String
  /// As it is written, without a prompt.
  let line: String
  /// The words after `tune`.
  let words: [String]
  /// Whether it is a line of a block, rather than a mention in a sentence, which may lack arguments.
  let isLine: Bool

  var testDescription: String { "\(page): \(line)" }

  static let pages: [String] = {
    func pages(_ folder: String) -> [String] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(repository)/\(folder)")) ?? []
      return names.filter { $0.hasSuffix(".md") && $0 != "CHANGELOG.md" }.sorted()
        .map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
    }
    return ["", "docs", "docs/tasks", "recipes", "benchmarks", "Sources/TuneKit/TuneKit.docc"].flatMap(pages)
  }()

  static let all: [DocumentedCommand] = pages.flatMap { page in (try? commands(of: page)) ?? [] }

  private static func commands(of page: String) throws -> [DocumentedCommand] {
    let text = try readText("\(repository)/\(page)"), parts = text.components(separatedBy: "\n```")
    // Every second part is a block, whose first line is its language.
    let blocks = parts.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    let prose = parts.enumerated().filter { $0.offset % 2 == 0 }.map(\.element).joined(separator: "\n")
    let lines = blocks.flatMap(shellLines),
      mentions = prose.components(separatedBy: "`").enumerated()
        .filter { $0.offset % 2 == 1 && $0.element.hasPrefix("tune ") }
        .map { $0.element.replacingOccurrences(of: "\n", with: " ") }
    return (lines.map { ($0, true) } + mentions.map { ($0, false) }).flatMap { line, isLine in
      shellCommands(line).compactMap { words in
        words.firstIndex(of: "tune").map {
          DocumentedCommand(page: page, line: line, words: Array(words.dropFirst($0 + 1)), isLine: isLine)
        }
      }
    }
  }

  /// The commands of a block that is of a shell. A block of a session has prompts before them; one without a language has
  /// them at the beginning of a line.
  private static func shellLines(_ block: String) -> [String] {
    let joined = block.replacingOccurrences(of: "\\\n", with: " ").components(separatedBy: "\n")
    let lines = joined.dropFirst()
    switch joined[0] {
    case "sh": return Array(lines)
    case "console": return lines.filter { $0.hasPrefix("$ ") }.map { String($0.dropFirst(2)) }
    case "": return lines.filter { $0.hasPrefix("tune ") && !$0.hasPrefix("tune  ") }
    default: return []
    }
  }
}

/// The simple commands of a shell line, each as its words; without comments and the files of redirections.
func shellCommands(_ line: String) -> [[String]] {
  var commands: [[String]] = [[]], word: String?, quote: Character?, isRedirection = false
  func endWord() {
    guard let found = word else { return }
    if isRedirection { isRedirection = false } else { commands[commands.count - 1].append(found) }
    word = nil
  }
  for character in line {
    switch (quote, character) {
    case (let open?, _): if character == open { quote = nil } else { word = (word ?? "") + String(character) }
    case (nil, "'"), (nil, "\""):
      quote = character
      word = word ?? ""
    case (nil, " "): endWord()
    case (nil, "#") where word == nil: return commands
    case (nil, "|"), (nil, ";"), (nil, "&"), (nil, "("), (nil, ")"):
      endWord()
      commands.append([])
    case (nil, ">"), (nil, "<"):
      endWord()
      isRedirection = true
    default: word = (word ?? "") + String(character)
    }
  }
  endWord()
  return commands
}
