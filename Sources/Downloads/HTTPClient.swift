/// GET requests through libcurl, one after the other. Follows no redirect and repeats no request.
import CCurl
import Files
import Glibc
import ModelHub

final class HTTPClient {
  struct Answer {
    fileprivate(set) var status = 0
    /// By lower-case names.
    fileprivate(set) var headers: [String: String] = [:]
    /// Seconds.
    fileprivate(set) var retryAfter: Int?
  }
  typealias Body = (Answer, UnsafeRawBufferPointer) throws(DownloadFault) -> Void

  private let settings: HubSettings
  private let connection: UnsafeMutableRawPointer

  /// - Throws: `DownloadFault.noLibrary` if libcurl is missing.
  init(_ settings: HubSettings) throws(DownloadFault) {
    if let fault = tune_curl_open() { throw .noLibrary(String(cString: fault)) }
    guard let connection = tune_curl_new() else { throw .noLibrary("libcurl has no memory.") }
    (self.settings, self.connection) = (settings, connection)
  }

  deinit { tune_curl_free(connection) }

  /// - Parameter body: receives the parts of the body of an answer with status 200 or 206.
  func get(_ url: String, headers: [String], body: @escaping Body) throws(DownloadFault) -> Answer {
    let transfer = Transfer(body), strings = CStrings()
    defer { strings.free() }
    let lines = headers.map { UnsafePointer(strings.copy($0)) } + [nil]
    let certificates = settings.certificates
    let isFolder = certificates.map(Files.isFolder) ?? false
    let result = lines.withUnsafeBufferPointer { lines in
      let request = tune_curl_request(
        url: strings.copy(url), headers: lines.baseAddress, ca_file: isFolder ? nil : strings.copy(certificates),
        ca_folder: isFolder ? strings.copy(certificates) : nil,
        proxy: url.hasPrefix("http:") ? strings.copy(settings.httpProxy) : nil,
        connect_seconds: settings.connectSeconds, silent_seconds: settings.silentSeconds)
      return tune_curl_get(
        connection, request,
        { context, bytes, count in
          Transfer.of(context).receiveHeader(UnsafeRawBufferPointer(start: bytes, count: count))
          return count
        },
        { context, bytes, count in
          Transfer.of(context).receiveBody(UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
        }, Unmanaged.passUnretained(transfer).toOpaque())
    }
    if let fault = transfer.fault { throw fault }
    if result.code != 0 {
      let message = withUnsafeBytes(of: result.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      throw .connection(url: withoutQuery(url), code: Int(result.code), why: message)
    }
    if result.retry_after > 0 { transfer.answer.retryAfter = Int(min(result.retry_after, 1 << 31)) }
    return transfer.answer
  }
}

/// What libcurl has received of one answer.
private final class Transfer {
  var answer = HTTPClient.Answer()
  var fault: DownloadFault?
  private let body: HTTPClient.Body

  init(_ body: @escaping HTTPClient.Body) { self.body = body }

  static func of(_ context: UnsafeMutableRawPointer?) -> Transfer {
    guard let context else { preconditionFailure("libcurl passes the context on") }
    return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  }

  func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      // A new answer: what came before was an interim one (100 Continue).
      answer = HTTPClient.Answer()
      answer.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      answer.headers[line[..<colon].lowercased()] = String(value.prefix { !$0.isNewline })
    }
  }

  /// False: the transfer must end.
  func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard answer.status == 200 || answer.status == 206 else { return true }
    do throws(DownloadFault) {
      try body(answer, bytes)
      return true
    } catch {
      fault = error
      return false
    }
  }
}

/// Copies of strings for C, which live until `free`.
private final class CStrings {
  private var copies: [UnsafeMutablePointer<CChar>] = []

  func copy(_ text: String?) -> UnsafeMutablePointer<CChar>? {
    guard let copy = text.flatMap({ strdup($0) }) else { return nil }
    copies.append(copy)
    return copy
  }

  func free() { for copy in copies { Glibc.free(copy) } }
}
