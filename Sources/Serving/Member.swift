/// A model to predict with: an adapter of a base, or the base itself with its own head.
package import Adapters
package import Encoders
package import Tasks

package struct Member: Sendable {
  package let name, folder: String
  /// The member's head on the encoder of its base. Members with the same head layers share one.
  package let model: TextModel
  /// nil: the base with its own head.
  package let adapter: Adapter?
  package let task: any TaskInference
  package let tokenizer: TextTokenizer
  /// The folder's tune.json; nil: it has none.
  package let settings: TuneJSON?
  /// The same for members whose encoders give the same hidden states; nil: not known.
  let encoderKey: String?

  /// Differs between two loads of one folder.
  var id: ObjectIdentifier { adapter.map(ObjectIdentifier.init) ?? ObjectIdentifier(model) }

  /// The task that answers record by record.
  /// - Throws: `PoolFault.noRecords` if it is none.
  package var recordTask: any RecordInference {
    get throws {
      guard let task = task as? any RecordInference else { throw PoolFault.noRecords(folder, TaskType(of: task)) }
      return task
    }
  }

  /// The argument of a pass.
  package var adapters: RowAdapters { adapter.map { RowAdapters($0.set) } ?? .none }

  /// The tokenizer with another window; nil: as it is. A stride that is too large for a new `maxLength` becomes a quarter
  /// of it.
  /// - Throws: `TextTokenizerFault`.
  package func tokenizer(maxLength: Int?, stride: Int?) throws -> TextTokenizer {
    let length = maxLength ?? tokenizer.maxLength, own = tokenizer.stride
    return try TextTokenizer(
      tokenizer.tokenizer, model.config, maxLength: length, stride: stride ?? (own * 2 < length ? own : nil),
      reserved: adapter?.method.virtualTokenCount ?? 0)
  }
}
