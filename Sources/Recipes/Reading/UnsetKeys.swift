/// Keys that null unsets, on the command line and in a file that extends another: their defaults then hold, and a
/// required key is missing. Not those for which null is a value, such as training.max_grad_norm, and no unknown keys.
import Files

enum UnsetKeys {
  /// With the sections.
  private static let paths: Set<String> = {
    var paths: Set<String> = [], nullable: Set<String> = []
    for value in Recipe.objectSchema.values() {
      let keys = value.path.split(separator: ".")
      for count in 1...keys.count { paths.insert(keys.prefix(count).joined(separator: ".")) }
      if Schema.allowsNull(value.schema) { nullable.insert(value.path) }
    }
    return paths.subtracting(nullable)
  }()

  static func contains(_ path: String) -> Bool {
    // A task of several has the sections "task" and "data" of one.
    let keys = path.split(separator: "."), isOfTask = keys.prefix(2) == ["multi_task", "tasks"] && keys.count > 3
    guard isOfTask, ["task", "data"].contains(keys[3]) else { return paths.contains(path) }
    return paths.contains(keys.dropFirst(3).joined(separator: "."))
  }
}
