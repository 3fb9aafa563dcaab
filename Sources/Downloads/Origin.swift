/// The origin of an address: scheme, host and port. The token is sent to the Hub's origin only.
struct Origin: Equatable {
  let scheme, host: String
  let port: Int

  /// nil: `url` is not an http or https address, or its host is written so that two readers could disagree on it (a user
  /// name, a backslash, spaces, control characters).
  init?(_ url: String) {
    guard let colon = url.firstRange(of: "://"),
      url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
    else { return nil }
    scheme = url[..<colon.lowerBound].lowercased()
    guard let defaultPort = ["http": 80, "https": 443][scheme] else { return nil }
    let authority = url[colon.upperBound...].prefix { !"/?#".contains($0) }
    let isAddress = authority.hasPrefix("[")
    let end =
      isAddress ? authority.firstIndex(of: "]").map { authority.index(after: $0) } : authority.firstIndex(of: ":")
    if isAddress, end == nil { return nil }
    let name = authority[..<(end ?? authority.endIndex)], rest = authority[(end ?? authority.endIndex)...]
    let allowed = isAddress ? "[]:.%" : ".-_"
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || allowed.contains($0) }) else { return nil }
    host = name.lowercased()
    if rest.isEmpty {
      port = defaultPort
    } else {
      guard rest.first == ":", let number = Int(rest.dropFirst()), (1...65535).contains(number) else { return nil }
      port = number
    }
  }
}

/// The address that the answer of `url` redirects to; nil: it is not an address that is followed.
func redirected(_ url: String, to location: String) -> String? {
  guard let origin = Origin(url) else { return nil }
  if location.hasPrefix("/"), !location.hasPrefix("//") {
    let target = "\(origin.scheme)://\(origin.host):\(origin.port)\(location)"
    return Origin(target) == nil ? nil : target
  }
  guard let other = Origin(location), !(origin.scheme == "https" && other.scheme == "http") else { return nil }
  return location
}

/// `url` without the query, which may be a signature.
func withoutQuery(_ url: String) -> String { String(url.prefix { $0 != "?" }) }
