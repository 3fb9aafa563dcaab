/// The recipe's section "multi_task", in place of "task" and "data": several tasks with their data, which share an encoder.
import Files
package import Tasks
package import Training

extension Recipe {
  package struct MultiTask: Sendable, Equatable {
    /// The power of a task's size in proportion to which it gets steps.
    package var samplingAlpha = 1.0
    /// In the order of their names.
    package var tasks: [Part] = []

    var hasDev: Bool { tasks.contains { $0.data.dev != nil } }

    mutating func declare(_ fields: Fields) {
      fields.field(
        "sampling_alpha", &samplingAlpha, .number(0...1),
        "Power of a task's size, in steps, in proportion to which it gets steps: 1 as large, 0 all tasks the same.")
      fields.required("tasks", &tasks, .tasks, "Each task by its name, which its folder has too.")
      for (split, files) in [("dev", tasks.map(\.data.dev)), ("test", tasks.map(\.data.test))] {
        let without = zip(tasks, files).filter { $1 == nil }.map(\.0.name)
        fields.check(
          without.isEmpty || without.count == tasks.count, "tasks",
          expected: "a '\(split)' of every task or of none; missing in \(without.joined(separator: ", "))")
      }
    }
  }

  /// A task of a run, with its data.
  package struct Part: Sendable, Equatable {
    /// "" in a recipe with one task.
    package var name = ""
    package var task = Task()
    package var data = Data()
    /// nil: that of the section "training".
    package var batchSize: Batcher.Size?
    /// Its metric in the average; nil: the task's first.
    var ownMetric: Metric?

    package var metric: Metric { ownMetric ?? metrics[0] }

    /// The metrics of the task on its data, the default first.
    var metrics: [Metric] {
      task.type == .extractiveQA ? ExtractiveQA.metrics(of: data.format) : task.type.inference.metrics
    }

    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.name == rhs.name && lhs.json == rhs.json }

    var json: JSON {
      var copy = self
      return Fields.write { copy.declare($0) }.json
    }

    mutating func declare(_ fields: Fields) {
      fields.object("task") {
        task.declare($0)
        $0.check(
          task.type != .maskedLM && task.type != .embedding, "type",
          expected: "a task with a head whose score can be averaged with others', not masked_lm or embedding")
      }
      fields.object("data") { data.declare($0, for: task) }
      fields.declareBatchSize(&batchSize)
      fields.optional(
        "metric", &ownMetric, .metric(among: TaskType.allMetrics), "The task's metric in the average; else its first.")
      fields.check(
        metrics.contains { $0.name == metric.name && $0.higherIsBetter }, "metric",
        expected: oneOf(metrics.filter(\.higherIsBetter).map { "\"\($0.name)\"" }))
    }
  }

  /// The tasks of the run: one, or several that share an encoder.
  package var parts: [Part] { multiTask?.tasks ?? [Part(task: task, data: data)] }

  /// The recipe as one of its tasks has it. As JSON it is the same.
  package func with(_ part: Part) -> Recipe {
    var copy = self
    (copy.task, copy.data) = (part.task, part.data)
    return copy
  }

  /// The metrics that may choose the best weights, the default first.
  package var metrics: [Metric] { multiTask == nil ? parts[0].metrics : [.average, .loss] }
}

extension FieldType<[Recipe.Part]> {
  fileprivate static var tasks: Self {
    let expected = "an object of at least two tasks, each an object with 'task' and 'data'"
    return Self(
      expected,
      schema: ["type": "object", "minProperties": 2, "additionalProperties": partSchema],
      read: { json, location in
        guard let members = json.object, members.count > 1 else {
          location.wrong(json, expected: expected)
          return nil
        }
        return members.sorted { $0.key < $1.key }.map { name, json in
          var part = Recipe.Part(name: name)
          let location = location.below(name)
          if isName(name) {
            Fields.read(json, at: location) { part.declare($0) }
          } else {
            location.fault(
              "found the name \"\(printable(name))\"",
              expected: "letters, digits, - and _, and neither \"average\" nor \"loss\"")
          }
          return part
        }
      },
      write: { parts in .object(.init(uniqueKeysWithValues: parts.map { ($0.name, $0.json) })) })
  }
}

/// Whether a task's name can be that of a folder and of its scores, beside their means.
private func isName(_ name: String) -> Bool {
  !name.isEmpty && name.utf8.count <= 64
    && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
    && ![Metric.average.name, Metric.loss.name].contains(name)
}

private let partSchema: JSON = {
  var part = Recipe.Part()
  return SchemaWriter(isPart: true, varying: []).schema(of: Fields.write { part.declare($0) }.schema, at: "")
}()
