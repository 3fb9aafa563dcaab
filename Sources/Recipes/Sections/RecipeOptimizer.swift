/// The optimizer's settings in the recipe's section "training": algorithm, options, and parameter groups.
import Files
public import Training

extension Recipe.Training {
  public enum Optimizer: String, CaseIterable, Sendable { case adamw, sgd, lion, adafactor }

  /// Parameters with their own settings; nil: the run's setting.
  public struct Group: Sendable, Equatable {
    public var match = ParameterGroup.Match.names([])
    public var learningRate: Double?
    public var learningRateRatio: Double?
    public var weightDecay: Double?
  }

  mutating func declareOptimizer(_ fields: Fields) {
    var variant = optimizer
    fields.choice("optimizer", &variant, isRequired: false, "Optimization algorithm.") { variant, fields in
      switch variant {
      case .adamw: declareAdamW(fields)
      case .sgd: declareSGD(fields)
      case .lion: declareLion(fields)
      case .adafactor: break
      }
    }
    optimizer = variant
    fields.field(
      "weight_decay", &weightDecay, .number(0...), "Decoupled weight decay of matrices; not of biases and LayerNorm.")
    fields.field(
      "max_grad_norm", &maxGradNorm, .orNull(.number(above: 0)), "Clips the global gradient norm; null: no clipping.")
    fields.field(
      "groups", &groups, .list(of: .group), "Parameters with their own learning rate or weight decay, by name.")
  }

  private mutating func declareAdamW(_ fields: Fields) {
    fields.field("adam_beta1", &adamBeta1, .number(0..<1), "Decay of the first moment.")
    fields.field("adam_beta2", &adamBeta2, .number(0..<1), "Decay of the second moment.")
    fields.field("adam_epsilon", &adamEpsilon, .number(above: 0), "Added to the denominator.")
  }

  private mutating func declareSGD(_ fields: Fields) {
    fields.field("sgd_momentum", &sgdMomentum, .number(0..<1), "Momentum.")
    fields.field("sgd_nesterov", &sgdNesterov, .bool, "Nesterov momentum.")
    fields.check(!sgdNesterov || sgdMomentum > 0, "sgd_nesterov", expected: "false, or a 'sgd_momentum' above 0")
  }

  private mutating func declareLion(_ fields: Fields) {
    fields.field("lion_beta1", &lionBeta1, .number(0..<1), "Weight of the momentum in the step's direction.")
    fields.field("lion_beta2", &lionBeta2, .number(0..<1), "Decay of the momentum.")
  }
}

extension FieldType<Recipe.Training.Group> {
  fileprivate static var group: Self {
    let expected =
      "an object with 'match' and at least one of 'learning_rate', 'learning_rate_ratio' and 'weight_decay'"
    let rateKeys = ["learning_rate", "learning_rate_ratio"]
    let rate = FieldType<Double>.number(above: 0), decay = FieldType<Double>.number(0...)
    return Self(
      expected,
      schema: [
        "type": "object", "required": ["match"], "minProperties": 2, "additionalProperties": false,
        "properties": [
          "match": FieldType<ParameterGroup.Match>.match.schema, "learning_rate": rate.schema,
          "learning_rate_ratio": rate.schema, "weight_decay": decay.schema,
        ],
        "not": ["required": .array(rateKeys.map(JSON.string))],
      ],
      read: { json, location in
        guard let members = json.object, let match = members["match"] else {
          location.wrong(json, expected: expected)
          return nil
        }
        for key in members.keys where !(rateKeys + ["match", "weight_decay"]).contains(key) {
          location.below(key).fault(
            "unknown key", expected: "one of match, \(rateKeys.joined(separator: ", ")), weight_decay")
        }
        if members.count < 2 { location.fault("found 'match' alone", expected: expected) }
        if rateKeys.allSatisfy({ members[$0] != nil }) {
          location.below(rateKeys[1]).fault(
            "found together with '\(rateKeys[0])'", expected: "only one of the two")
        }
        func number(_ key: String, _ type: FieldType<Double>) -> Double? {
          members[key].flatMap { type.read($0, location.below(key)) }
        }
        let learningRate = number(rateKeys[0], rate), ratio = number(rateKeys[1], rate)
        let weightDecay = number("weight_decay", decay)
        return FieldType<ParameterGroup.Match>.match.read(match, location.below("match")).map {
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
    let names = FieldType<[String]>.list(of: .string, minCount: 1)
    let expected = "a list of parts of parameter names, or a regular expression for the whole name"
    let pattern = FieldType<String>.regex(or: expected)
    return Self(
      expected, schema: Schema.either(names.schema, pattern.schema),
      read: { json, location in
        json.array == nil
          ? pattern.read(json, location).map { .pattern($0) } : names.read(json, location).map { .names($0) }
      },
      write: { match in
        switch match {
        case .names(let list): names.write(list)
        case .pattern(let pattern): .string(pattern)
        }
      })
  }
}
