/// What is wrong between the recipe's section "model" and the folders that it names.
import Files
public import Models

public enum ModelFault: Error, CustomStringConvertible {
  case noSuchLayers([Int], folder: String, count: Int)
  /// `layers` is config.json's key of their number.
  case otherSizes([(key: String, wanted: Int, found: Int)], folder: String, layers: String)
  case unknownSettings([String], Family)
  case twice(key: String, setting: String)
  case lessThanBert(folder: String, Family)
  case sinusoidal(folder: String)

  public var description: String {
    switch self {
    case .noSuchLayers(let layers, let folder, let count):
      return
        "model.layers: \(layers.map(String.init).joined(separator: ", ")): \(folder) has layers 0 to \(count - 1). "
        + "Choose among those, or \"alternate\"."
    case .otherSizes(let changed, let folder, let layers):
      let list = changed.map { "\n  model.config.\($0.key) is \($0.wanted), the weights have \($0.found)" }.joined()
      let advice = changed.contains { $0.key == layers } ? " \"model.layers\" chooses some of the layers." : ""
      return "\(folder): the sizes of a checkpoint cannot be changed:\(list)\n"
        + "Remove them, or start from random weights with \"model.init\": \"random\".\(advice)"
    case .unknownSettings(let keys, let family):
      let lines = keys.map { key in
        let near = key.utf8.count <= 64 ? nearest(to: key, among: family.configKeys) : nil
        let advice = key == "model_type" ? "Say it with 'model.family'." : near.map { "Did you mean '\($0)'?" }
        return "model.config.\(printable(key)): no setting of this family." + (advice.map { " " + $0 } ?? "")
      }
      return lines.joined(separator: "\n") + "\nA \(family.rawValue) model has "
        + family.configKeys.sorted().joined(separator: ", ") + "."
    case .twice(let key, let setting):
      return "model.config.\(setting): found beside 'model.\(key)', which says the same. Remove one of the two."
    case .lessThanBert(let folder, let family):
      return "model.family: found \"bert\", but \(folder) holds a \(family.rawValue) model, which has no token types: "
        + "a BERT model cannot be made of it. Leave 'family' out, or give a BERT folder."
    case .sinusoidal(let folder):
      return "\(folder)/config.json: 'sinusoidal_pos_embds' is true; random weights start with drawn positions only. "
        + "Leave 'path' out and give 'model.config', or use another folder."
    }
  }
}
