/// What the environment says about the Hub, in the variables of huggingface_hub.
package import Files
import FoundationEssentials

package struct HubSettings: Sendable {
  /// The base address, without a slash at the end.
  package var endpoint = "https://huggingface.co"
  package var token: String?
  package var isOffline = false
  /// The limit for a connection and for a pause between two parts of an answer.
  package var connectSeconds = 10, silentSeconds = 10
  /// The certificates of the authorities to trust, instead of the system's: a file or a folder.
  package var certificates: String?
  /// The proxy for http addresses. libcurl reads the variables for all others, and NO_PROXY, itself.
  package var httpProxy: String?
  /// The Hub's cache.
  package var cache: String

  /// - Throws: `FileFault` if the file with the token exists and cannot be read.
  package init(_ variables: [String: String] = ProcessInfo.processInfo.environment) throws(FileFault) {
    func value(_ names: String...) -> String? {
      names.lazy.compactMap { variables[$0]?.trimmed }.first { !$0.isEmpty }
    }
    func path(_ name: String) -> String? { value(name).map { expandHome($0, variables["HOME"]) } }
    func isOn(_ name: String) -> Bool {
      value(name).map { ["1", "on", "yes", "true"].contains($0.lowercased()) } ?? false
    }
    func seconds(_ name: String) -> Int { value(name).flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 10 }
    let home =
      path("HF_HOME") ?? (path("XDG_CACHE_HOME") ?? expandHome("~/.cache", variables["HOME"])) + "/huggingface"
    cache = path("HF_HUB_CACHE") ?? path("HUGGINGFACE_HUB_CACHE") ?? home + "/hub"
    if var endpoint = value("HF_ENDPOINT") {
      while endpoint.hasSuffix("/") { endpoint.removeLast() }
      self.endpoint = endpoint
    }
    isOffline = isOn("HF_HUB_OFFLINE") || isOn("TRANSFORMERS_OFFLINE")
    connectSeconds = seconds("HF_HUB_ETAG_TIMEOUT")
    silentSeconds = seconds("HF_HUB_DOWNLOAD_TIMEOUT")
    certificates = value("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR")
    httpProxy = value("http_proxy", "HTTP_PROXY")
    if !isOn("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
      token = value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
      let file = path("HF_TOKEN_PATH") ?? home + "/token"
      if token == nil, fileExists(file) {
        let saved = try readText(file).trimmed
        token = saved.isEmpty ? nil : saved
      }
    }
  }
}

private func expandHome(_ path: String, _ home: String?) -> String {
  path == "~" || path.hasPrefix("~/") ? (home ?? "") + path.dropFirst() : path
}

extension String {
  fileprivate var trimmed: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
