/// What every way of adapting a model is asked for. To add one: a type of its own, and a line in `adapterMethods` (AdapterFolder.swift).
public import Autograd
public import Files
public import Models

/// A way to change a model by little, with its settings: what it puts where, and how PEFT spells it.
public protocol AdapterMethod: Sendable {
  /// `peft_type` in adapter_config.json, where that is PEFT's.
  static var peftType: String { get }
  /// Whose files it is kept in.
  static var format: AdapterFormat { get }
  /// What stands before a weight's name in adapter_model.safetensors.
  static var tensorPrefix: String { get }
  /// Modules trained and saved whole, beside the head.
  var modulesToSave: [String] { get }

  /// Makes what goes into the model's seams; nothing is put there yet.
  /// - Parameter seed: where chance comes from; nil: the numbers are about to be read from a file.
  func inject(into model: TextModel, seed: UInt64?) throws -> Injection
  /// Modules that start from chance are trained and saved whole, and so no target, whatever else the settings say.
  mutating func addModulesToSave(_ modules: [String])
  /// Positions of every sequence that are the method's own.
  var virtualTokenCount: Int { get }
  /// Reads the texts that the method starts from; `pieces` are a text's token ids.
  mutating func tokenizeTexts(_ pieces: (String) -> [Int32])
  /// The factor of the learning rate for a weight that learns.
  func learningRateFactor(of parameter: Parameter) -> Double
  /// The method's own keys of adapter_config.json, all that PEFT writes.
  func configJSON(in model: TextModel) throws -> [String: JSON]
  /// Reads them back. What this program cannot do is a problem, never a silent difference.
  init(_ file: inout AdapterConfigReader)
}

extension AdapterMethod {
  public static var format: AdapterFormat { .peft }
  public static var tensorPrefix: String { "base_model.model." }
  public var virtualTokenCount: Int { 0 }
  public func learningRateFactor(of parameter: Parameter) -> Double { 1 }
  public func tokenizeTexts(_ pieces: (String) -> [Int32]) {}
}

/// A method whose settings choose modules.
public protocol ModuleMethod: AdapterMethod {
  var modules: ModuleChoice { get set }
}

extension ModuleMethod {
  public var modulesToSave: [String] { modules.modulesToSave }
  public mutating func addModulesToSave(_ modules: [String]) { self.modules.addModulesToSave(modules) }
}

/// What a method has made for one model.
public struct Injection {
  /// What sits in the seams of projections.
  var projections: [(projection: Projection, adapter: any ProjectionAdapter)] = []
  /// What sits elsewhere in the model.
  var slots: [AdapterSlot] = []
  /// What is saved, in the file's order.
  var tensors: [SavedParameter] = []
  /// What learns beside `tensors`, and is not saved: what it makes is.
  var unsavedParameters: [Parameter] = []
  /// Weights of the model that the adapter has its own numbers for: biases, norms, modules saved whole.
  var replacedWeights: [SavedParameter] = []
  /// What the method does beside the passes, where it does something.
  var hook: (any StepHook)?
  /// Keys of adapter_config.json that only training decides; nil: none.
  var trainedConfig: (() -> [String: JSON])?
}

/// A parameter and its name in adapter_model.safetensors.
struct SavedParameter {
  let name: String
  let parameter: Parameter
  /// Whether it is trained, or only saved along.
  var isTrained = true
  /// What is saved, where that is not the parameter as it is.
  var export: TensorExport?
}

/// Makes the shape and the numbers of a tensor in adapter_model.safetensors.
typealias TensorExport = () -> (shape: [Int], values: [Float])

/// A place in a model where something may sit.
struct AdapterSlot {
  let isFree: () -> Bool
  let fill: () -> Void
  let clear: () -> Void

  /// `Socket(block.seams, \.prefix, prefix)`
  init<Owner: AnyObject, Value>(_ owner: Owner, _ place: ReferenceWritableKeyPath<Owner, Value?>, _ value: Value) {
    isFree = { owner[keyPath: place] == nil }
    fill = { owner[keyPath: place] = value }
    clear = { owner[keyPath: place] = nil }
  }
}

extension TextModel {
  /// The weights of `modules`, by their names or the ends of these; the weights themselves stored under `prefix`.
  func weights(of modules: [String], prefix: String) -> [SavedParameter] {
    parameters.filter { belongs($0.name, to: modules) }.map { SavedParameter(name: prefix + $0.name, parameter: $0) }
  }
}

/// Whether a module on the way to this weight is one of `modules`, or ends with one.
public func belongs(_ weight: String, to modules: [String]) -> Bool {
  let path = weight.split(separator: ".").dropLast()
  return modules.contains { saved in
    path.indices.contains { isSuffix(saved, of: path[...$0].joined(separator: ".")) }
  }
}
