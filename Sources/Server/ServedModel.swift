/// A model that answers requests: an adapter, or the base with its own head.
import Datasets
import Encoders
import Files
import Serving
import Tasks

final class ServedModel: Sendable {
  let member: Member
  let task: any RecordInference
  private let columns: InputColumns

  /// - Throws: `PoolFault.noRecords` for a task without predictions for records.
  init(_ member: Member) throws {
    (self.member, task) = (member, try member.recordTask)
    columns = InputColumns(member)
  }

  var taskType: TaskType { TaskType(of: task) }

  /// The record that an input stands for.
  /// - Parameter place: of the input in the request, for messages: "inputs[3]".
  /// - Throws: `RequestFault` if the model cannot read it.
  func record(of input: [String: JSON], at place: String) throws(RequestFault) -> Record {
    do {
      let record = try columns.record(
        of: input, id: place, source: Record.SourceLocation(file: place, line: nil, record: 1))
      try task.check(record)
      return record
    } catch {
      throw .invalid("\(error) (model \(quoted(member.name)))", code: "invalid_input")
    }
  }

  /// Tokens of the record, with special tokens, over all its windows.
  func tokens(of record: Record) -> Int {
    task.encode(record, member.tokenizer).features.reduce(0) { $0 + $1.ids.count }
  }
}
