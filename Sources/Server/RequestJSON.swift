/// Reads the bodies of requests: JSON of limited size in limited time, with known keys only.
import Files
import HTTPTypes
import Hummingbird
import NIOCore

/// What a client may ask for at a time.
struct RequestLimits: Sendable {
  var bodyBytes = 1 << 20
  var inputs = 256
  /// How long a body may take to arrive.
  var bodyTimeout = Duration.seconds(30)
}

/// The object of a request's body.
struct RequestJSON: Sendable {
  let members: [String: JSON]

  init(_ members: [String: JSON]) { self.members = members }

  /// - Throws: `RequestFault` for a body that is too large, too slow, of another type or not a JSON object.
  init(_ request: Request, _ limits: RequestLimits) async throws {
    let type = request.headers[.contentType]?.lowercased().split(separator: ";").first
    guard type.map({ $0.trimmingPrefix(" ") }) == "application/json" else {
      throw RequestFault.unsupported("Send JSON with the header \"Content-Type: application/json\".")
    }
    if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
      throw RequestFault.unsupported("Send the body without Content-Encoding.")
    }
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.bodyBytes {
      throw RequestFault.bodyTooLarge(limit: limits.bodyBytes)
    }
    let body = try await Self.body(of: request, limits), json: JSON
    do {
      json = try body.withUnsafeReadableBytes { bytes throws(FileFault) in
        guard String(validating: bytes, as: UTF8.self) != nil else {
          throw .json(file: "body", why: "bytes that are not UTF-8")
        }
        return try JSON(parsing: bytes, named: "body")
      }
    } catch {
      throw RequestFault.badRequest("\(error)", code: "invalid_json")
    }
    guard let members = json.object else {
      throw RequestFault.invalid("The body is \(json.typeName); expected an object.")
    }
    self.members = members
  }

  private static func body(of request: Request, _ limits: RequestLimits) async throws -> ByteBuffer {
    try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
      group.addTask {
        do { return try await request.body.collect(upTo: limits.bodyBytes) } catch is NIOTooManyBytesError {
          throw RequestFault.bodyTooLarge(limit: limits.bodyBytes)
        } catch let error where !(error is CancellationError) {
          throw RequestFault.bodyIncomplete
        }
      }
      group.addTask {
        try await Task.sleep(for: limits.bodyTimeout)
        throw RequestFault.slowBody
      }
      defer { group.cancelAll() }
      guard let body = try await group.next() else { throw CancellationError() }
      return body
    }
  }

  /// - Throws: `RequestFault` for a key that the route does not know.
  func checkKeys(_ known: Set<String>) throws(RequestFault) {
    if let key = members.keys.filter({ !known.contains($0) }).min() {
      throw .invalid("unknown key \(quoted(key)); known are \(known.sorted().joined(separator: ", ")).")
    }
  }

  /// A member that is a string; nil: it is missing or null.
  func string(_ key: String) throws(RequestFault) -> String? {
    guard let value = members[key], value != .null else { return nil }
    guard let text = value.string else { throw .invalid("\"\(key)\" is \(value.typeName); expected a string.") }
    return text
  }

  /// The texts of `input`: a string or a list of strings.
  func texts(_ key: String, atMost limit: Int) throws(RequestFault) -> [String] {
    guard let value = members[key] else { throw .invalid("\"\(key)\" is missing.") }
    if let text = value.string { return [text] }
    let texts = value.array?.compactMap(\.string) ?? []
    guard !texts.isEmpty, texts.count == value.array?.count else {
      throw .invalid("\"\(key)\": expected a string or a list of strings, at least one.")
    }
    try Self.check(count: texts.count, limit, key)
    return texts
  }

  static func check(count: Int, _ limit: Int, _ key: String) throws(RequestFault) {
    if count > limit {
      throw .invalid(
        "\"\(key)\" has \(count) elements; at most \(limit) are allowed (--max-inputs). Send several requests.",
        code: "too_many_inputs")
    }
  }
}
