/// An error that a client gets: an HTTP status with a JSON body in the shape of OpenAI's API.
import Files
import HTTPTypes

struct RequestFault: Error, Sendable {
  let status: HTTPResponse.Status
  /// OpenAI's `error.type`, such as "invalid_request_error".
  let type: String
  /// For programs: a constant word for each kind of fault.
  let code: String
  let message: String
  /// For the header Retry-After.
  var retryAfter: Duration?
  /// Methods that the route has, for the header Allow.
  var allowed: [HTTPRequest.Method] = []
  /// Whether a part of the request is left unread, so that the connection cannot be used again.
  var closesConnection = false

  var json: JSON {
    ["error": ["message": .string(message), "type": .string(type), "code": .string(code)]]
  }
}

extension RequestFault {
  static func invalid(_ message: String, code: String = "invalid_request") -> Self {
    Self(status: .unprocessableContent, type: "invalid_request_error", code: code, message: message)
  }

  static func badRequest(_ message: String, code: String) -> Self {
    Self(status: .badRequest, type: "invalid_request_error", code: code, message: message)
  }

  static func notFound(_ message: String, code: String) -> Self {
    Self(status: .notFound, type: "not_found_error", code: code, message: message)
  }

  static func noModel(_ name: String) -> Self {
    notFound("There is no model or adapter \(quoted(name)). GET /v1/models lists them.", code: "model_not_found")
  }

  static func unloaded(_ name: String) -> Self {
    notFound("The adapter \(quoted(name)) was unloaded while the request was queued.", code: "model_unloaded")
  }

  static func cannotLoad(_ name: String, _ why: any Error) -> Self {
    Self(
      status: .serviceUnavailable, type: "server_error", code: "model_not_loadable",
      message: "The adapter \(quoted(name)) cannot be loaded: \(why)")
  }

  static func bodyTooLarge(limit: Int) -> Self {
    Self(
      status: .contentTooLarge, type: "invalid_request_error", code: "body_too_large",
      message: "The request's body is larger than \(limit) bytes (--max-body-bytes). Send fewer inputs at a time.",
      closesConnection: true)
  }

  static func tooManyTokens(_ tokens: Int, limit: Int) -> Self {
    Self(
      status: .contentTooLarge, type: "invalid_request_error", code: "too_many_tokens",
      message: "The request has \(tokens) tokens, and the queue takes \(limit) (--max-queue-tokens). "
        + "Send fewer or shorter inputs at a time.")
  }

  static func queueFull(retryAfter: Duration) -> Self {
    Self(
      status: .tooManyRequests, type: "rate_limit_error", code: "queue_full",
      message: "The queue is full. Try again after the number of seconds in the header Retry-After.",
      retryAfter: retryAfter)
  }

  static let timedOut = Self(
    status: .gatewayTimeout, type: "server_error", code: "timeout",
    message: "The request was not answered within --request-timeout. Send fewer inputs at a time, or try again later.")

  static let slowBody = Self(
    status: .requestTimeout, type: "invalid_request_error", code: "body_timeout",
    message: "The request's body did not arrive within --request-timeout.", closesConnection: true)

  static let bodyIncomplete = Self(
    status: .badRequest, type: "invalid_request_error", code: "body_incomplete",
    message: "The connection ended before the request's body.", closesConnection: true)

  static let shuttingDown = Self(
    status: .serviceUnavailable, type: "server_error", code: "shutting_down", message: "The server is shutting down.",
    retryAfter: .seconds(5))

  static let failed = Self(
    status: .internalServerError, type: "server_error", code: "internal_error",
    message: "The server failed to answer. Its log has the reason, under this answer's X-Request-Id.")

  static func unauthorized(_ message: String) -> Self {
    Self(status: .unauthorized, type: "authentication_error", code: "invalid_token", message: message)
  }

  static func forbidden(_ message: String, code: String) -> Self {
    Self(status: .forbidden, type: "permission_error", code: code, message: message)
  }

  static func unsupported(_ message: String) -> Self {
    Self(
      status: .unsupportedMediaType, type: "invalid_request_error", code: "unsupported_media_type", message: message,
      closesConnection: true)
  }
}

/// A name of the client in quotation marks, shortened, for messages.
func quoted(_ name: String) -> String {
  let text = name.unicodeScalars.count > 100 ? String(name.unicodeScalars.prefix(100)) + "…" : name
  return JSON.string(text).text(pretty: false)
}
