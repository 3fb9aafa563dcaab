/// The benchmark that a suite's recipe makes: its rows, grids, seeds and lengths, and methods.
import Files
import Tasks
import TestSupport
import Testing
import Training

@testable import Recipes

private func recipe(
  _ method: String = "full", isQuick: Bool = false, positions: Int = 512, in folder: TemporaryFolder
) throws -> SuiteRecipe {
  let data = folder.path + "/data", base = folder.path + "/base"
  for split in ["train", "dev", "test"] {
    for (path, text) in [
      ("BIOSSES/\(split).tsv", "id\tsent1\tsent2\tscore\n1\ta\tb\t2\n"),
      ("GAD/\(split).tsv", "1\t@GENE$ @DISEASE$\t1\n"),
      ("ebmnlp/\(split).tsv", "a\tI-PAR\n"),
    ] {
      try makeFolder(parentFolder(of: "\(data)/\(path)"))
      try writeFile(text, to: "\(data)/\(path)")
    }
  }
  try makeFolder(base)
  try writeFile(#"{"model_type": "bert", "max_position_embeddings": \#(positions)}"#, to: base + "/config.json")
  return try SuiteRecipe(
    PreparedSuite(.blurb, in: data, writingTo: folder.path + "/out/data"), base: base, named: "b/m",
    method: .init(method),
    output: "out", isQuick: isQuick)
}

private func bench(_ recipe: SuiteRecipe, _ overrides: String...) throws -> Bench {
  try Bench.load(recipe.json, named: "bench.json", overrides: overrides, checkFiles: false)
}

@Suite struct SuiteRecipeTests {
  @Test func `each set has its grid, seeds, length and metric`() throws {
    let folder = TemporaryFolder(), rows = try bench(recipe(in: folder)).rows
    #expect(rows.map(\.task) == ["BIOSSES", "EBM PICO", "GAD"] && rows.map(\.folder)[1] == "b-m/EBM-PICO/full")
    #expect(rows.allSatisfy { $0.candidates.count == 6 } && rows.map { $0.candidates[0].count } == [10, 5, 5])
    let rates = Set(rows[0].candidates.map { $0[0].recipe.training.settings.learningRate })
    #expect(rates == [1e-5, 3e-5, 5e-5])
    let cells = rows.map { $0.candidates[5][1].recipe }
    #expect(cells.map { $0.training.settings.metricForBestModel.name } == ["pearson", "f1_word_macro", "f1_micro"])
    #expect(cells.map { $0.json["data"]?["max_length"]?.int } == [512, 512, 128])
    #expect(cells[2].json["task"]?["negative_label"] == "0" && cells[2].json["task"]?["labels"] == ["0", "1"])
    #expect(cells[1].json["data"]?["scheme"] == "io" && cells[1].seed == 2)
    #expect(
      cells[0].json["training"]?["epochs"]?.number == 30 && cells[0].json["training"]?["warmup_ratio"]?.number == 0.1)
  }

  @Test func `a quick look has one run of each set, and lengths are within the model's positions`() throws {
    let folder = TemporaryFolder(), quick = try recipe(isQuick: true, positions: 64, in: folder)
    let rows = try bench(quick).rows
    #expect(rows.flatMap(\.candidates).flatMap(\.self).count == 3)
    #expect(rows[0].candidates[0][0].recipe.json["data"]?["max_train_examples"] == 1000)
    #expect(rows[0].candidates[0][0].recipe.training.settings.learningRate == 1e-4)
    #expect(rows[0].candidates[0][0].recipe.json["data"]?["max_length"] == 64)
    #expect(quick.notes == ["the base has 64 positions, fewer tokens than BLURB reads of EBM PICO, GAD, BIOSSES"])
    #expect(quick.json["about"] == "BLURB (quick look): full on b/m")
    let file = folder.path + "/long.json"
    try writeFile(
      #"{"method": {"type": "lora"}, "training": {"epochs": 9}, "sweep": {"training.epochs": [7, 8]}}"#, to: file)
    let cells = try bench(recipe(file, isQuick: true, in: folder)).rows.flatMap(\.candidates).flatMap(\.self)
    #expect(cells.map { $0.recipe.json["training"]?["epochs"]?.int } == [1, 1, 1])
  }

  @Test func `what is not by the suite's rules is named`() throws {
    let folder = TemporaryFolder(), file = folder.path + "/mine.json"
    #expect(
      try recipe(positions: 64, in: folder).departures(of: ["EBM PICO", "GAD", "BIOSSES"]) == [
        "64 positions", "sizes of EBM PICO", "sizes of GAD", "sizes of BIOSSES",
      ])
    #expect(try recipe(positions: 128, in: folder).departures(of: ["GAD"]) == ["sizes of GAD"])
    func departures(_ type: String, _ settings: String) throws -> [String] {
      try writeFile("{\"method\": {\"type\": \"\(type)\"}, \(settings)}", to: file)
      return try SuiteRecipe.Method(file).departures
    }
    let rates = #""sweep": {"training.learning_rate": [1e-3], "method.rank": [2, 4], "seed": [1]}"#
    #expect(try departures("lora", rates) == ["seed"])
    #expect(
      try departures("full", #""training": {"learning_rate": 1e-4, "epochs": 2}"#) == [
        "training.epochs", "training.learning_rate",
      ])
    #expect(try SuiteRecipe.Method("full").departures == [])
  }

  @Test func `a method has its own learning rates, or those of its file`() throws {
    let folder = TemporaryFolder()
    func rates(_ method: String) throws -> Set<Double> {
      Set(try bench(recipe(method, in: folder)).rows[0].candidates.map { $0[0].recipe.training.settings.learningRate })
    }
    #expect(try rates("lora") == [3e-4, 1e-3, 3e-3])
    #expect(try rates("houlsby") == [3e-5, 1e-4, 3e-4])
    let file = folder.path + "/mine.json"
    try writeFile(
      #"{"method": {"type": "lora", "rank": 2}, "sweep": {"training.learning_rate": [0.01, 0.02]}}"#, to: file)
    #expect(try rates(file) == [0.01, 0.02])
    let row = try bench(recipe(file, in: folder)).rows[0]
    #expect(row.method == "mine" && row.candidates[0][0].recipe.method.scaling?.rank == 2)
    try writeFile(#"{"method": {"type": "lora"}, "training": {"learning_rate": 0.5, "epochs": 2}}"#, to: file)
    #expect(try rates(file) == [0.5])
    try writeFile(#"{"method": {"type": "lora"}, "data": {}}"#, to: file)
    let faults = #expect(throws: RecipeFaults.self) { try rates(file) }
    #expect(faults?.description.contains("data: found this section; expected only method, training, sweep") == true)
    for (settings, message) in [
      (#""sweep": {"training.learning_rate": 1e-3}"#, "expected a list of numbers"),
      (#""sweep": {"data.test": ["x"]}"#, "found this axis"),
      (#""training": {"metric_for_best_model": "loss"}"#, "it is the set's"),
    ] {
      try writeFile("{\"method\": {\"type\": \"lora\"}, \(settings)}", to: file)
      let faults = #expect(throws: RecipeFaults.self) { try rates(file) }
      #expect(faults?.description.contains(message) == true, "\(settings)")
    }
    let fault = #expect(throws: FileFault.self) { try rates("lorra") }
    #expect(fault?.description.contains("found neither a method nor a file; expected full, lora") == true)
  }
}
