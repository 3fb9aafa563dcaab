/// Finds the route of a request and sends its answer: with a request id, an access check, errors as JSON, a log line and metrics.
import Files
import HTTPTypes
import Hummingbird
import Logging

/// What Hummingbird gives to a responder; nothing of it is needed.
struct ServerContext: InitializableFromSource {
  init(source: ApplicationRequestContextSource) {}
}

struct Responder: HTTPResponder {
  private let routes: [String: [Route]]
  private let tokens: AccessTokens?
  private let metrics: Metrics
  private let logger: Logger

  /// - Parameter tokens: nil: every request is permitted.
  init(_ routes: [Route], tokens: AccessTokens?, _ metrics: Metrics, _ logger: Logger) {
    self.routes = Dictionary(grouping: routes, by: \.path)
    (self.tokens, self.metrics, self.logger) = (tokens, metrics, logger)
  }

  func respond(to request: Request, context: ServerContext) async -> Response {
    let start = ContinuousClock.now, id = Self.id(of: request), path = request.uri.path
    var response: Response, rows = 0, inputTokens = 0
    do {
      let answer = try await answer(request, path, id)
      (rows, inputTokens) = (answer.rows, answer.tokens)
      response = Response(
        status: answer.status, headers: [.contentType: answer.contentType], body: ResponseBody(byteBuffer: answer.body))
    } catch {
      response = Self.response(for: fault(error, id))
    }
    response.headers[.requestID] = id
    response.headers[.cacheControl] = "no-store"
    // What clients write is not logged, so an unknown path has no name.
    let route = routes[path] == nil ? "unknown" : path
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    metrics.add(route: route, status: response.status.code, seconds: seconds)
    logger.info(
      "request",
      metadata: [
        "request_id": "\(id)", "method": "\(routes[path] == nil ? "" : request.method.rawValue)", "route": "\(route)",
        "status": .stringConvertible(response.status.code), "rows": .stringConvertible(rows),
        "tokens": .stringConvertible(inputTokens),
        "milliseconds": .stringConvertible((seconds * 1e5).rounded() / 100),
      ])
    return response
  }

  private func answer(_ request: Request, _ path: String, _ id: String) async throws -> Answer {
    guard let routes = routes[path] else {
      throw RequestFault.notFound("There is no such path. GET /openapi.json describes all.", code: "unknown_path")
    }
    guard let route = routes.first(where: { $0.method == request.method }) else {
      let allowed = routes.map(\.method)
      throw RequestFault(
        status: .methodNotAllowed, type: "invalid_request_error", code: "method_not_allowed",
        message: "\(path) takes \(allowed.map(\.rawValue).joined(separator: ", ")).", allowed: allowed)
    }
    if let scope = route.scope { try tokens?.check(request.headers[.authorization], for: scope) }
    return try await route.answer(request, id)
  }

  private func fault(_ error: any Error, _ id: String) -> RequestFault {
    if let fault = error as? RequestFault { return fault }
    logger.error("request failed", metadata: ["request_id": "\(id)", "reason": "\(error)"])
    return .failed
  }

  private static func response(for fault: RequestFault) -> Response {
    var headers: HTTPFields = [.contentType: "application/json"]
    if let time = fault.retryAfter { headers[.retryAfter] = "\(max(1, Int((time / .seconds(1)).rounded(.up))))" }
    if !fault.allowed.isEmpty { headers[.allow] = fault.allowed.map(\.rawValue).joined(separator: ", ") }
    if fault.status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
    if fault.closesConnection { headers[.connection] = "close" }
    let body = ByteBuffer(string: fault.json.text(pretty: false))
    return Response(status: fault.status, headers: headers, body: ResponseBody(byteBuffer: body))
  }

  /// The client's X-Request-Id if it is short and plain, else a new one.
  private static func id(of request: Request) -> String {
    guard let id = request.headers[.requestID], (1...128).contains(id.utf8.count),
      id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return RequestID().description }
    return id
  }
}

extension HTTPField.Name {
  fileprivate static let requestID = Self("X-Request-Id")!
}
