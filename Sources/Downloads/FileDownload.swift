/// Downloads one file: continues what an earlier try or run left, and checks the result.
import Files
import ModelHub

extension HubClient {
  /// Downloads `file` into `partials`, and renames it to `target` when its hash is right.
  /// - Parameter report: receives the number of bytes that are there.
  func download(
    _ file: HubFile, commit: String, partials: String, to target: String, report: @escaping (Int) -> Void
  ) throws(DownloadFault) {
    let partial = try PartialFile(file, in: partials)
    try repeating(progress: { partial.count }) { () throws(DownloadFault) in
      report(partial.count)
      if partial.count < file.size { try continueDownload(of: file, commit, partial, report) }
      try partial.finish(as: target)
    }
  }

  /// Asks the Hub for the bytes that are missing. Its storage's addresses expire, so every try starts at the Hub.
  private func continueDownload(
    of file: HubFile, _ commit: String, _ partial: PartialFile, _ report: @escaping (Int) -> Void
  ) throws(DownloadFault) {
    let start = partial.count, url = address(of: file, commit: commit), first = FirstPart()
    do throws(DownloadFault) {
      _ = try get(url, headers: start > 0 ? ["Range: bytes=\(start)-"] : [], leavesHub: true) {
        (answer, bytes) throws(DownloadFault) in
        if first.isPending {
          first.isPending = false
          try self.check(answer, bytes, of: file, url, start: start)
          // A server that ignores Range sends all of it.
          if answer.status == 200, start > 0 { try partial.restart() }
        }
        try partial.append(bytes)
        report(partial.count)
      }
    } catch .refused(let refusal) where refusal.status == 416 {
      try partial.restart()
      throw .refused(refusal)
    }
    if partial.count < file.size { throw .short(path: file.path, count: partial.count, size: file.size) }
  }

  private func check(
    _ answer: HTTPClient.Answer, _ bytes: UnsafeRawBufferPointer, of file: HubFile, _ url: String, start: Int
  ) throws(DownloadFault) {
    let length = answer.headers["content-length"].flatMap { Int($0) }
    let expected = answer.status == 206 ? file.size - start : file.size
    if length != expected, case .webPage? = IncompleteDownload(bytes) {
      throw .notHub(url: url, why: "the content is a web page (HTML)")
    }
    if let length, length != expected { throw .wrongLength(path: file.path, found: length, expected: expected) }
    if let encoding = answer.headers["content-encoding"], encoding.lowercased() != "identity" {
      throw .notHub(url: url, why: "the content is encoded (\(encoding)), which was not asked for")
    }
    let range = answer.headers["content-range"] ?? "none"
    if answer.status == 206, !range.hasPrefix("bytes \(start)-") {
      throw .notHub(url: url, why: "asked for the bytes from \(start), the answer has the range '\(range)'")
    }
  }

  private final class FirstPart { var isPending = true }
}
