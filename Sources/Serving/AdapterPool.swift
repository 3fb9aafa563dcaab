/// One loaded base model, and the adapters that answer with it in a command, by name.
import Adapters
package import Kernels

package struct AdapterPool: Sendable {
  package let base: ServedBase
  package let members: [Member]

  /// How the weights of the base and of the adapters were read, for the user.
  package var notes: [String] { base.notes + members.flatMap { $0.adapter?.notes ?? [] } }

  /// - Parameters:
  ///   - adapters: in the order of the output; names must differ.
  ///   - withBase: include the base with its own head.
  ///   - precision, anyBase, threads: as of `ServedBase`.
  /// - Throws: `PoolFault`, `AdapterFault`, `CheckpointFault.notFinite` and faults of the folders' readers.
  package init(
    folder: String, adapters: [(name: String, path: String)], withBase: Bool, precision: InferencePrecision = .fp32,
    anyBase: Bool = false, threads: Int = 1
  ) throws {
    let names = (withBase ? ["base"] : []) + adapters.map(\.name)
    if let name = names.first(where: { name in names.count { $0 == name } > 1 }) { throw PoolFault.duplicateName(name) }
    precondition(!names.isEmpty, "a pool needs a member")
    let base = try ServedBase(folder: folder, precision: precision, anyBase: anyBase, threads: threads)
    self.base = base
    members = try (withBase ? [base.own()] : []) + adapters.map { try base.load(name: $0.name, folder: $0.path) }
  }
}
