/// The routes about models: GET /v1/models with where each comes from, and vLLM's POST /v1/load_lora_adapter and
/// /v1/unload_lora_adapter.
import Files
import Hummingbird
import Serving
import Tasks

extension Predictions {
  var modelsRoute: Route {
    let created = unixTime()
    return Route(.get, "/v1/models", .predict) { _, _ in
      let models = self.registry.adapters.map { adapter -> JSON in
        let isBase = adapter.name == Self.base
        var model: [String: JSON] = [
          "id": .string(isBase ? self.baseName : adapter.name), "object": "model", "created": .int(created),
          "owned_by": "tune", "root": .string(adapter.folder), "parent": isBase ? .null : .string(self.baseName),
          "loaded": .bool(adapter.isLoaded),
        ]
        if let member = adapter.model?.member {
          model["task"] = .string(TaskType(of: member.task).rawValue)
          model["labels"] = .array(member.task.labels.map(JSON.string))
          model["max_model_len"] = .int(member.tokenizer.maxLength)
          if let base = member.settings?.base {
            model["trained_on"] = ["name": .string(base.name), "sha256": base.sha256.map(JSON.string) ?? .null]
          }
          model["combined"] = member.settings?.combined
          model["merged"] = member.settings?.merged
        }
        return .object(model)
      }
      return Answer(["object": "list", "data": .array(models)])
    }
  }

  /// - Parameter folder: nil: the server has no folder of adapters, so that the route refuses.
  func loadRoute(_ folder: AdapterFolder<ServedModel>?, _ limits: RequestLimits) -> Route {
    Route(.post, "/v1/load_lora_adapter", .manage) { request, _ in
      let body = try await RequestJSON(request, limits)
      try body.checkKeys(["lora_name", "lora_path", "load_inplace"])
      let name = try Self.name(body), path = try Self.required(body, "lora_path")
      let replaces = body.members["load_inplace"] ?? false
      guard let replaces = replaces.bool else {
        throw RequestFault.invalid("\"load_inplace\" is \(replaces.typeName); expected true or false.")
      }
      let folder = try Self.managed(folder)
      try await self.whileLoading { try folder.load(name, from: path, replaces: replaces) }
      return Answer("Success: LoRA adapter '\(name)' added successfully.")
    }
  }

  func unloadRoute(_ folder: AdapterFolder<ServedModel>?, _ limits: RequestLimits) -> Route {
    Route(.post, "/v1/unload_lora_adapter", .manage) { request, _ in
      let body = try await RequestJSON(request, limits)
      try body.checkKeys(["lora_name"])
      let name = try Self.required(body, "lora_name"), folder = try Self.managed(folder)
      try await self.whileLoading { try folder.unload(name) }
      return Answer("Success: LoRA adapter '\(name)' removed successfully.")
    }
  }

  private static func managed(
    _ folder: AdapterFolder<ServedModel>?
  ) throws(RequestFault) -> AdapterFolder<ServedModel> {
    guard let folder else {
      throw .forbidden(
        "The server was started without --adapters-dir, so its adapters are fixed.", code: "adapters_are_fixed")
    }
    return folder
  }

  private static func required(_ body: RequestJSON, _ key: String) throws(RequestFault) -> String {
    guard let text = try body.string(key), !text.isEmpty else {
      throw .badRequest("\"\(key)\": expected a string that is not empty.", code: "invalid_request")
    }
    return text
  }

  /// The name of a new adapter: it stands in answers and logs, so it is short and has no control characters.
  private static func name(_ body: RequestJSON) throws(RequestFault) -> String {
    let name = try required(body, "lora_name")
    guard name.utf8.count <= 200, !name.contains("/"),
      name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
    else {
      throw .badRequest(
        "\"lora_name\": expected at most 200 bytes without \"/\" and control characters.", code: "invalid_name")
    }
    return name
  }
}
