/// Predictions of every member of a pool for records.
public import Datasets
import Models
public import Tasks

public struct Predictor {
  public let pool: AdapterPool
  private let tasks: [any RecordInference]
  private let parallelFor: ParallelFor
  private let keepsLogits: Bool

  /// - Throws: `PoolFault.noRecords` if the members' task has no predictions for records.
  public init(_ pool: AdapterPool, logits: Bool = false, run parallelFor: @escaping ParallelFor) throws {
    self.pool = pool
    self.parallelFor = parallelFor
    keepsLogits = logits
    tasks = try pool.members.map { member in
      guard let task = member.task as? any RecordInference else {
        throw PoolFault.noRecords(member.folder, TaskType(of: member.task))
      }
      return task
    }
  }

  /// - Throws: `PoolFault.record` for a record with too few or too many texts for a member.
  public func check(_ record: Record) throws(PoolFault) {
    for (member, task) in zip(pool.members, tasks) {
      do throws(TaskFault) { try task.check(record) } catch { throw .record(member.folder, error) }
    }
  }

  /// The prediction of every member for every record, and the record's sequences with their logits if they are
  /// requested: `result[member][record]`. The records must have passed `check`.
  /// - Throws: `NotFinite` if a logit is not finite, as with damaged weights.
  public func predict(_ records: [Record]) throws -> [[(prediction: Prediction, sequences: [SequenceLogits])]] {
    try zip(pool.members, tasks).map { member, task in
      try Inference(pool.model, member.adapters).predict(
        records, task, member.tokenizer, keepsLogits: keepsLogits, parallelFor)
    }
  }
}
