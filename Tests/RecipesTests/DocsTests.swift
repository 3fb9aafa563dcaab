import Files
import Testing

@testable import Recipes

@Test func `every key stands in docs/recipes md`() throws {
  let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
  let page = try readText(root + "/docs/recipes.md")
  let unnamed = Recipe.keys.map(\.path).filter { !page.contains("`\($0)`") }
  #expect(unnamed == [])
}
