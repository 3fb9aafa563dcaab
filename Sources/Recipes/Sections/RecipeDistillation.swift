/// The recipe's section "distillation": who teaches, and what is compared. Does not load a teacher.
import Files

extension Recipe {
  public struct Distillation: Sendable, Equatable {
    /// A fine-tuned folder, a base, or a base and an adapter.
    public struct Teacher: Sendable, Equatable {
      public var path: String
      public var adapter: String?
    }
    public enum KLTokens: String, CaseIterable, Sendable {
      case all
      case labeled
    }
    /// Which states of the student match which of the teacher: 0 is the embeddings' output, k the k-th layer's.
    public enum Layers: Sendable, Equatable {
      /// From the embeddings on, at even distances (TinyBERT).
      case uniform
      case last
      case pairs([[Int]])
    }

    public var teachers: [Teacher] = []
    public var temperature = 2.0
    public var klWeight = 5.0
    public var taskWeight = 2.0
    public var cosineWeight = 1.0
    public var hiddenWeight = 0.0
    public var attentionWeight = 0.0
    public var relationWeight = 0.0
    public var klTokens = KLTokens.all
    public var matchLayers = Layers.uniform
    /// The teacher's layer, counted from 1; nil: its last.
    public var relationLayer: Int?
    /// nil: as many as the student has attention heads.
    public var relationHeads: Int?
    public var cache: String?
    public var cacheTopK = 64

    /// DistilBERT's weights for pre-training; for labels, half and half on what has a label (Sanh et al. 2019, §4).
    init(for task: Task.TaskType) {
      guard task != .maskedLM else { return }
      (klWeight, taskWeight, cosineWeight, klTokens) = (0.5, 0.5, 0, .labeled)
    }

    var comparesHiddenStates: Bool { cosineWeight > 0 || hiddenWeight > 0 || attentionWeight > 0 || relationWeight > 0 }

    mutating func declare(_ fields: Fields) {
      fields.required(
        "teachers", &teachers, .teachers, "Who teaches: a folder, a folder and an adapter over it, or several of them.")
      fields.field("temperature", &temperature, .number(0.01...1000), "Softens both sides' logits for the soft term.")
      fields.field(
        "kl_weight", &klWeight, .number(0...), "Weight of KL(teacher ‖ student), times the temperature's square.")
      fields.field("task_weight", &taskWeight, .number(0...), "Weight of the task's own loss.")
      fields.field(
        "cosine_weight", &cosineWeight, .number(0...), "Weight of 1 − cos of the last hidden states; widths must agree."
      )
      fields.field(
        "hidden_weight", &hiddenWeight, .number(0...),
        "Weight of hidden states' squared error, through a learned projection.")
      fields.field(
        "attention_weight", &attentionWeight, .number(0...), "Weight of attention scores' squared error (TinyBERT).")
      fields.field(
        "relation_weight", &relationWeight, .number(0...), "Weight of KL of query, key and value relations (MiniLM v2)."
      )
      fields.check(
        klWeight + taskWeight + cosineWeight + hiddenWeight + attentionWeight + relationWeight > 0, "kl_weight",
        "task_weight", "cosine_weight",
        expected: "at least one term with a weight")
      fields.field("kl_tokens", &klTokens, .choice, "The tokens whose logits the soft term compares.")
      fields.field(
        "match_layers", &matchLayers, .layerPairs,
        "Which states \"hidden\" and \"attention\" match; 0: the embeddings'.")
      fields.optional(
        "relation_layer", &relationLayer, .int(1...), "The teacher's layer that \"relations\" looks at; else its last.")
      fields.optional(
        "relation_heads", &relationHeads, .int(1...),
        "Heads of \"relations\"; else as many as the student attends with.")
      fields.optional(
        "cache", &cache, .newFolder, "A folder in which the teachers' answers are kept from the first epoch on.")
      fields.check(
        cache == nil || !comparesHiddenStates && klWeight > 0, "cache",
        expected: "\"soft\" above 0 and no weight for cosine, hidden, attention and relations: only logits are kept")
      fields.field(
        "cache_top_k", &cacheTopK, .int(1...), needs: "distillation.cache",
        "Classes kept of each row, the rest as one; all of them where there are no more.")
    }
  }
}

extension FieldType<[Recipe.Distillation.Teacher]> {
  fileprivate static var teachers: Self {
    let folder = FieldType<String>.folder(holding: "config.json")
    let adapter = FieldType<String>.folder(holding: "adapter_config.json")
    let words = "the path of a model's folder, {\"path\": …, \"adapter\": …}, or a list of such"
    func read(_ json: JSON, _ place: FieldLocation) -> Value.Element? {
      switch json {
      case .string: return folder.read(json, place).map { .init(path: $0) }
      case .object(let members):
        let unknown = members.keys.filter { !["path", "adapter"].contains($0) }
        unknown.forEach { place.below($0).fault("unknown key", expected: "one of adapter, path") }
        guard let path = members["path"] else {
          place.below("path").fault("missing", expected: folder.expected)
          return nil
        }
        guard let base = folder.read(path, place.below("path")) else { return nil }
        guard let given = members["adapter"], given != .null else { return .init(path: base) }
        return adapter.read(given, place.below("adapter")).map { .init(path: base, adapter: $0) }
      default:
        place.wrong(json, expected: words)
        return nil
      }
    }
    let one = Schema.either(
      folder.schema,
      [
        "type": "object", "properties": ["path": folder.schema, "adapter": Schema.orNull(adapter.schema)],
        "required": ["path"], "additionalProperties": false,
      ])
    return Self(
      words, schema: Schema.either(one, Schema.list(of: one, least: 1)),
      read: { json, place in
        guard let list = json.array else { return read(json, place).map { [$0] } }
        if list.isEmpty { place.wrong(json, expected: "at least one teacher") }
        let teachers = list.enumerated().map { read($1, place.below("\($0)")) }
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
    let pair = FieldType<[Int]>.list(of: .int(0..., most: 9999), least: 1)
    let words = "\"uniform\", \"last\" or a list of pairs [student's layer, teacher's layer]"
    let pairs: JSON = [
      "type": "array", "minItems": 1, "uniqueItems": true,
      "items": Schema.list(of: FieldType<Int>.int(0..., most: 9999).schema, least: 2, most: 2),
    ]
    return Self(
      words, schema: Schema.either(Schema.names(["uniform", "last"]), pairs),
      read: { json, place in
        switch json {
        case "uniform": return .uniform
        case "last": return .last
        case .array(let list) where !list.isEmpty && list.allSatisfy { $0.array?.count == 2 }:
          let pairs = list.enumerated().compactMap { pair.read($1, place.below("\($0)")) }
          guard pairs.count == list.count else { return nil }
          if Set(pairs).count < pairs.count { place.wrong(json, expected: "pairs of which no two are the same") }
          return .pairs(pairs)
        default:
          place.wrong(json, expected: words)
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
