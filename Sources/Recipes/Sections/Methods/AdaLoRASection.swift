/// "method": {"type": "adalora", …}; names and meanings are PEFT's `AdaLoraConfig`.
import Adapters

extension AdaLoRAConfig: MethodSection {
  /// As LoRA's.
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) {
    fields.field("init_r", &initR, .int(1...), "The rank of every projection at first.")
    fields.field("target_r", &targetR, .int(1...), "The rank of a projection in the end, on average.")
    fields.field("alpha", &alpha, .number(above: 0), "The update is scaled by alpha / init_r.")
    fields.field("dropout", &dropout, .number(0..<1), "Dropout of the adapter's input.")
    fields.field("tinit", &tInit, .int(0...), "Steps before ranks begin to shrink.")
    fields.field("tfinal", &tFinal, .int(0...), "Steps at the end in which they stay.")
    fields.field("deltaT", &deltaT, .int(1...), "Steps between two allocations of the ranks.")
    fields.field("beta1", &beta1, .number(0.01..<1), "Memory of the running mean of importance.")
    fields.field("beta2", &beta2, .number(0.01..<1), "Memory of the running mean of its uncertainty.")
    fields.field("orth_reg_weight", &orthRegWeight, .number(0...), "Weight of the loss that keeps A and B orthogonal.")
    modules.declareTargets(fields)
    modules.declareLayers(fields)
    fields.field("bias", &bias, .choice, "Which biases learn along.")
    modules.declareSaved(fields)
    if targetR >= initR {
      fields.fault(
        "method.target_r", "\(targetR)", expected: "less than init_r, \(initR)",
        advice: "Ranks can only shrink.")
    }
  }
}
