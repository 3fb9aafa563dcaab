/// Keys of earlier versions of tune, which are refused.
import Files
import TestSupport
import Testing

@testable import Recipes

@Test func `a renamed key is refused with its new name, which exists`() throws {
  let keys = Set(Recipe.keys.map(\.path))
  for (old, new) in renamedKeys {
    #expect(keys.contains(new) && !keys.contains(old), "\(old)")
    let faults = Recipe.read(try RawRecipe(minimalRecipe.with(old, 1), environment: [:]), checkFiles: false).faults
    #expect(faults.contains { "\($0)" == "\(old): unknown key. It was renamed to '\(new)'." }, "\(faults)")
  }
}
