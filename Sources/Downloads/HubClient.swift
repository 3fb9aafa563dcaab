/// Requests to the Hub: redirects, the token, and repeated tries.
import Files
import ModelHub

final class HubClient {
  private let settings: HubSettings
  private let origin: Origin
  private let http: HTTPClient
  private let name: HubName
  /// Waits for a number of seconds before the next try of a request that failed.
  private let wait: (DownloadFault, Int) -> Void

  init(_ settings: HubSettings, _ name: HubName, wait: @escaping (DownloadFault, Int) -> Void) throws(DownloadFault) {
    guard let origin = Origin(settings.endpoint), !settings.endpoint.contains("?") else {
      throw .badEndpoint(settings.endpoint)
    }
    if let token = settings.token, !token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) { throw .badToken }
    http = try HTTPClient(settings)
    (self.settings, self.origin, self.name, self.wait) = (settings, origin, name, wait)
  }

  /// Sends a GET request and follows its redirects, without the token where they leave the Hub's origin.
  /// - Parameter leavesHub: whether they may leave it: the contents of files do, lists of files do not.
  func get(
    _ url: String, headers: [String] = [], leavesHub: Bool, body: @escaping HTTPClient.Body
  ) throws(DownloadFault) -> HTTPClient.Answer {
    var url = url
    for _ in 0..<10 {
      let isHub = Origin(url) == origin
      let token = isHub ? settings.token.map { ["Authorization: Bearer " + $0] } ?? [] : []
      let answer = try http.get(
        url, headers: ["User-Agent: tune", "Accept-Encoding: identity"] + token + headers, body: body)
      switch answer.status {
      case 200, 206: return answer
      case 301, 302, 303, 307, 308:
        let location = answer.headers["location"] ?? ""
        guard let target = redirected(url, to: location), leavesHub || Origin(target) == origin else {
          throw .redirect(from: withoutQuery(url), to: withoutQuery(location))
        }
        url = target
      default:
        throw .refused(
          .init(
            model: name, url: withoutQuery(url), status: answer.status, code: answer.headers["x-error-code"],
            message: answer.headers["x-error-message"], hasToken: settings.token != nil, isHub: isHub,
            retryAfter: answer.retryAfter))
      }
    }
    throw .redirect(from: withoutQuery(url), to: "yet another address")
  }

  /// Repeats `attempt` while it fails for a reason that may pass: up to five times without progress.
  /// - Parameter progress: a number that grows with the bytes that were received.
  func repeating<Result>(
    progress: () -> Int = { 0 }, _ attempt: () throws(DownloadFault) -> Result
  ) throws(DownloadFault) -> Result {
    let pauses = [1, 2, 4, 8, 8], longestPause = 300
    var failures = 0, most = progress()
    while true {
      do throws(DownloadFault) {
        return try attempt()
      } catch {
        let now = progress()
        if now > most { (failures, most) = (0, now) }
        let pause = error.retryAfter.map { $0 + 1 } ?? pauses[min(failures, pauses.count - 1)]
        failures += 1
        guard error.isTransient, failures <= pauses.count, pause <= longestPause else { throw error }
        wait(error, pause)
      }
    }
  }

  /// The JSON at `url`, and the address of the next page.
  private func json(_ url: String) throws(DownloadFault) -> (JSON, next: String?) {
    try repeating { () throws(DownloadFault) in
      let text = Text()
      let answer = try get(url, leavesHub: false) { (_, part) throws(DownloadFault) in
        if text.bytes.count + part.count > 1 << 26 { throw .notHub(url: url, why: "the answer is longer than 64 MB") }
        text.bytes += part
      }
      if case .webPage? = IncompleteDownload(text.bytes) {
        throw .notHub(url: url, why: "the answer is a web page (HTML)")
      }
      do {
        let json = try text.bytes.withUnsafeBytes { bytes in try JSON(parsing: bytes, named: url) }
        return (json, answer.headers["link"].flatMap(nextPage))
      } catch {
        throw .notHub(url: url, why: "the answer is not JSON")
      }
    }
  }

  private final class Text { var bytes: [UInt8] = [] }
}

extension HubClient {
  /// The commit that `revision` (a branch, a tag or a commit) is now.
  func commit(of revision: String) throws(DownloadFault) -> String {
    let url = "\(settings.endpoint)/api/models/\(name)/revision/\(percentEncoded(revision))"
    guard let commit = try json(url).0["sha"]?.string, isHash(commit, 40) else {
      throw .notHub(url: url, why: "the answer has no commit")
    }
    return commit
  }

  /// All files of a commit, ordered by path.
  func files(of commit: String) throws(DownloadFault) -> [HubFile] {
    var url = "\(settings.endpoint)/api/models/\(name)/tree/\(commit)?recursive=true&expand=false"
    var files: [HubFile] = []
    for _ in 0..<1000 {
      let (page, next) = try json(url)
      guard let entries = page.array else { throw .notHub(url: url, why: "the answer is not a list of files") }
      for entry in entries where entry["type"] == "file" { files.append(try HubFile(entry, from: url)) }
      if files.count > 100_000 { throw .notHub(url: url, why: "the model has more than 100,000 files") }
      guard let next else { break }
      guard Origin(next) == origin else { throw .redirect(from: withoutQuery(url), to: withoutQuery(next)) }
      url = next
    }
    return files.sorted { $0.path < $1.path }
  }

  /// The address of a file's content; the Hub redirects it to its storage.
  func address(of file: HubFile, commit: String) -> String {
    "\(settings.endpoint)/\(name)/resolve/\(commit)/\(file.encodedPath)"
  }
}

/// The address of the next page in a header `Link: <…>; rel="next"`.
private func nextPage(_ link: String) -> String? {
  guard let end = link.firstRange(of: ">; rel=\"next\"") else { return nil }
  return link[..<end.lowerBound].lastIndex(of: "<").map { String(link[link.index(after: $0)..<end.lowerBound]) }
}
