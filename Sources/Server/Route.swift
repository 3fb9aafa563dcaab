/// A path with a method: what it requires, and what answers it.
import Files
import FoundationEssentials
import HTTPTypes
import Hummingbird

struct Route: Sendable {
  let method: HTTPRequest.Method
  let path: String
  /// nil: a token is not needed.
  let scope: Scope?
  let answer: @Sendable (Request, _ id: String) async throws -> Answer

  init(
    _ method: HTTPRequest.Method, _ path: String, _ scope: Scope?,
    answer: @escaping @Sendable (Request, _ id: String) async throws -> Answer
  ) {
    (self.method, self.path, self.scope, self.answer) = (method, path, scope, answer)
  }
}

/// What a route answers: a status, a type and a body.
struct Answer: Sendable {
  var status = HTTPResponse.Status.ok
  var contentType = "application/json"
  let body: ByteBuffer
  /// Inputs and tokens, for the log.
  var rows = 0, tokens = 0

  init(_ text: String, _ contentType: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok) {
    (body, self.contentType, self.status) = (ByteBuffer(string: text), contentType, status)
  }

  init(json text: String, status: HTTPResponse.Status = .ok) { self.init(text, "application/json", status: status) }

  init(_ json: JSON, status: HTTPResponse.Status = .ok) { self.init(json: json.text(pretty: false), status: status) }

  /// With what `rows` had to read.
  func counting(_ rows: [Row]) -> Answer {
    var answer = self
    (answer.rows, answer.tokens) = (rows.count, rows.reduce(0) { $0 + $1.tokens })
    return answer
  }
}

/// Seconds since 1970.
func unixTime() -> Int { Int(Date.now.timeIntervalSince1970) }
