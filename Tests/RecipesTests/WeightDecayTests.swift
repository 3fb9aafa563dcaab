/// docs/methods.md lists the parameters that decay, by method; the rules of the optimizer agree.
import Autograd
import Encoders
import Files
import Kernels
import TestSupport
import Testing

@testable import Adapters
@testable import Recipes
@testable import Training

/// The method's parameters that decay and those that do not, without the classifier: the last part of the names that is
/// neither a number nor "weight".
private func parameters(of method: JSON) throws -> [Set<String>] {
  let (recipe, parameters) = try trainableParameters(method), table = ParameterTable(training: parameters)
  var found: [Set<String>] = [[], []]
  for (parameter, rule) in zip(table.parameters, try table.rules(recipe.training.settings)) {
    let parts = parameter.name.split(separator: ".").filter { $0 != "weight" && Int($0) == nil }
    guard let last = parts.last, parts.first != "classifier" else { continue }
    found[rule.weightDecay > 0 ? 0 : 1].insert(String(last))
    #expect(rule.weightDecay == 0 || rule.weightDecay == recipe.training.settings.optimizer.weightDecay)
  }
  return found
}

private func codes(_ cell: Substring) -> [String] {
  cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
    .map { String($0.element) }
}

/// The rows of the table, each with the methods that its first cell stands for.
private let rows: [(cell: String, methods: [JSON])] = [
  ("`full`", [["type": "full"]]),
  ("`lora` with `bias` `all`", [["type": "lora", "bias": "all"]]),
  ("`lora`, `use_dora`", [["type": "lora", "use_dora": true]]),
  ("`adalora`", [["type": "adalora"]]), ("`ia3`", [["type": "ia3"]]), ("`vera`", [["type": "vera"]]),
  ("`layer_norm`", [["type": "layer_norm"]]), ("`bitfit`", [["type": "bitfit"]]), ("`head`", [["type": "head"]]),
  ("`trainable_tokens`", [["type": "trainable_tokens"]]),
  ("`houlsby`, `pfeiffer`", [["type": "houlsby"], ["type": "pfeiffer"]]),
  ("`prompt`, `prefix`", [["type": "prompt"], ["type": "prefix"]]),
  ("`prefix`, `prefix_projection`", [["type": "prefix", "prefix_projection": true]]),
]

@Test func `the table of weight decay lists the parameters of every method`() throws {
  let page = try readText(repository + "/docs/methods.md")
  let section = page.split(separator: "## Weight decay\n").last?.split(separator: "\n## ").first ?? ""
  let table = section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
    line.split(separator: "|", omittingEmptySubsequences: false).dropFirst()
  }
  #expect(table.map { $0[1].trimmingPrefix(" ").dropLast() } == rows.map { Substring($0.cell) })
  for (row, cells) in zip(rows, table) {
    for method in row.methods {
      #expect(try parameters(of: method) == [Set(codes(cells[2])), Set(codes(cells[3]))], "\(row.cell)")
    }
  }
  let covered = Set(rows.flatMap(\.methods).compactMap { $0["type"]?.string })
  #expect(covered == Set(Recipe.Method.MethodType.allCases.map(\.rawValue)))
}
