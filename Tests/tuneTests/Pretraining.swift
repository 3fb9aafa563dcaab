/// The folder of a masked-language run, for tests.
import Files
import Foundation
import Testing

/// A program's folder with texts and a masked-language recipe.
struct Pretraining {
  let program: Program

  init() throws {
    program = try Program()
    for (name, count, seed) in [("train", 60, 1), ("dev", 20, 2)] {
      let lines = (0..<count).map { line in
        (0..<6 + line % 9).map { "abcdefgh".map(String.init)[(line * 5 + $0 * 3 + seed) % 8] }.joined(separator: " ")
      }
      try writeFile(lines.joined(separator: "\n"), to: "\(program.folder)/\(name).txt")
    }
    try writeFile(
      """
      {
        "seed": 3, "model": {"path": "base"}, "task": {"type": "masked_lm"},
        "data": {"format": "text", "train": "train.txt", "dev": "dev.txt", "max_length": 16},
        "method": {"type": "full"},
        "training": {"epochs": 3, "batch_size": 8, "learning_rate": 0.003}, "output": "run"
      }
      """, to: program.folder + "/mlm.json")
  }

  /// The texts as JSON lines with a title and an abstract, and a field that nothing should read.
  func writeJSONLines() throws {
    for name in ["train", "dev"] {
      let lines = try readText("\(program.folder)/\(name).txt").split(separator: "\n").enumerated().map { index, text in
        JSON.object([
          "title": .string("h g f e d c b a h g"), "abstract": .string(String(text)), "text": "a a a a a a a a",
        ])
        .text(pretty: false)
      }
      try writeFile(lines.joined(separator: "\n"), to: "\(program.folder)/\(name).jsonl")
    }
  }

  func result(_ run: String) throws -> JSON? { try program.json(run + "/result.json")["metrics"]?["dev"] }

  func evaluate(_ arguments: String...) throws -> JSON {
    let eval = try program.run(["eval"] + arguments + ["dev.txt", "--json"])
    #expect(eval.status == 0, "\(eval.err)")
    return try JSON(parsing: .init(eval.out.utf8), named: "eval")
  }

  /// Whether two losses differ by less than `tolerance`.
  func lossesMatch(_ first: JSON?, _ second: JSON?, _ tolerance: Double) -> Bool {
    guard let a = first?["loss"]?.number, let b = second?["loss"]?.number else { return false }
    return abs(a - b) < tolerance
  }
}
