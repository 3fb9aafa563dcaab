/// The name of a model on the Hub.

/// "organization/name", or "name" for the models of the Hub's first years.
package struct HubName: Sendable, Equatable, CustomStringConvertible {
  package let description: String

  /// nil: `text` cannot be a name on the Hub.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), text.utf8.count <= 96, !text.contains("--"), !text.contains("..") else {
      return nil
    }
    for part in parts {
      guard let first = part.first, let last = part.last, !".-".contains(first), !".-".contains(last),
        part.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
      else { return nil }
    }
    description = text
  }

  /// The folder of `tune download`, relative to the working directory.
  package var downloadFolder: String { "models/\(description)" }

  /// The name of its folder in the Hub's cache.
  var cacheFolder: String { "models--" + description.replacing("/", with: "--") }
}
