/// A rule between two sections: an adapter is trained and loaded over an unmodified base, so with any method but "full"
/// the section "model" has no key that modifies the folder's model.
import Files

extension Recipe.Model {
  /// Reports the keys of this section that an adapter's base cannot have, and adds the rule to the schema.
  func declareAsBase(_ fields: Fields, for method: Recipe.Method) {
    fields.rule(Self.unmodifiedBase)
    if method.adapter == nil { return }
    let given: [(String, Bool)] = [
      ("init", initialization == .random), ("layers", layers != nil), ("config", config != nil),
      ("tokenizer", tokenizer != nil), ("family", family != nil),
    ]
    for (key, isGiven) in given where isGiven {
      fields.fault(
        "model.\(key)", "found together with method.type \"\(method.type.rawValue)\"",
        expected: "an unmodified base model",
        advice: "Train and save the modified model with method.type \"full\" first, and use it as 'model.path'.")
    }
  }

  /// The rule as JSON Schema.
  private static var unmodifiedBase: JSON {
    let adapters = Recipe.Method.MethodType.allCases.filter { Recipe.Method($0).adapter != nil }.map(\.rawValue)
    let method: JSON = [
      "type": "object", "required": ["type"], "properties": ["type": Schema.names(adapters)],
    ]
    let modifying: JSON = [
      "init": ["const": .string(Init.checkpoint.rawValue)], "layers": Schema.null, "config": Schema.null,
      "tokenizer": Schema.null, "family": Schema.null,
    ]
    return [
      "if": ["required": ["method"], "properties": ["method": method]],
      "then": ["properties": ["model": ["properties": modifying]]],
    ]
  }
}
