/// POST /v1/predict: rows as `tune predict` prints them, for inputs of any task, each by one or several adapters.
import Files
import Hummingbird
import Serving

extension Predictions {
  func predictRoute(_ limits: RequestLimits) -> Route {
    Route(.post, "/v1/predict", .predict) { request, _ in
      let body = try await RequestJSON(request, limits)
      try body.checkKeys(["inputs", "min_score"])
      let minScore = try Self.minScore(body), inputs = try Self.inputs(body, limits)
      var rows: [Row] = [], counts: [Int] = [], leases: [String?: Row.Lease] = [:]
      for (number, input) in inputs.enumerated() {
        let place = "inputs[\(number)]", names = try Self.adapters(input, place)
        for name in names where leases[name] == nil { leases[name] = try await self.lease(name) }
        let leases = names.compactMap { leases[$0] }
        if Set(leases.map(\.name)).count < leases.count {
          throw RequestFault.invalid("\(place): names a model twice in \"adapter\".")
        }
        let members = input.filter { $0.key != "adapter" }
        rows += try leases.map { lease throws(RequestFault) in try Row(members, at: place, lease) }
        counts.append(leases.count)
      }
      var predictions = try await self.predict(rows)[...], outputs: [JSON] = []
      for (input, count) in zip(inputs, counts) {
        let members = outputMembers(
          predictions.prefix(count).map { ($0.model.member.name, $0.prediction) }, minScore: minScore)
        outputs.append(.object(input.filter { $0.key != "adapter" }.merging(members) { $1 }))
        predictions = predictions.dropFirst(count)
      }
      return Answer(["outputs": .array(outputs)]).counting(rows)
    }
  }

  private static func minScore(_ body: RequestJSON) throws(RequestFault) -> Double {
    guard let value = body.members["min_score"], value != .null else { return 0 }
    guard let score = value.number, (0...1).contains(score) else {
      throw .invalid("\"min_score\": expected a number from 0 to 1.")
    }
    return score
  }

  private static func inputs(_ body: RequestJSON, _ limits: RequestLimits) throws(RequestFault) -> [[String: JSON]] {
    guard let list = body.members["inputs"]?.array, !list.isEmpty else {
      throw .invalid("\"inputs\": expected a list with at least one object, such as {\"text\": \"…\"}.")
    }
    try RequestJSON.check(count: list.count, limits.inputs, "inputs")
    var inputs: [[String: JSON]] = []
    for (number, input) in list.enumerated() {
      guard let object = input.object else {
        throw .invalid("inputs[\(number)] is \(input.typeName); expected an object, such as {\"text\": \"…\"}.")
      }
      if object["min_score"] != nil {
        throw .invalid("inputs[\(number)]: \"min_score\" is for all inputs. Give it beside \"inputs\".")
      }
      inputs.append(object)
    }
    return inputs
  }

  /// The names in "adapter"; nil stands for the default model.
  private static func adapters(_ input: [String: JSON], _ place: String) throws(RequestFault) -> [String?] {
    guard let value = input["adapter"], value != .null else { return [nil] }
    if let name = value.string { return [name] }
    let names = value.array?.compactMap(\.string) ?? []
    guard !names.isEmpty, names.count == value.array?.count else {
      throw .invalid("\(place): \"adapter\": expected a name or a list of names.")
    }
    return names
  }
}
