/// Predictions of every member of a pool for records.
package import Autograd
package import Datasets
import Encoders
package import Tasks

package struct Predictor {
  package let pool: AdapterPool
  private let tasks: [any RecordInference]
  private let parallelFor: ParallelFor
  private let keepsLogits: Bool

  /// - Throws: `PoolFault.noRecords` if a member's task has no predictions for records; `.differentInputs` if only some
  ///   members answer questions about a context.
  package init(_ pool: AdapterPool, logits: Bool = false, run parallelFor: @escaping ParallelFor) throws {
    self.pool = pool
    self.parallelFor = parallelFor
    keepsLogits = logits
    tasks = try pool.members.map { try $0.recordTask }
    let first = pool.members[0]
    if let other = pool.members.first(where: { $0.answersQuestions != first.answersQuestions }) {
      throw PoolFault.differentInputs([first, other].map { ($0.folder, TaskType(of: $0.task)) })
    }
  }

  /// - Parameter records: what each member reads of one input.
  /// - Throws: `PoolFault.record` for a record with too few or too many texts for its member.
  package func check(_ records: [Record]) throws(PoolFault) {
    for (record, (member, task)) in zip(records, zip(pool.members, tasks)) {
      do throws(TaskFault) { try task.check(record) } catch { throw .record(member.folder, error) }
    }
  }

  /// The prediction of every member for every input, and the record's sequences with their logits if they are
  /// requested: `result[member][input]`.
  /// - Parameter inputs: of each the records by member, which must have passed `check`.
  /// - Throws: `NotFinite` if a logit is not finite, as with damaged weights.
  package func predict(_ inputs: [[Record]]) throws -> [[(prediction: Prediction, sequences: [SequenceLogits])]] {
    let requests = pool.members.enumerated().flatMap { index, member in
      inputs.map { (record: $0[index], member: member) }
    }
    let found = try pool.base.predict(requests, keepsLogits: keepsLogits, parallelFor)
    return pool.members.indices.map { Array(found[$0 * inputs.count..<($0 + 1) * inputs.count]) }
  }
}

extension Member {
  /// Whether it reads a question and a context instead of texts.
  package var answersQuestions: Bool { model.headType == .questionAnswering }
}
