/// Writes log messages as lines of JSON to standard error.
import Files
import FoundationEssentials
import Glibc
package import Logging

package struct JSONLog: LogHandler {
  package var logLevel = Logger.Level.info
  package var metadata: Logger.Metadata = [:]
  private let label: String

  package init(label: String) { self.label = label }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var line: [String: JSON] = [
      "time": .string(Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))),
      "level": .string(event.level.rawValue), "message": .string("\(event.message)"),
    ]
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
      line[key] = Self.json(value)
    }
    let text = JSON.object(line).text(pretty: false) + "\n"
    // One write for a line, so that threads do not mix theirs; a closed standard error is no reason to stop.
    try? write(Data(text.utf8).span.bytes, to: STDERR_FILENO, path: "standard error")
  }

  private static func json(_ value: Logger.Metadata.Value) -> JSON {
    switch value {
    case .string(let text): .string(text)
    case .stringConvertible(let number as Int): .int(number)
    case .stringConvertible(let number as Double): .double(number)
    case .stringConvertible(let value): .string(value.description)
    case .array(let values): .array(values.map(json))
    case .dictionary(let values): .object(values.mapValues(json))
    }
  }
}
