/// Names the tensors of an unpickled state dict: by their keys, those of nested dictionaries and lists joined with
/// periods. Other values, as a training script's "epoch", are left out.

struct StateDict {
  private(set) var tensors: [String: PickledTensor] = [:]
  /// The key of the dictionary with the weights, if they are one of several values of the file.
  private(set) var wrapper: String?
  private let machine: PickleMachine
  /// About the memory of the names and tensors so far.
  private var bytes = 0

  /// Names that training scripts give to the weights beside an optimizer's state.
  private static let wrappers = ["state_dict", "model_state_dict", "model"]
  /// The same list may occur in many others, so a small file can have endless names.
  private static let maxDepth = 16, maxBytes = 1 << 23

  init(_ root: PickleValue, _ machine: PickleMachine) throws(TorchFault) {
    self.machine = machine
    var root = root
    guard case .dict(let dict) = root else { throw .noStateDict(found: root.typeName) }
    let items = machine.containers[dict]
    if !items.contains(where: { if case .tensor = $0 { true } else { false } }) {
      let values = stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) }
      for wrapper in Self.wrappers where self.wrapper == nil {
        guard let value = values.last(where: { $0.0 == .string(wrapper) })?.1, case .dict = value else { continue }
        self.wrapper = wrapper
        root = value
      }
    }
    try add(root, named: "", depth: 0)
  }

  private mutating func add(_ value: PickleValue, named name: String, depth: Int) throws(TorchFault) {
    bytes += name.utf8.count + 1
    guard depth <= Self.maxDepth, bytes <= Self.maxBytes else { throw .noStateDict(found: "endlessly nested values") }
    switch value {
    case .tensor(let index):
      // Of equal keys the last one counts, as in Python.
      tensors[name] = machine.tensors[index]
      bytes += 200
    case .dict(let index):
      let items = machine.containers[index]
      for start in stride(from: 0, to: items.count, by: 2) {
        let key: String? =
          switch items[start] {
          case .string(let key): key
          case .int(let key): "\(key)"
          default: nil
          }
        if let key { try add(items[start + 1], named: name.isEmpty ? key : "\(name).\(key)", depth: depth + 1) }
      }
    case .list(let index), .tuple(let index):
      for (position, element) in machine.containers[index].enumerated() {
        try add(element, named: name.isEmpty ? "\(position)" : "\(name).\(position)", depth: depth + 1)
      }
    default: break
    }
  }
}
