/// A model to predict with: an adapter of a base, or the base itself with its own head.
public import Adapters
public import Models
public import Tasks

public struct Member: Sendable {
  public let name, folder: String
  /// The member's head on the encoder of its base. Members with the same head layers share one.
  public let model: TextModel
  /// nil: the base with its own head.
  public let adapter: Adapter?
  public let task: any TaskInference
  public let tokenizer: TextTokenizer
  /// The folder's tune.json; nil: it has none.
  public let settings: TuneJSON?
  /// The same for members whose encoders give the same hidden states; nil: not known.
  let encoderKey: String?

  /// Differs between two loads of one folder.
  var id: ObjectIdentifier { adapter.map(ObjectIdentifier.init) ?? ObjectIdentifier(model) }

  /// The task that answers record by record.
  /// - Throws: `PoolFault.noRecords` if it is none.
  public var recordTask: any RecordInference {
    get throws {
      guard let task = task as? any RecordInference else { throw PoolFault.noRecords(folder, TaskType(of: task)) }
      return task
    }
  }

  /// The argument of a pass.
  public var adapters: RowAdapters { adapter.map { RowAdapters($0.set) } ?? .none }

  /// The tokenizer with another window; nil: as it is. A stride that is too large for a new `maxLength` becomes a quarter
  /// of it.
  /// - Throws: `TextTokenizerFault`.
  public func tokenizer(maxLength: Int?, stride: Int?) throws -> TextTokenizer {
    let length = maxLength ?? tokenizer.maxLength, own = tokenizer.stride
    return try TextTokenizer(
      tokenizer.tokenizer, model.config, maxLength: length, stride: stride ?? (own * 2 < length ? own : nil),
      reserved: adapter?.method.virtualTokenCount ?? 0)
  }
}
