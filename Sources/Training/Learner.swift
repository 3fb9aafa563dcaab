/// A task of a run, with the model that learns it. Several learners share an encoder, and the adapter in it.
package import Autograd
package import Encoders
package import Tasks

package struct Learner: Sendable {
  /// "" in a run with one task.
  let name: String
  let task: any Task
  let model: TextModel
  let adapters: RowAdapters
  /// Everything that its steps train.
  let parameters: [Parameter]
  /// nil: that of the run.
  let batchSize: Batcher.Size?
  /// Its part of the average of several tasks.
  let metric: Metric

  package init(
    _ name: String = "", _ task: any Task, _ model: TextModel, adapters: RowAdapters, parameters: [Parameter],
    batchSize: Batcher.Size? = nil, metric: Metric = .loss
  ) {
    (self.name, self.task, self.model, self.adapters) = (name, task, model, adapters)
    (self.parameters, self.batchSize, self.metric) = (parameters, batchSize, metric)
  }
}

extension [Learner] {
  /// The number of tokens that an evaluation of the split processes.
  func tokens(in split: Split) -> Int { reduce(0) { $0 + $1.task.tokens(in: split) } }

  /// The parameters of `table` that only the learner `number` trains, and those that several do; by their index.
  func ownAndShared(_ number: Int, in table: ParameterTable) -> (own: [Bool], shared: [Bool]) {
    let trained = map { Set($0.parameters.map(ObjectIdentifier.init)) }
    let counts = table.parameters.map { parameter in trained.count { $0.contains(ObjectIdentifier(parameter)) } }
    let own = table.parameters.map { trained[number].contains(ObjectIdentifier($0)) }
    return (zip(own, counts).map { $0 && $1 == 1 }, counts.map { $0 > 1 })
  }
}
