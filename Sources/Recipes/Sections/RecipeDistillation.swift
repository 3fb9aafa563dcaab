/// The recipe's section "distillation": the teachers and the loss terms. Does not load a teacher.
import Files
package import Kernels
import Tasks

extension Recipe {
  package struct Distillation: Sendable, Equatable {
    /// A model's folder, optionally with an adapter for it.
    package struct Teacher: Sendable, Equatable {
      package var path: String
      package var adapter: String?
    }
    /// The tokens whose logits the KL term compares.
    package enum KLTokens: String, CaseIterable, Sendable {
      case all
      /// Tokens with a target.
      case labeled
    }
    /// Layer pairs of the hidden and attention terms. 0 is the embeddings' output, k that of the k-th layer.
    package enum Layers: Sendable, Equatable {
      /// Evenly spaced, from the embeddings on (TinyBERT).
      case uniform
      case last
      /// Each pair is [student layer, teacher layer].
      case pairs([[Int]])
    }

    package var teachers: [Teacher] = []
    /// Of the teachers' passes; nil: the recipe's.
    package var precision: InferencePrecision?
    package var temperature = 2.0
    package var klWeight = 5.0
    package var taskWeight = 2.0
    package var cosineWeight = 1.0
    package var hiddenWeight = 0.0
    package var attentionWeight = 0.0
    package var relationWeight = 0.0
    package var klTokens = KLTokens.all
    package var matchLayers = Layers.uniform
    /// A layer of the teacher, counted from 1; nil: its last.
    package var relationLayer: Int?
    /// nil: the student's number of attention heads.
    package var relationHeads: Int?
    package var cache: String?
    package var cacheTopK = 64

    var comparesHiddenStates: Bool { !termsOfStates.isEmpty }
    /// The keys of the terms that compare more than logits.
    private var termsOfStates: [String] {
      [
        ("cosine_weight", cosineWeight), ("hidden_weight", hiddenWeight), ("attention_weight", attentionWeight),
        ("relation_weight", relationWeight),
      ].filter { $0.1 > 0 }.map(\.0)
    }

    mutating func declare(_ fields: Fields) {
      fields.required(
        "teachers", &teachers, .teachers, "Teachers: a model's folder, a folder with an adapter, or a list of these.")
      fields.optional(
        "precision", &precision, .choice, "Precision of the teachers, fp32, bf16 or int8; else the recipe's.")
      fields.field("temperature", &temperature, .number(0.01...1000), "Divisor of both sides' logits in the KL term.")
      fields.field(
        "kl_weight", &klWeight, .number(0...), "Weight of KL(teacher ‖ student), multiplied by temperature².")
      fields.field("task_weight", &taskWeight, .number(0...), "Weight of the task's own loss.")
      fields.field(
        "cosine_weight", &cosineWeight, .number(0...),
        "Weight of 1 − cos of the last hidden states; hidden sizes must be equal.")
      fields.field(
        "hidden_weight", &hiddenWeight, .number(0...),
        "Weight of the squared error of hidden states, through a trained projection where sizes differ.")
      fields.field(
        "attention_weight", &attentionWeight, .number(0...),
        "Weight of the squared error of attention scores (TinyBERT).")
      fields.field(
        "relation_weight", &relationWeight, .number(0...),
        "Weight of the KL of query, key and value relations (MiniLM v2).")
      fields.check(
        klWeight + taskWeight + cosineWeight + hiddenWeight + attentionWeight + relationWeight > 0, "kl_weight",
        "task_weight", "cosine_weight",
        expected: "at least one weight above 0")
      fields.field(
        "kl_tokens", &klTokens, .choice, "Tokens whose logits the KL term compares: all, or those with a target.")
      fields.field(
        "match_layers", &matchLayers, .layerPairs,
        "Layer pairs of the hidden and attention terms; 0 is the embeddings' output.")
      fields.optional(
        "relation_layer", &relationLayer, .int(1...),
        "Teacher layer of the relation term, counted from 1; else the last.")
      fields.optional(
        "relation_heads", &relationHeads, .int(1...),
        "Heads of the relation term; else the student's number of attention heads.")
      fields.optional(
        "cache", &cache, .newFolder, "Folder for the teacher cache: teachers then run in the first epoch only.")
      fields.check(
        cache == nil || !comparesHiddenStates && klWeight > 0, "cache",
        expected:
          "'kl_weight' above 0, and 0 for \(termsOfStates.isEmpty ? "other terms" : termsOfStates.joined(separator: ", ")): "
          + "only logits are cached")
      fields.field(
        "cache_top_k", &cacheTopK, .int(1...), needs: "distillation.cache",
        "Classes cached per token; the rest is cached as one.")
    }
  }
}

extension FieldType<[Recipe.Distillation.Teacher]> {
  fileprivate static var teachers: Self {
    let folder = FieldType<String>.model, adapter = FieldType<String>.adapter
    let expected = "the path of a model's folder, {\"path\": …, \"adapter\": …}, or a list of these"
    func read(_ json: JSON, _ location: FieldLocation) -> Value.Element? {
      switch json {
      case .string(let path):
        guard location.diagnostics.checkFiles, RunParts(path) != nil else {
          return folder.read(json, location).map { .init(path: $0) }
        }
        do {
          let (base, adapter) = try RunParts.baseAndAdapter(path)
          return .init(path: base, adapter: adapter)
        } catch {
          location.fault("found \"\(printable(path))\", a run", expected: expected, advice: "\(error)")
          return nil
        }
      case .object(let members):
        let unknown = members.keys.filter { !["path", "adapter"].contains($0) }
        unknown.forEach { location.below($0).fault("unknown key", expected: "one of adapter, path") }
        guard let path = members["path"] else {
          location.below("path").fault("missing", expected: folder.expected)
          return nil
        }
        guard let base = folder.read(path, location.below("path")) else { return nil }
        guard let adapterPath = members["adapter"], adapterPath != .null else { return .init(path: base) }
        return adapter.read(adapterPath, location.below("adapter")).map { .init(path: base, adapter: $0) }
      default:
        location.wrong(json, expected: expected)
        return nil
      }
    }
    let teacher = Schema.either(
      folder.schema,
      [
        "type": "object", "properties": ["path": folder.schema, "adapter": Schema.orNull(adapter.schema)],
        "required": ["path"], "additionalProperties": false,
      ])
    return Self(
      expected, schema: Schema.either(teacher, Schema.list(of: teacher, minCount: 1)),
      read: { json, location in
        guard let list = json.array else { return read(json, location).map { [$0] } }
        if list.isEmpty { location.wrong(json, expected: "at least one teacher") }
        let teachers = list.enumerated().map { read($1, location.below("\($0)")) }
        return teachers.contains { $0 == nil } ? nil : teachers.compactMap { $0 }
      },
      write: { teachers in
        .array(
          teachers.map { teacher in
            teacher.adapter.map { ["path": .string(teacher.path), "adapter": .string($0)] }
              ?? ["path": .string(teacher.path)]
          })
      })
  }
}

extension FieldType<Recipe.Distillation.Layers> {
  fileprivate static var layerPairs: Self {
    let pair = FieldType<[Int]>.list(of: .int(0..., maximum: 9999), minCount: 1)
    let expected = "\"uniform\", \"last\" or a list of pairs [student layer, teacher layer]"
    let pairs: JSON = [
      "type": "array", "minItems": 1, "uniqueItems": true,
      "items": Schema.list(of: FieldType<Int>.int(0..., maximum: 9999).schema, minCount: 2, maxCount: 2),
    ]
    return Self(
      expected, schema: Schema.either(Schema.names(["uniform", "last"]), pairs),
      read: { json, location in
        switch json {
        case "uniform": return .uniform
        case "last": return .last
        case .array(let list) where !list.isEmpty && list.allSatisfy { $0.array?.count == 2 }:
          let pairs = list.enumerated().compactMap { pair.read($1, location.below("\($0)")) }
          guard pairs.count == list.count else { return nil }
          if Set(pairs).count < pairs.count { location.wrong(json, expected: "distinct pairs") }
          return .pairs(pairs)
        default:
          location.wrong(json, expected: expected)
          return nil
        }
      },
      write: { layers in
        switch layers {
        case .uniform: "uniform"
        case .last: "last"
        case .pairs(let pairs): .array(pairs.map(pair.write))
        }
      })
  }
}
