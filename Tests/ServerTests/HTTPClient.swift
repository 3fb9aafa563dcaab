/// An HTTP client of plain bytes, which can also send what no HTTP library sends.
import Files
import Foundation
import Glibc

struct HTTPAnswer: Sendable {
  let status: Int
  /// By name in lower case.
  let headers: [String: String]
  let body: Data

  var text: String { String(decoding: body, as: UTF8.self) }
  var json: JSON { (try? JSON(parsing: body, named: "answer")) ?? .null }
  /// `error.code`, if the body is an error in OpenAI's shape with all its members.
  var code: String? {
    let error = json["error"]
    return error?["message"]?.string?.isEmpty == false && error?["type"]?.string != nil ? error?["code"]?.string : nil
  }
}

struct NoAnswer: Error {}

/// Sendable: it is used by one thread at a time.
final class Connection: @unchecked Sendable {
  private let descriptor: Int32
  private var received = Data()

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var timeout = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if result != 0 { throw NoAnswer() }
  }

  deinit { close(descriptor) }

  /// - Returns: whether all was taken; a server that has closed the connection takes nothing.
  @discardableResult func send(_ data: Data) -> Bool {
    var rest = data[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  @discardableResult func send(_ text: String) -> Bool { send(Data(text.utf8)) }

  /// Sends nothing any more, but still receives.
  func closeOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// The next answer.
  /// - Throws: `NoAnswer` if the server closes the connection, or sends nothing for a minute.
  func answer() throws -> HTTPAnswer {
    while true {
      if let end = received.range(of: Data("\r\n\r\n".utf8)) {
        let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let headers = Dictionary(
          lines.dropFirst().map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (line[..<colon].lowercased(), line[colon...].dropFirst().trimmingCharacters(in: .whitespaces))
          }
        ) { first, _ in first }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        if received.endIndex - end.upperBound >= length, let first = lines.first, first.hasPrefix("HTTP/1.1 ") {
          let body = received[end.upperBound..<end.upperBound + length]
          received = Data(received[(end.upperBound + length)...])
          return HTTPAnswer(status: Int(first.dropFirst(9).prefix(3)) ?? 0, headers: headers, body: Data(body))
        }
      }
      guard receive() else { throw NoAnswer() }
    }
  }

  /// Whether the server closes the connection, without sending anything more.
  func isClosedByServer() -> Bool { !receive() && received.isEmpty }

  private func receive() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    if count > 0 { received.append(contentsOf: buffer[..<count]) }
    return count > 0
  }
}

/// The text of a request.
func requestText(
  _ method: String, _ path: String, _ headers: [String: String] = [:], body: Data? = nil
) -> Data {
  var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"]
  var headers = headers
  if let body {
    headers["Content-Length"] = headers["Content-Length"] ?? "\(body.count)"
    headers["Content-Type"] = headers["Content-Type"] ?? "application/json"
  }
  lines += headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
  return Data((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? Data())
}

/// Runs `body`, which may block, on a thread of its own: the threads of tasks are the server's.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
  }
}
