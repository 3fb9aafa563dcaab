/// One loaded base model, and the adapters that can be attached to it, by name.
public import Adapters
import Checkpoints
import Files
public import Kernels
public import Models
public import Tasks
import Tokenizers

/// A model and adapters that cannot be used together.
public enum PoolFault: Error, CustomStringConvertible {
  case noHead(String)
  case noLabels(adapter: String, classes: Int)
  case labelCount(adapter: String, labels: Int, classes: Int)
  case differentBase(adapter: String, base: String)
  case duplicateName(String)
  case differentTask(String, expected: HeadType)

  public var description: String {
    switch self {
    case .noHead(let path):
      "\(path): this model has no trained head for this task. Give an adapter: --adapter NAME=FOLDER."
    case .noLabels(let adapter, let classes):
      "\(adapter): has no tune.json, and the base's config.json does not name \(classes) labels. "
        + "Add tune.json with {\"task\": \"token_classification\", \"labels\": [...]}."
    case .labelCount(let adapter, let labels, let classes):
      "\(adapter): tune.json names \(labels) labels, but the classifier has \(classes) classes."
    case .differentBase(let adapter, let base):
      "\(adapter): was trained on other weights than those of \(base) (tune.json's base.sha256). "
        + "Its predictions would be meaningless. Give the base that it was trained on, or --any-base."
    case .differentTask(let path, .maskedLM):
      "\(path): was trained for token_classification and cannot be scored on plain text. Give a CoNLL file."
    case .differentTask(let path, _):
      "\(path): was trained for masked_lm and predicts no entities. Fine-tune it first: use it, or the adapter's base, "
        + "as a recipe's 'model.path'. 'tune eval' scores it on text."
    case .duplicateName(let name): "Two adapters are named \"\(name)\"."
    }
  }
}

/// Sendable: adapters are attached and detached only between passes.
public final class AdapterPool: @unchecked Sendable {
  /// A model to predict with: an adapter, or the base itself.
  public struct Member: Sendable {
    public let name: String
    /// nil: the base with its own classifier.
    public let adapter: Adapter?
    public let labels: [String]
    public let tokenizer: TextTokenizer
  }

  public let model: TextModel
  public let members: [Member]

  /// - Parameters:
  ///   - adapters: in the order of the output; names must differ.
  ///   - withBase: include the base with its own head.
  ///   - anyBase: skip the check that each adapter was trained on these weights.
  ///   - headType: the type of all heads: `.tokenClassification` or `.maskedLM`.
  /// - Throws: `PoolFault`, `AdapterFault` and faults of the folders' readers.
  public init(
    folder: String, adapters: [(name: String, path: String)], withBase: Bool, anyBase: Bool = false,
    headType: HeadType = .tokenClassification
  ) throws {
    let config = try ModelConfig(folder: folder)
    let checkpoint = try Checkpoint(folder: folder)
    let wordPiece = try WordPiece(folder: folder)
    let classes = max(config.labels.count, 1)
    let model = try TextModel(config, checkpoint, headType: headType, classes: classes, reuseHead: true, seed: 0)
    self.model = model

    func makeTokenizer(_ sidecar: Sidecar?, reserved: Int = 0) throws -> TextTokenizer {
      try TextTokenizer(
        wordPiece, config, maxLength: sidecar?.maxLength, stride: sidecar?.stride, reserved: reserved)
    }
    var members: [Member] = []
    if withBase {
      let tokenizer = try makeTokenizer(try readSidecar(folder, for: headType))
      guard model.newlyInitialized.isEmpty, headType == .maskedLM || !config.labels.isEmpty else {
        throw PoolFault.noHead(folder)
      }
      members.append(Member(name: "base", adapter: nil, labels: config.labels, tokenizer: tokenizer))
    }
    var baseHash: String?
    for (name, path) in adapters {
      guard !members.contains(where: { $0.name == name }) else { throw PoolFault.duplicateName(name) }
      let sidecar = try readSidecar(path, for: headType)
      if let expected = sidecar?.baseHash, !anyBase {
        let found = try baseHash ?? checkpoint.sha256()
        baseHash = found
        if found != expected { throw PoolFault.differentBase(adapter: path, base: folder) }
      }
      let adapter = try Adapter(folder: path, on: model)
      let labels = sidecar?.labels ?? config.labels
      guard headType == .maskedLM || labels.count == adapter.head.outputs else {
        throw sidecar == nil
          ? PoolFault.noLabels(adapter: path, classes: adapter.head.outputs)
          : .labelCount(adapter: path, labels: labels.count, classes: adapter.head.outputs)
      }
      let tokenizer = try makeTokenizer(sidecar, reserved: adapter.method.virtualTokenCount)
      members.append(Member(name: name, adapter: adapter, labels: labels, tokenizer: tokenizer))
    }
    self.members = members
  }

  /// Sets the precision of GEMMs. Weights that an adapter replaces stay in Float32.
  public func use(_ precision: Precision) {
    model.setPrecision(precision, except: members.reduce(into: []) { $0.formUnion($1.adapter?.replacedNames ?? []) })
  }

  /// Runs `body` with the member's adapter attached, and then restores the base, bit for bit.
  public func with<R>(_ member: Member, _ body: () throws -> R) rethrows -> R {
    member.adapter?.attach()
    defer { member.adapter?.detach() }
    return try body()
  }
}

/// The folder's tune.json, if there is one.
/// - Throws: `PoolFault.differentTask` if it belongs to a task with another head.
private func readSidecar(_ folder: String, for headType: HeadType) throws -> Sidecar? {
  guard let sidecar = try Sidecar(folder: folder) else { return nil }
  guard (sidecar.task == "masked_lm") == (headType == .maskedLM) else {
    throw PoolFault.differentTask(folder, expected: headType)
  }
  return sidecar
}
