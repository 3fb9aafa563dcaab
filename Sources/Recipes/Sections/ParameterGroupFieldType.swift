/// The elements of the recipe's list "training.groups": parameters, selected by name, with their own settings.
import Files
import Training

extension FieldType<ParameterGroup> {
  static var group: Self {
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
        let peak = number(rateKeys[0], rate), ratio = number(rateKeys[1], rate)
        let weightDecay = number("weight_decay", decay)
        return FieldType<ParameterGroup.Match>.match.read(match, location.below("match")).map {
          ParameterGroup($0, learningRate: peak.map { .peak($0) } ?? ratio.map { .ratio($0) }, weightDecay: weightDecay)
        }
      },
      write: { group in
        var members: [String: JSON] = ["match": FieldType<ParameterGroup.Match>.match.write(group.match)]
        switch group.learningRate {
        case .peak(let peak): members["learning_rate"] = .double(peak)
        case .ratio(let ratio): members["learning_rate_ratio"] = .double(ratio)
        case nil: break
        }
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
