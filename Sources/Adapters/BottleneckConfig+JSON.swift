package import Encoders
/// Bottleneck keys of adapter_config.json: the object `config` as `adapters` 1.3 writes it.
package import Files

extension BottleneckConfig {
  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    [
      "adapter_residual_before_ln": false, "cross_adapter": false, "dropout": .double(dropout),
      "factorized_phm_W": true, "factorized_phm_rule": false, "hypercomplex_nonlinearity": "glorot-uniform",
      "init_weights": "bert", "init_weights_seed": nil, "inv_adapter": nil, "inv_adapter_reduction_factor": nil,
      "is_parallel": false, "learn_phm": true, "leave_out": .array(leaveOut.map(JSON.int)), "ln_after": false,
      "ln_before": false, "mh_adapter": .bool(hasAttentionAdapter), "non_linearity": .string(nonLinearity.rawValue),
      "original_ln_after": true, "original_ln_before": .bool(normsBefore), "output_adapter": .bool(hasOutputAdapter),
      "phm_bias": true, "phm_c_init": "normal", "phm_dim": 4, "phm_init_range": 0.0001, "phm_layer": false,
      "phm_rank": 1, "reduction_factor": jsonNumber(reductionFactor), "residual_before_ln": true,
      "scaling": .double(scaling), "shared_W_phm": false, "shared_phm_rule": true, "stochastic_depth": 0.0,
      "use_gating": false,
    ]
  }

  /// - Parameter file: the object `config`, with the adapter's `name` added.
  package init(_ file: inout AdapterConfigReader) {
    file.refuse([
      "adapter_residual_before_ln", "cross_adapter", "inv_adapter", "is_parallel", "ln_after", "ln_before", "phm_layer",
      "use_gating", "architecture",
    ])
    file.ignore([
      "factorized_phm_W", "factorized_phm_rule", "hypercomplex_nonlinearity", "init_weights", "init_weights_seed",
      "inv_adapter_reduction_factor", "learn_phm", "phm_bias", "phm_c_init", "phm_dim", "phm_init_range", "phm_rank",
      "shared_W_phm", "shared_phm_rule",
    ])
    file.require("original_ln_after", true)
    file.require("residual_before_ln", true)
    file.require("stochastic_depth", 0)
    self = .houlsby
    name = file["name", "a string", { $0.string }] ?? name
    hasAttentionAdapter = file.flag("mh_adapter")
    hasOutputAdapter = file.flag("output_adapter")
    normsBefore = file.flag("original_ln_before")
    nonLinearity =
      file["non_linearity", "\"relu\", \"gelu\", \"swish\" or \"tanh\"", { $0.string.flatMap(NonLinearity.init) }]
      ?? nonLinearity
    reductionFactor =
      file[
        "reduction_factor", "a single number from 0.01 to 1000000",
        { $0.number.flatMap { Self.reductionFactors.contains($0) ? $0 : nil } }]
      ?? reductionFactor
    scaling = file["scaling", "a number", { $0.number }] ?? scaling
    dropout = file.fraction("dropout") ?? 0
    leaveOut = file["leave_out", "a list of layers", { list($0) { $0.int } }] ?? []
  }
}
