import Encoders
/// `r`, `alpha` and their patterns, as the LyCORIS methods of PEFT have them.
import Files
import Kernels

struct RankAndAlpha: Sendable {
  private let rank: Int
  private let alpha: Double
  private let rankPattern: [String: Int]
  private let alphaPattern: [String: Double]
  private let patternOrder: PatternOrder

  init(_ file: inout AdapterConfigReader) {
    rank = file.positiveInt("r") ?? 8
    if file.json["alpha"] == .null { file.problem("'alpha' is null; expected a number.") }
    alpha = file["alpha", "a number", { $0.number }] ?? 8
    rankPattern = file.positiveInts(byPattern: "rank_pattern")
    alphaPattern = file.numbers(byPattern: "alpha_pattern")
    patternOrder = file.patternOrder
  }

  /// A function from a module to its rank and to alpha / rank.
  /// - Throws: `TargetFault.badPattern`.
  func resolve(_ modules: ModuleChoice) throws -> (_ module: Projection) throws -> (rank: Int, scale: Float) {
    let ranks = try NamePatterns(rankPattern, key: "rank_pattern", patternOrder)
    let alphas = try NamePatterns(alphaPattern, key: "alpha_pattern", patternOrder)
    return { module in
      let name = modules.nameInFile(module.name)
      let rank = try ranks.value(of: name) ?? self.rank
      return (rank, Float((try alphas.value(of: name) ?? self.alpha) / Double(rank)))
    }
  }
}

extension AdapterConfigReader {
  mutating func positiveInts(byPattern key: String) -> [String: Int] {
    self[
      key, "whole numbers from 1 to 65536 by module name pattern",
      { map($0) { $0.int.flatMap { (1...65536).contains($0) ? $0 : nil } } }] ?? [:]
  }

  mutating func numbers(byPattern key: String) -> [String: Double] {
    self[key, "numbers by module name pattern", { map($0) { $0.number } }] ?? [:]
  }
}
