import Encoders
/// SHiRA: changes of a few numbers of the weight, whose places are in the file.
import Kernels

/// W'[oₖ, iₖ] = W[oₖ, iₖ] + vₖ        [o; i] [2, r·(in + out)]: `shira_indices`   v [r·(in + out)]: `shira_weight`
/// source: Bhardwaj et al. 2024; peft/tuners/shira/layer.py `get_delta_weight`
struct SHiRA: WeightMethod {
  static let peftType = "SHIRA"
  var modules: ModuleChoice
  private let rank: Int

  init(_ file: inout AdapterConfigReader) {
    file.refuse(["fan_in_fan_out"])
    // These chose the places, which are in the file.
    file.ignore(["init_weights", "mask_type", "random_seed"])
    rank = file.positiveInt("r") ?? 32
    modules = ModuleChoice(&file)
  }

  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange] {
    try targets.map { target in
      let count = rank * (target.inputs + target.outputs)
      let values = try file.floats("shira_weight", of: target, [count])
      let places = try file.indices(
        "shira_indices", of: target, [2, count], below: max(target.inputs, target.outputs))
      guard places.prefix(count).allSatisfy({ $0 < target.outputs }),
        places.suffix(count).allSatisfy({ $0 < target.inputs })
      else {
        throw file.mismatch(
          "'shira_indices' of \(target.name) has a place outside of its matrix [\(target.outputs), \(target.inputs)]")
      }
      return { w in
        var changed = w
        for index in 0..<count { changed.values[places[index] * w.columns + places[count + index]] += values[index] }
        return changed
      }
    }
  }
}
