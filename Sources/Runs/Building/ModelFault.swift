package import Encoders
/// Errors where the recipe's section "model" does not match the folders that it names.
import Files
import Recipes

package enum ModelFault: Error, CustomStringConvertible {
  case noSuchLayers([Int], folder: String, count: Int)
  case firstLayer(folder: String)
  /// `layers` is the key of the number of layers in config.json.
  case sizesDiffer([(key: String, wanted: Int, found: Int)], folder: String, layers: String)
  case unknownSettings([String], Family)
  case duplicateSetting(key: String, setting: String)
  case otherFamily(Family, folder: String, Family)
  case sinusoidalPositions(folder: String)

  package var description: String {
    switch self {
    case .noSuchLayers(let layers, let folder, let count):
      return
        "model.layers: \(layers.map(String.init).joined(separator: ", ")): \(folder) has layers 0 to \(count - 1). "
        + "Choose among those, or \"alternate\"."
    case .firstLayer(let folder):
      return
        "model.layers: layer 0 of \(folder) has no norm before its attention, so it must be the first one, and "
        + "only that. Start the list with 0."
    case .sizesDiffer(let changes, let folder, let layers):
      let list = changes.map { "\n  model.config.\($0.key) is \($0.wanted), the weights have \($0.found)" }.joined()
      let advice = changes.contains { $0.key == layers } ? " \"model.layers\" selects some of the layers." : ""
      return "\(folder): the sizes of a checkpoint cannot be changed:\(list)\n"
        + "Remove them, or start from random weights with \"model.init\": \"random\".\(advice)"
    case .unknownSettings(let keys, let family):
      let lines = keys.map { key in
        let suggestion = key.utf8.count <= 64 ? nearest(to: key, among: family.configKeys) : nil
        let advice = key == "model_type" ? "Use 'model.family'." : suggestion.map { "Did you mean '\($0)'?" }
        return "model.config.\(printable(key)): not a setting of this family." + (advice.map { " " + $0 } ?? "")
      }
      return lines.joined(separator: "\n") + "\nThe settings of a \(family.rawValue) model are "
        + family.configKeys.sorted().joined(separator: ", ") + "."
    case .duplicateSetting(let key, let setting):
      return "model.config.\(setting): 'model.\(key)' sets the same. Remove one of the two."
    case .otherFamily(let family, let folder, let found):
      return
        "model.family: found \"\(family.rawValue)\", but \(folder) holds a \(found.rawValue) model, whose weights this "
        + "family cannot take. Remove 'family', or give a \(family.rawValue) folder."
    case .sinusoidalPositions(let folder):
      return
        "\(folder)/config.json: 'sinusoidal_pos_embds' is true, but new models have trainable position embeddings. "
        + "Leave 'path' out and give 'model.config', or use another folder."
    }
  }
}
