/// Which adapters do the same to the encoder, so that their heads can read the same hidden states.
import Autograd
import Checkpoints
import Encoders
import Files

/// The key of the base itself, and of adapters that train only a head.
package let baseEncoderKey = ""

extension Adapter {
  /// Two adapters of one base with the same key give the same hidden states: the base's with `baseEncoderKey`, else those of
  /// the same method with the same numbers, as of the tasks of one run. nil: not compared, for adapters with new tokens or
  /// matrices of their own.
  package var encoderKey: String? {
    if tokenRows != nil || !set.canBeMixed { return nil }
    let ofHead = model.headTransformModules + model.tagLayerModules
    let replaced = replacedWeights.filter { !belongs($0.parameter.name, to: ofHead) }
    if injection.projections.isEmpty, injection.residuals.isEmpty, injection.virtualTokens == nil, replaced.isEmpty {
      return baseEncoderKey
    }
    guard var config = try? method.configJSON(in: model) else { return nil }
    // They also name the head's modules; those of the encoder have tensors.
    for key in ["exclude_modules", "layers_to_transform", "modules_to_save", "target_modules"] { config[key] = nil }
    var digest = Digest()
    digest.add(type(of: method).peftType + JSON.object(config).text(pretty: false))
    for tensor in injection.tensors + replaced {
      digest.add("\(tensor.name) \(tensor.parameter.shape)")
      digest.add(UnsafeRawBufferPointer(tensor.parameter.values))
    }
    return digest.text
  }
}
