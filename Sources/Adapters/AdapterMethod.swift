/// What every way of adapting a model is asked for. To add one: a type of its own, and a line in `adapterMethods`.
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
  static var prefix: String { get }
  /// Modules trained and saved whole, beside the head.
  var modulesToSave: [String] { get }

  /// Makes what goes into the model's seams; nothing is put there yet.
  /// - Parameter seed: where chance comes from; nil: the numbers are about to be read from a file.
  func fit(_ model: TextModel, seed: UInt64?) throws -> Fitting
  /// Modules that start from chance are trained and saved whole, and so no target, whatever else the settings say.
  mutating func learnWhole(_ modules: [String])
  /// Positions of every sequence that are the method's own.
  var positions: Int { get }
  /// Reads the texts that the method starts from; `pieces` are a text's token ids.
  mutating func readTexts(_ pieces: (String) -> [Int32])
  /// The factor of the learning rate for a weight that learns.
  func rateFactor(of parameter: Parameter) -> Double
  /// The method's own keys of adapter_config.json, all that PEFT writes.
  func settings(in model: TextModel) throws -> [String: JSON]
  /// Reads them back. What this program cannot do is a problem, never a silent difference.
  init(_ file: inout SettingsReader)
}

extension AdapterMethod {
  public static var format: AdapterFormat { .peft }
  public static var prefix: String { "base_model.model." }
  public var positions: Int { 0 }
  public func rateFactor(of parameter: Parameter) -> Double { 1 }
  public func readTexts(_ pieces: (String) -> [Int32]) {}
}

/// A method whose settings choose modules.
public protocol ModuleMethod: AdapterMethod {
  var modules: ModuleChoice { get set }
}

extension ModuleMethod {
  public var modulesToSave: [String] { modules.modulesToSave }
  public mutating func learnWhole(_ modules: [String]) { self.modules.learnWhole(modules) }
}

/// By `peft_type`.
let adapterMethods: [any AdapterMethod.Type] = [
  LoRAConfig.self, AdaLoRAConfig.self, IA3Config.self, VeRAConfig.self, LayerNormTuning.self, BitFit.self,
  HeadTraining.self, BottleneckConfig.self, PromptConfig.self, PrefixConfig.self,
]

/// What a method has made for one model.
public struct Fitting {
  /// What sits in the seams of projections.
  var projections: [(projection: Projection, adapter: any ProjectionAdapter)] = []
  /// What sits elsewhere in the model.
  var sockets: [Socket] = []
  /// What is saved, in the file's order.
  var tensors: [Stored] = []
  /// What learns beside `tensors`, and is not saved: what it makes is.
  var unsaved: [Parameter] = []
  /// Weights of the model that the adapter has its own numbers for: biases, norms, modules saved whole.
  var owned: [Stored] = []
  /// What the method does beside the passes, where it does something.
  var hook: (any StepHook)?
  /// Keys of adapter_config.json that only training decides; nil: none.
  var learned: (() -> [String: JSON])?
}

/// A parameter and its name in adapter_model.safetensors.
struct Stored {
  let name: String
  let parameter: Parameter
  /// Whether it is trained, or only saved along.
  var learns = true
  /// What is saved, where that is not the parameter as it is.
  var form: SavedForm?
}

/// Makes the shape and the numbers of a tensor in adapter_model.safetensors.
typealias SavedForm = () -> (shape: [Int], values: [Float])

/// A place in a model where something may sit.
struct Socket {
  let isFree: () -> Bool
  let fill: () -> Void
  let empty: () -> Void

  /// `Socket(block.seams, \.prefix, prefix)`
  init<Owner: AnyObject, Value>(_ owner: Owner, _ place: ReferenceWritableKeyPath<Owner, Value?>, _ value: Value) {
    isFree = { owner[keyPath: place] == nil }
    fill = { owner[keyPath: place] = value }
    empty = { owner[keyPath: place] = nil }
  }
}

extension TextModel {
  /// The weights of `modules`, by their names or the ends of these; the weights themselves stored under `prefix`.
  func weights(of modules: [String], prefix: String) -> [Stored] {
    parameters.filter { isPart($0.name, of: modules) }.map { Stored(name: prefix + $0.name, parameter: $0) }
  }
}

/// Whether a module on the way to this weight is one of `modules`, or ends with one.
public func isPart(_ weight: String, of modules: [String]) -> Bool {
  let path = weight.split(separator: ".").dropLast()
  return modules.contains { saved in
    path.indices.contains { isSuffix(saved, of: path[...$0].joined(separator: ".")) }
  }
}
