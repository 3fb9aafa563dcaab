/// The optimizer's part of the recipe's section "training": which rule, its options, and groups of parameters with a pace
/// of their own.
import Files
public import Training

extension Recipe.Training {
  public enum Optimizer: String, CaseIterable, Sendable { case adamw, sgd, lion, adafactor }

  /// Parameters that match, and what is theirs; nil: as for all.
  public struct Group: Sendable, Equatable {
    public var match = ParameterGroup.Match.names([])
    public var learningRate: Double?
    public var learningRateRatio: Double?
    public var weightDecay: Double?
  }

  mutating func declareOptimizer(_ fields: Fields) {
    var kind = optimizer
    fields.choice("optimizer", &kind, isRequired: false, "The rule by which weights follow their gradients.") {
      kind, fields in
      switch kind {
      case .adamw: declareAdamW(fields)
      case .sgd: declareSGD(fields)
      case .lion: declareLion(fields)
      case .adafactor: break
      }
    }
    optimizer = kind
    fields.field("weight_decay", &weightDecay, .number(0...), "Decoupled decay of matrices.")
    fields.field(
      "max_grad_norm", &maxGradNorm, .orNull(.number(above: 0)), "Larger gradients are scaled down to it; null: never.")
    fields.field(
      "groups", &groups, .list(of: .group), "Parameters with a learning rate or a decay of their own, by name.")
  }

  private mutating func declareAdamW(_ fields: Fields) {
    fields.field("adam_beta1", &adamBeta1, .number(0..<1), "Decay of the gradient's running mean.")
    fields.field("adam_beta2", &adamBeta2, .number(0..<1), "Decay of the squared gradient's running mean.")
    fields.field("adam_epsilon", &adamEpsilon, .number(above: 0), "Added to the root of the squared mean.")
  }

  private mutating func declareSGD(_ fields: Fields) {
    fields.field("sgd_momentum", &sgdMomentum, .number(0..<1), "The share of the last step that goes into the next.")
    fields.field("sgd_nesterov", &sgdNesterov, .bool, "The gradient is taken as if that share had been gone already.")
    fields.check(!sgdNesterov || sgdMomentum > 0, "sgd_nesterov", expected: "false, or a 'sgd_momentum' above 0")
  }

  private mutating func declareLion(_ fields: Fields) {
    fields.field("lion_beta1", &lionBeta1, .number(0..<1), "The momentum's share in the direction of a step.")
    fields.field("lion_beta2", &lionBeta2, .number(0..<1), "The momentum's own decay.")
  }
}

extension FieldType<Recipe.Training.Group> {
  fileprivate static var group: Self {
    let words = "an object with 'match' and at least one of 'learning_rate', 'learning_rate_ratio' and 'weight_decay'"
    let rates = ["learning_rate", "learning_rate_ratio"]
    let rate = FieldType<Double>.number(above: 0), decay = FieldType<Double>.number(0...)
    return Self(
      words,
      schema: [
        "type": "object", "required": ["match"], "minProperties": 2, "additionalProperties": false,
        "properties": [
          "match": FieldType<ParameterGroup.Match>.match.schema, "learning_rate": rate.schema,
          "learning_rate_ratio": rate.schema, "weight_decay": decay.schema,
        ],
        "not": ["required": .array(rates.map(JSON.string))],
      ],
      read: { json, place in
        guard let members = json.object, let match = members["match"] else {
          place.wrong(json, expected: words)
          return nil
        }
        for key in members.keys where !(rates + ["match", "weight_decay"]).contains(key) {
          place.below(key).fault(
            "unknown key", expected: "one of match, \(rates.joined(separator: ", ")), weight_decay")
        }
        if members.count < 2 { place.fault("found 'match' alone", expected: words) }
        if rates.allSatisfy({ members[$0] != nil }) {
          place.below(rates[1]).fault("found beside '\(rates[0])'", expected: "one of the two")
        }
        func number(_ key: String, _ kind: FieldType<Double>) -> Double? {
          members[key].flatMap { kind.read($0, place.below(key)) }
        }
        let learningRate = number(rates[0], rate), ratio = number(rates[1], rate)
        let weightDecay = number("weight_decay", decay)
        return FieldType<ParameterGroup.Match>.match.read(match, place.below("match")).map {
          .init(match: $0, learningRate: learningRate, learningRateRatio: ratio, weightDecay: weightDecay)
        }
      },
      write: { group in
        var members: [String: JSON] = ["match": FieldType<ParameterGroup.Match>.match.write(group.match)]
        members["learning_rate"] = group.learningRate.map(JSON.double)
        members["learning_rate_ratio"] = group.learningRateRatio.map(JSON.double)
        members["weight_decay"] = group.weightDecay.map(JSON.double)
        return .object(members)
      })
  }
}

extension FieldType<ParameterGroup.Match> {
  fileprivate static var match: Self {
    let names = FieldType<[String]>.list(of: .text, least: 1)
    let words = "a list of parts of parameters' names, or a regular expression for whole names"
    let pattern = FieldType<String>.regex(or: words)
    return Self(
      words, schema: Schema.either(names.schema, pattern.schema),
      read: { json, place in
        json.array == nil
          ? pattern.read(json, place).map { .pattern($0) } : names.read(json, place).map { .names($0) }
      },
      write: { match in
        switch match {
        case .names(let list): names.write(list)
        case .pattern(let pattern): .string(pattern)
        }
      })
  }
}
