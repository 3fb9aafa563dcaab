/// The recipe library: finding the folders, listing recipes, finding one by name.
import Files
import FoundationEssentials
import TestSupport
import Testing

@testable import Recipes

@Test func `the library lists recipes with their descriptions, and broken ones with their fault`() throws {
  try inNewFolder { folder in
    try writeFile("{\"about\": \"first\"}", to: "\(folder)/b.json")
    try writeFile("{\"about\": ", to: "\(folder)/a.json")
    try writeFile("[]", to: "\(folder)/c.json")
    try writeFile("no recipe", to: "\(folder)/README.md")
    try makeFolder("\(folder)/other")
    try writeFile("{\"about\": \"second\"}", to: "\(folder)/other/b.json")
    let entries = RecipeLibrary.list(in: [folder, "\(folder)/other", "\(folder)/none"])
    #expect(entries.map(\.name) == ["a", "b", "c"])
    #expect(entries.map(\.about) == ["", "first", ""])
    #expect(
      entries[0].fault?.hasPrefix("\(folder)/a.json: not valid JSON: line 1, column 11") == true
    )
    #expect(entries[1].fault == nil)
    #expect(entries[2].fault == "\(folder)/c.json: found an empty list; expected an object.")
  }
}

@Test func `a recipe is found by name; otherwise the nearest name is suggested`() throws {
  try inNewFolder { folder in
    try writeFile("{}", to: "\(folder)/ncbi-disease-lora.json")
    #expect(try RecipeLibrary.find("ncbi-disease-lora", in: [folder]).path == "\(folder)/ncbi-disease-lora.json")
    let near = try #require(throws: RecipeLibraryFault.self) {
      try RecipeLibrary.find("ncbi-disease-lroa", in: [folder])
    }
    #expect(
      near.description == "ncbi-disease-lroa: no such recipe in \(folder). Did you mean 'ncbi-disease-lora'?")
    let far = try #require(throws: RecipeLibraryFault.self) { try RecipeLibrary.find("x", in: [folder]) }
    #expect(far.description == "x: no such recipe in \(folder). Available recipes: ncbi-disease-lora.")
    let none = try #require(throws: RecipeLibraryFault.self) { try RecipeLibrary.find("x", in: []) }
    #expect(
      none.description == "x: no such recipe, and no folder with recipes was found. "
        + "Set TUNE_RECIPES to one, or give the path of a recipe.")
  }
}

@Test func `folders of recipes are found above a build tree and beside an installed program`() throws {
  try inNewFolder { folder in
    for path in ["repo/.build/x/release", "repo/recipes", "usr/bin", "usr/share/tune/recipes", "mine"] {
      try makeFolder("\(folder)/\(path)")
    }
    #expect(
      RecipeLibrary.folders(binary: "\(folder)/repo/.build/x/release/tune", variable: nil) == ["\(folder)/repo/recipes"]
    )
    #expect(
      RecipeLibrary.folders(binary: "\(folder)/usr/bin/tune", variable: "\(folder)/mine") == [
        "\(folder)/mine", "\(folder)/usr/share/tune/recipes",
      ])
    #expect(RecipeLibrary.folders(binary: nil, variable: "\(folder)/none") == [])
  }
}

@Test func `a program in the build tree finds the repository's recipes`() {
  let folders = RecipeLibrary.folders(
    binary: "\(repository)/.build/x86_64-unknown-linux-gnu/release/tune", variable: nil)
  #expect(folders == ["\(repository)/recipes"])
  #expect(
    RecipeLibrary.list(in: folders).contains { $0.name == "ncbi-disease-lora" && $0.about == "LoRA on NCBI-disease" })
  // Listing must work wherever the tests' program is.
  _ = RecipeLibrary.list()
}
