/// Faults of downloads. A case has the values; `description` makes the sentence.
package import Files
package import ModelHub

package enum DownloadFault: Error {
  case noLibrary(String)
  case offline
  case badEndpoint(String)
  case badToken
  /// libcurl's error `code`.
  case connection(url: String, code: Int, why: String)
  case refused(Refusal)
  case redirect(from: String, to: String)
  case notHub(url: String, why: String)
  case unsafePath(String)
  /// The answer ended early: `count` of `size` bytes are there.
  case short(path: String, count: Int, size: Int)
  /// The answer would have another number of bytes than the Hub says. Nothing of it was kept.
  case wrongLength(path: String, found: Int, expected: Int)
  /// The content is not the Hub's. `isFinal`: it was downloaded twice.
  case wrongContent(path: String, found: String, expected: String, isFinal: Bool)
  case noWeights(HubName, present: [String])
  case noMatch([String], present: [String])
  case differs(path: String, folder: String)
  case otherCommit(folder: String, found: String, wanted: String)
  case busy(folder: String)
  case diskFull(folder: String, needed: Int, free: Int)
  case unwritable(path: String, why: String)
  case file(FileFault)

  /// An answer with an error status.
  package struct Refusal: Sendable {
    package let model: HubName
    let url: String
    let status: Int
    /// The Hub's headers X-Error-Code and X-Error-Message.
    let code, message: String?
    let hasToken, isHub: Bool
    let retryAfter: Int?
  }
}

extension DownloadFault {
  /// Whether the same request may succeed later.
  var isTransient: Bool {
    switch self {
    // Names that cannot be resolved, certificates that are not trusted, addresses that libcurl cannot read.
    case .connection(_, let code, _): ![1, 3, 4, 5, 6, 58, 59, 60, 77, 83, 91].contains(code)
    // Storage refuses an address that has expired; the Hub then gives another one.
    case .refused(let refusal):
      [408, 416, 429, 500, 502, 503, 504].contains(refusal.status) || (!refusal.isHub && refusal.status < 500)
    case .short, .wrongLength: true
    case .wrongContent(_, _, _, let isFinal): !isFinal
    default: false
    }
  }

  /// The server's own request to wait, in seconds.
  var retryAfter: Int? { if case .refused(let refusal) = self { refusal.retryAfter } else { nil } }
}

extension DownloadFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noLibrary(let why): why
    case .offline:
      "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set: nothing is downloaded. Unset it to download."
    case .badEndpoint(let endpoint):
      "HF_ENDPOINT: found \"\(endpoint)\"; expected an address such as https://huggingface.co."
    case .badToken: "HF_TOKEN (or the file with the token) has characters that a token cannot have."
    case .connection(let url, let code, let why):
      "\(url): \(why.isEmpty ? "error \(code) of libcurl" : why)." + advice(code)
    case .refused(let refusal): refusal.description
    case .redirect(let from, let to): "\(from): redirects to \(to), which is not followed. Is it the page of a login?"
    case .notHub(let url, let why):
      "\(url): \(why). Is HF_ENDPOINT the Hub or a mirror of it, and not behind a login page?"
    case .unsafePath(let path):
      "The Hub lists a file '\(path)', which would lie outside the folder. Nothing was written."
    case .short(let path, let count, let size):
      "\(path): the connection ended after \(count) of \(size) bytes. They are kept: the same command continues."
    case .wrongLength(let path, let found, let expected):
      "\(path): the answer has \(found) bytes; expected \(expected). A proxy may change it."
    case .wrongContent(let path, let found, let expected, _):
      "\(path): found \(found); expected \(expected). It was downloaded twice and deleted. A proxy may change it."
    case .noWeights(let name, let present):
      "\(name): has no weights that tune reads (safetensors or pytorch_model.bin). It has: \(list(present)). "
        + "--include PATTERN downloads files by name."
    case .noMatch(let patterns, let present):
      "--include \(patterns.joined(separator: " ")): no file of this name. The model has: \(list(present))."
    case .differs(let path, let folder):
      "\(folder)/\(path): differs from the Hub's file. It is not overwritten: delete it, or choose another folder with --to."
    case .otherCommit(let folder, let found, let wanted):
      "\(folder): has files of commit \(found); the Hub's revision is now commit \(wanted). Choose another folder with "
        + "--to, or pass --revision \(found)."
    case .busy(let folder): "\(folder): another 'tune download' is writing there."
    case .diskFull(let folder, let needed, let free):
      "\(folder): the files need \(fileSize(needed)) more, and the disk has \(fileSize(free)) free."
    case .unwritable(let path, let why):
      "\(path): cannot be written (\(why)). What was downloaded is kept: the same command continues."
    case .file(let fault): fault.description
    }
  }

  private func advice(_ code: Int) -> String {
    switch code {
    case 5, 6: " Is there a network? Behind a proxy, set HTTPS_PROXY."
    case 58, 60, 77:
      " If a proxy has its own certificate authority, set SSL_CERT_FILE to the file with its certificate (PEM)."
    default: " What was downloaded is kept: the same command continues."
    }
  }
}

extension DownloadFault.Refusal: CustomStringConvertible {
  package var description: String {
    let login = hasToken ? "the token may not read it" : "set HF_TOKEN if it is private"
    let text =
      switch (code, status) {
      case ("GatedRepo", _):
        "\(model): access must be granted first. Accept its conditions on its page, and set HF_TOKEN."
      case ("RevisionNotFound", _): "\(model): has no such revision (\(url))."
      case ("EntryNotFound", _): "\(url): the model has no such file."
      case ("RepoNotFound", _), (nil, 401), (nil, 404):
        "\(model): not found (status \(status)). Check the name; \(login). 'tune bases' lists known names."
      case (_, 429): "\(url): too many requests (status 429). Try again later; the same command continues."
      default: "\(url): status \(status)."
      }
    return text + (message.map { " The server says: \($0)" } ?? "")
  }
}

private func list(_ names: [String]) -> String {
  names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
}

/// Bytes as "433.3 MB" or "0.9 kB".
package func fileSize(_ bytes: Int) -> String {
  let (unit, name) = bytes < 1_000_000 ? (1000, "kB") : (1_000_000, "MB")
  let tenths = (bytes + unit / 20) / (unit / 10)
  return "\(tenths / 10).\(tenths % 10) \(name)"
}
