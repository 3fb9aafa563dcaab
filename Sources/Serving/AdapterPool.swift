/// One loaded base and the adapters that can be put into it, by name.
public import Adapters
import Checkpoints
import Files
public import Kernels
public import Models
public import Tasks
import Tokenizers

/// Why a model and its adapters cannot serve.
public enum PoolFault: Error, CustomStringConvertible {
  case noHead(String)
  case noLabels(adapter: String, classes: Int)
  case labelCount(adapter: String, labels: Int, classes: Int)
  case otherBase(adapter: String, base: String)
  case twice(String)
  case otherTask(String, wanted: HeadType)

  public var description: String {
    switch self {
    case .noHead(let path):
      "\(path): this model has no head of its own for this. Give an adapter: --adapter NAME=FOLDER."
    case .noLabels(let adapter, let classes):
      "\(adapter): no tune.json, and the base's config.json names no \(classes) labels. "
        + "Add tune.json with {\"task\": \"token_classification\", \"labels\": [...]}."
    case .labelCount(let adapter, let labels, let classes):
      "\(adapter): tune.json names \(labels) labels, the classifier has \(classes) classes."
    case .otherBase(let adapter, let base):
      "\(adapter): was trained over other weights than \(base) holds (tune.json's base.sha256). "
        + "Its predictions would be meaningless; give the base that it was trained over, or --any-base."
    case .otherTask(let path, .maskedLM):
      "\(path): was trained to tag words, not to guess masked ones; a text has nothing to score it by. Give a CoNLL file."
    case .otherTask(let path, _):
      "\(path): was trained for masked_lm and names no entities. Fine-tune it first: it may be a recipe's 'model.path', or "
        + "the adapter's base may. 'tune eval' scores it on text."
    case .twice(let name): "Two adapters are named \"\(name)\"."
    }
  }
}

/// Sendable: adapters are attached and detached between passes.
public final class AdapterPool: @unchecked Sendable {
  /// A head to ask: an adapter, or the base itself.
  public struct Member: Sendable {
    public let name: String
    /// nil: the base's own classifier.
    public let adapter: Adapter?
    public let labels: [String]
    public let encoder: TextTokenizer
  }

  public let model: TextModel
  public let members: [Member]

  /// - Parameters:
  ///   - adapters: in the order of the output; names differ.
  ///   - withBase: whether the base's own head is asked too.
  ///   - kind: the head that all of them have: `.tokens` or `.masked`.
  ///   - anyBase: skip the check that each adapter was trained over these weights.
  public init(
    folder: String, adapters: [(name: String, path: String)], withBase: Bool, anyBase: Bool = false,
    kind: HeadType = .tokenClassification
  ) throws {
    let config = try ModelConfig(folder: folder)
    let checkpoint = try Checkpoint(folder: folder)
    let tokenizer = try WordPiece(folder: folder)
    let classes = max(config.labels.count, 1)
    let model = try TextModel(config, checkpoint, kind: kind, classes: classes, reuseHead: true, seed: 0)
    self.model = model

    func sidecar(_ folder: String) throws -> Sidecar? {
      guard let sidecar = try Sidecar(folder: folder) else { return nil }
      guard (sidecar.task == "masked_lm") == (kind == .maskedLM) else {
        throw PoolFault.otherTask(folder, wanted: kind)
      }
      return sidecar
    }
    func encoder(_ sidecar: Sidecar?, reserved: Int = 0) throws -> TextTokenizer {
      try TextTokenizer(
        tokenizer, config, maxLength: sidecar?.maxLength, stride: sidecar?.stride, reserved: reserved)
    }
    var members: [Member] = []
    if withBase {
      let own = try encoder(try sidecar(folder))
      guard model.newlyInitialized.isEmpty, kind == .maskedLM || !config.labels.isEmpty else {
        throw PoolFault.noHead(folder)
      }
      members.append(Member(name: "base", adapter: nil, labels: config.labels, encoder: own))
    }
    var hash: String?
    for (name, path) in adapters {
      guard !members.contains(where: { $0.name == name }) else { throw PoolFault.twice(name) }
      let sidecar = try sidecar(path)
      if let wanted = sidecar?.baseHash, !anyBase {
        let found = try hash ?? checkpoint.sha256()
        hash = found
        if found != wanted { throw PoolFault.otherBase(adapter: path, base: folder) }
      }
      let adapter = try Adapter(folder: path, on: model)
      let labels = sidecar?.labels ?? config.labels
      guard kind == .maskedLM || labels.count == adapter.head.outputs else {
        throw sidecar == nil
          ? PoolFault.noLabels(adapter: path, classes: adapter.head.outputs)
          : .labelCount(adapter: path, labels: labels.count, classes: adapter.head.outputs)
      }
      let own = try encoder(sidecar, reserved: adapter.method.virtualTokenCount)
      members.append(Member(name: name, adapter: adapter, labels: labels, encoder: own))
    }
    self.members = members
  }

  /// Chooses the numbers that products read; weights that a member changes are left as they are.
  public func use(_ precision: Precision) {
    model.setPrecision(precision, except: members.reduce(into: []) { $0.formUnion($1.adapter?.replacedNames ?? []) })
  }

  /// Runs `body` with the member's adapter in the model; afterwards the base is as it was, bit for bit.
  public func with<R>(_ member: Member, _ body: () throws -> R) rethrows -> R {
    member.adapter?.attach()
    defer { member.adapter?.detach() }
    return try body()
  }
}
