/// The recipe library: the recipes in the binary, those of a folder, finding one by name, and what is missing for a run.
import Files
import FoundationEssentials
import ShippedRecipes
import TestSupport
import Testing
import Training

@testable import Recipes

@Test func `the binary has every recipe of the folder recipes, byte for byte`() throws {
  let files = try FileManager.default.contentsOfDirectory(atPath: repository + "/recipes").filter {
    $0.hasSuffix(".json")
  }
  #expect(Set(files) == Set(shippedRecipes.keys.map { $0 + ".json" }) && !files.isEmpty)
  for (name, bytes) in shippedRecipes {
    #expect(try readFile("\(repository)/recipes/\(name).json") == Data(bytes), "\(name)")
  }
}

@Test func `the library lists the recipes of a folder before those in the binary, and broken ones with their fault`()
  throws
{
  try inNewFolder { folder in
    try writeFile(minimalRecipe.with("about", "mine").text(), to: "\(folder)/quickstart.json")
    try writeFile("{\"about\": ", to: "\(folder)/a.json")
    try writeFile("[]", to: "\(folder)/c.json")
    try writeFile("no recipe", to: "\(folder)/README.md")
    let entries = RecipeLibrary.list(in: folder)
    #expect(Set(entries.map(\.name)) == Set(shippedRecipes.keys).union(["a", "c"]))
    let byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    #expect(byName["a"]?.fault?.hasPrefix("\(folder)/a.json: not valid JSON: line 1, column 11") == true)
    #expect(byName["c"]?.fault?.contains("an object") == true)
    #expect(byName["quickstart"]?.about == "mine" && byName["quickstart"]?.path == "\(folder)/quickstart.json")
    #expect(byName["quickstart"]?.needs.map(\.path) == ["m", "t.tsv"])
    #expect(byName["quickstart-sweep"]?.fault == nil)
  }
}

@Test func `a recipe is found by name; otherwise the nearest name is suggested`() throws {
  try inNewFolder { folder in
    try writeFile("{}", to: "\(folder)/mine.json")
    #expect(try RecipeLibrary.find("mine", in: folder) == "\(folder)/mine.json")
    #expect(try RecipeLibrary.find("ncbi-disease-lora", in: folder) == "tune:/ncbi-disease-lora.json")
    let near = try #require(throws: RecipeLibraryFault.self) {
      try RecipeLibrary.find("ncbi-disease-lroa", in: nil)
    }
    #expect(near.description == "ncbi-disease-lroa: no such recipe. Did you mean 'ncbi-disease-lora'?")
    let far = try #require(throws: RecipeLibraryFault.self) { try RecipeLibrary.find("x", in: folder) }
    #expect(far.description.hasPrefix("x: no such recipe. Available recipes: bioasq-lora, "))
  }
}

@Test func `every recipe in the binary is valid, and what it reads has a source`() throws {
  for entry in RecipeLibrary.list(in: nil) {
    #expect(entry.fault == nil && !entry.about.isEmpty, "\(entry)")
    let recipes =
      try Sweep.load(path: entry.path, checkFiles: false)?.cells.map(\.recipe)
      ?? [Recipe.load(path: entry.path, checkFiles: false)]
    for path in Set(recipes.flatMap(\.inputs)) { #expect(RecipeNeed(path).source != nil, "\(entry.name): \(path)") }
  }
  #expect(RecipeNeed("../data/hoc/train.tsv").path == "../data/hoc" && RecipeNeed("x/y").path == "x/y")
  let sweep = try #require(try Sweep.load(path: "tune:/quickstart-sweep.json", checkFiles: false))
  #expect(sweep.cells.count == 4 && sweep.cells[0].recipe.training.settings.batchSize == .examples(32))
}

@Test func `the folder with the base model is above a build tree or beside an installed program`() throws {
  try inNewFolder { folder in
    for path in ["repo/.build/x/release", "repo/checkpoints/biomed-mini-l3", "usr/bin", "usr/share/tune"] {
      try makeFolder("\(folder)/\(path)")
    }
    try makeFolder("\(folder)/usr/share/tune/checkpoints/biomed-mini-l3")
    #expect(ShippedRecipe.home(of: "\(folder)/repo/.build/x/release/tune") == "\(folder)/repo")
    #expect(ShippedRecipe.home(of: "\(folder)/usr/bin/tune") == "\(folder)/usr/share/tune")
    #expect(ShippedRecipe.home(of: "\(folder)/nowhere/tune") == nil)
    #expect(ShippedRecipe.home(of: nil) == nil)
  }
}
