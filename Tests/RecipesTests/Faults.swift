/// The faults of a recipe, for tests.
import Files

@testable import Recipes

/// The messages of a recipe's faults; empty if it has none.
func faults(_ json: JSON, _ overrides: String..., checkFiles: Bool = false) throws -> [String] {
  do {
    _ = try Recipe(json: json, overrides: overrides, checkFiles: checkFiles)
    return []
  } catch let error as RecipeFaults {
    return error.faults.map(\.description)
  }
}
