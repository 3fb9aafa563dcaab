/// "method": {"type": "adalora", …}; names and meanings are PEFT's `AdaLoraConfig`.
import Adapters

extension AdaLoRAConfig: MethodSection {
  /// LoRA's default.
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) {
    fields.field("init_r", &initR, .int(1...), "Initial rank of every projection.")
    fields.field("target_r", &targetR, .int(1...), "Final rank of a projection, on average; less than init_r.")
    fields.field(
      "alpha", &alpha, .alpha(rank: initR), "The update is scaled by alpha / init_r. \"rank\": alpha is init_r.")
    fields.field("dropout", &dropout, .number(0..<1), "Dropout on the adapter's input.")
    fields.field("tinit", &tInit, .int(0...), "Steps before the ranks start to fall.")
    fields.field("tfinal", &tFinal, .int(0...), "Steps at the end with constant ranks.")
    fields.field("deltaT", &deltaT, .int(1...), "Steps between two rank allocations.")
    fields.field("beta1", &beta1, .number(0.01..<1), "Decay of the running mean of importance.")
    fields.field("beta2", &beta2, .number(0.01..<1), "Decay of the running mean of its uncertainty.")
    fields.field("orth_reg_weight", &orthRegWeight, .number(0...), "Weight of the orthogonality loss of A and B.")
    modules.declareTargets(fields)
    modules.declareLayers(fields)
    fields.field("bias", &bias, .choice, "Biases to train.")
    modules.declareModulesToSave(fields)
    if targetR >= initR {
      fields.fault(
        "method.target_r", "found \(targetR)", expected: "less than init_r, \(initR)",
        advice: "Ranks can only fall.")
    }
  }
}
