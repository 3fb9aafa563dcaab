/// The recipe's section "logging": in which further forms the log is kept. Changes nothing that is computed.
extension Recipe {
  public struct Logging: Sendable, Equatable {
    /// Event files for TensorBoard.
    public var tensorboard = false
    /// metrics.csv.
    public var csv = false

    mutating func declare(_ fields: Fields) {
      fields.field("tensorboard", &tensorboard, .bool, "The log as an event file for TensorBoard.")
      fields.field("csv", &csv, .bool, "The log as a table, metrics.csv.")
    }
  }
}
