import Files
import Testing

@testable import Recipes

private let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

@Test func `every key stands in docs/recipes md`() throws {
  let page = try readText(root + "/docs/recipes.md")
  let unnamed = Recipe.keys.map(\.path).filter { !page.contains("`\($0)`") }
  #expect(unnamed == [])
}

@Test func `every recipe that ships is a valid recipe`() throws {
  let entries = RecipeLibrary.list(in: [root + "/recipes"])
  #expect(!entries.isEmpty && entries.allSatisfy { $0.fault == nil && !$0.about.isEmpty })
  for entry in entries where try Sweep.load(path: entry.path, checkFiles: false) == nil {
    _ = try Recipe.load(path: entry.path, checkFiles: false)
  }
}
