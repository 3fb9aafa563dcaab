/// A parameter-efficient fine-tuning method in PEFT's terms: its config, and what it injects into a model.
package import Autograd
package import Encoders
package import Files

/// The config of a method (PEFT's `PeftConfig`, such as `LoraConfig`), which also creates the method's parameters for a
/// model (PEFT's `BaseTuner`). An `Adapter` is one such config injected into one `TextModel`.
///
/// To add the method X:
/// 1. **The forward pass.** PEFT replaces modules by its own layers (`lora.Linear`). Here a model has adapter slots, and
///    an `AdapterSet`, an argument of the pass, has an object for a slot: a `ProjectionAdapter` beside a linear layer
///    (`LoRA`, `IA3`), a `ResidualAdapter` after a sublayer (`Bottleneck`), or `VirtualTokens` before every sequence
///    (`PromptEmbedding`, `PrefixEncoder`). A method that only trains weights of the model (`BitFit`) needs none. If the update can be
///    merged into weight and bias, as by PEFT's `merge_and_unload`, the `ProjectionAdapter` is also `Mergeable`.
/// 2. **The config.** `XConfig: AdapterMethod` has the fields of PEFT's config, with PEFT's defaults. With
///    `target_modules` or `modules_to_save` it is a `ModuleMethod`. Its `inject` creates the adapters, whose parameters
///    have PEFT's names. `configJSON` writes adapter_config.json, and `init(_:)` reads it.
/// 3. **Loading.** Add `XConfig.self` to `adapterMethods` (AdapterFolder.swift), where `peft_type` is looked up.
/// 4. **The recipe.** In Sources/Recipes/Sections/Methods: a `MethodSection` with the keys, and a case of
///    `Recipe.Method.MethodType`.
///
/// Compare it with PEFT in tests: the logits of a PEFT folder, the saved files, the losses of twenty steps, and the
/// count of trainable parameters. A merged model must give the logits of the model with the adapter.
package protocol AdapterMethod: Sendable {
  /// `peft_type` in adapter_config.json: "LORA". A name of our own if PEFT does not have the method.
  static var peftType: String { get }
  /// Which library's files the adapter is saved in. Default: PEFT's.
  static var format: AdapterFormat { get }
  /// Prefix of the names in adapter_model.safetensors. Default: "base_model.model.".
  static var tensorPrefix: String { get }
  /// How the method's files have trainable tokens; nil: they have the whole matrix. Default: nil.
  static var trainableTokens: TrainableTokensForm? { get }
  /// PEFT's `modules_to_save`: modules that are trained and saved in full, besides the head.
  var modulesToSave: [String] { get }

  /// Creates the method's parameters for `model`. Does not change the model.
  /// - Parameters:
  ///   - model: its names and sizes decide the targets and the shapes.
  ///   - seed: random seed of the initialization. nil: the adapter is read from a file. Then values are not
  ///     initialized, and names in the config may match nothing, as in PEFT.
  /// - Throws: `TargetFault` or a fault of the method, if the config does not match the model.
  func inject(into model: TextModel, seed: UInt64?) throws -> Injection
  /// Adds to `modulesToSave` the modules of a newly initialized head. They are then no targets of the method.
  mutating func addModulesToSave(_ modules: [String])
  /// PEFT's `num_virtual_tokens`: positions that every sequence loses to the method. Default: 0.
  var virtualTokenCount: Int { get }
  /// Tokenizes texts in the config (`prompt_tuning_init_text`). Called before `inject`. Default: does nothing.
  /// - Parameter tokenize: the token ids of a text.
  mutating func tokenizeTexts(_ tokenize: (String) -> [Int32])
  /// Factor of the learning rate for a trainable parameter, as in LoRA+. Default: 1.
  func learningRateFactor(of parameter: Parameter) -> Double
  /// The method's keys of adapter_config.json, all that PEFT writes. `Adapter.save` adds those that all methods share.
  func configJSON(in model: TextModel) throws -> [String: JSON]
  /// Reads the keys of `configJSON`. An unsupported option must be reported as a problem of `file`, never ignored.
  init(_ file: inout AdapterConfigReader)
}

extension AdapterMethod {
  package static var format: AdapterFormat { .peft }
  package static var tensorPrefix: String { "base_model.model." }
  package static var trainableTokens: TrainableTokensForm? { nil }
  package var virtualTokenCount: Int { 0 }
  package func learningRateFactor(of parameter: Parameter) -> Double { 1 }
  package func tokenizeTexts(_ tokenize: (String) -> [Int32]) {}
}

/// A method that has `target_modules`, `exclude_modules`, `layers_to_transform` or `modules_to_save`.
package protocol ModuleMethod: AdapterMethod {
  var modules: ModuleChoice { get set }
}

extension ModuleMethod {
  package var modulesToSave: [String] { modules.modulesToSave }
  package mutating func addModulesToSave(_ modules: [String]) { self.modules.addModulesToSave(modules) }
}

/// What a method injects into one model. `Adapter` makes an `AdapterSet` of it, and saves it.
package struct Injection {
  /// Adapters of linear layers.
  var projections: [(projection: Projection, adapter: any ProjectionAdapter)] = []
  /// Projections whose matrix the adapter changes as a whole (see `WeightMethod`).
  var changedProjections: [Projection] = []
  /// Adapters after sublayers.
  var residuals: [(slot: BlockSlot, adapter: any ResidualAdapter)] = []
  /// Virtual tokens before every sequence; nil: none.
  var virtualTokens: (any VirtualTokens)?
  /// Parameters that are saved, in the file's order.
  var tensors: [SavedParameter] = []
  /// Parameters that are trained and not saved, because what they compute is saved instead (prefix tuning's network).
  var unsavedParameters: [Parameter] = []
  /// Parameters of the model that the adapter has its own copies of: biases, LayerNorms, modules to save.
  var replacedWeights: [SavedParameter] = []
  /// Called around every training step (AdaLoRA's rank allocation); nil for most methods.
  var hook: (any StepHook)?
  /// Keys of adapter_config.json that are known only after training; nil: none.
  var trainedConfig: (() -> [String: JSON])?
}

/// A parameter and its name in adapter_model.safetensors.
struct SavedParameter {
  let name: String
  let parameter: Parameter
  /// Whether it is trained; VeRA's shared matrices are saved but frozen.
  var isTrained = true
  /// Computes what is saved; nil: the parameter itself.
  var export: TensorExport?
}

/// Computes shape and values of a tensor in adapter_model.safetensors.
typealias TensorExport = () -> (shape: [Int], values: [Float])

extension TextModel {
  /// The weights of `modules` (module names or their suffixes), saved under `prefix` and their own names.
  func weights(of modules: [String], prefix: String) -> [SavedParameter] {
    parameters.filter { belongs($0.name, to: modules) }.map { SavedParameter(name: prefix + $0.name, parameter: $0) }
  }
}

/// Whether the weight lies in one of `modules`, which are module names or their suffixes.
package func belongs(_ weight: String, to modules: [String]) -> Bool {
  let path = weight.split(separator: ".").dropLast()
  return modules.contains { module in
    path.indices.contains { isSuffix(module, of: path[...$0].joined(separator: ".")) }
  }
}
