/// The ranks of a program that mpirun or srun has started, connected by MPI.
internal import CMPI
import Glibc
import Kernels
import Training

/// Several tasks were started that cannot train together.
package enum RanksFault: Error, CustomStringConvertible {
  case noLibrary(Launch, searched: [String])
  case cannotOpen(Launch, why: String)
  case otherLauncher(Launch, size: Int, library: String)
  case severalTasks(Launch, command: String)

  package var description: String {
    switch self {
    case .noLibrary(let launch, let searched):
      "\(launch.started), but libtune-mpi.so is not there, and each would train the whole model alone. Build it with "
        + "'make mpi', or name it in TUNE_MPI; or start one process. Looked for: \(searched.joined(separator: ", "))."
    case .cannotOpen(let launch, let why):
      "\(launch.started), but MPI cannot be opened: \(why). Build libtune-mpi.so with 'make mpi' on this machine, with the "
        + "mpicc of the MPI that mpirun belongs to."
    case .otherLauncher(let launch, let size, let library):
      "\(launch.started), but \(library), for which libtune-mpi.so was built, sees \(size). The launcher belongs to another MPI: "
        + "use its own mpirun, or rebuild with 'make mpi MPICC=…'. With srun, see 'srun --mpi=list'."
    case .severalTasks(let launch, let command):
      "\(launch.started), but '\(command)' is the work of one process. Start it without mpirun or srun."
    }
  }
}

extension Launch {
  fileprivate var started: String { "\(tasks) tasks were started (\(variable))" }
}

/// Sendable: only one thread at a time calls MPI (MPI_THREAD_SERIALIZED).
package struct MPICommunicator: Communicator, @unchecked Sendable {
  package let rank, size: Int
  private let functions: UnsafePointer<tune_mpi>

  /// Opens libtune-mpi.so and starts MPI.
  /// - Throws: `RanksFault`.
  package init(_ launch: Launch) throws(RanksFault) {
    let places = Self.places
    guard let path = places.first(where: { access($0, R_OK) == 0 }) else {
      throw .noLibrary(launch, searched: places)
    }
    if let why = tune_mpi_open(path) { throw .cannotOpen(launch, why: String(cString: why)) }
    functions = tune_mpi_opened()
    var (rank, size) = (Int32(0), Int32(1))
    if let why = functions.pointee.start(&rank, &size) { throw .cannotOpen(launch, why: String(cString: why)) }
    (self.rank, self.size) = (Int(rank), Int(size))
    if self.size != launch.tasks {
      throw .otherLauncher(launch, size: self.size, library: library)
    }
  }

  /// TUNE_MPI; or beside the program, or in the lib folder beside the program's folder.
  private static var places: [String] {
    if let path = Launch.environment("TUNE_MPI") { return [path] }
    let size = Int(PATH_MAX)
    var buffer = [CChar](repeating: 0, count: size)
    let length = readlink("/proc/self/exe", &buffer, size)
    let program = String(decoding: buffer.prefix(max(length, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    let folder = program.split(separator: "/").dropLast().map { "/" + $0 }.joined()
    return [folder + "/libtune-mpi.so", folder + "/../lib/libtune-mpi.so"]
  }

  /// The name and version of the MPI.
  private var library: String {
    functions.pointee.library().map { String(cString: $0).replacing(" Version:\t", with: " ") } ?? "MPI"
  }

  package func send(_ bytes: UnsafeRawBufferPointer, to rank: Int) {
    functions.pointee.send(bytes.baseAddress, bytes.count, Int32(rank))
  }

  package func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int) {
    functions.pointee.receive(bytes.baseAddress, bytes.count, Int32(rank))
  }

  package func finishSends() { functions.pointee.finish_sends() }

  package func spareProcessor(_ spares: Bool) { functions.pointee.spare_processor(spares ? 1 : 0) }

  /// Waits for the other ranks, and ends MPI.
  package func end() { functions.pointee.end() }

  /// Ends all ranks with an exit status, if MPI has been started.
  package static func abortAll(_ status: Int32) { tune_mpi_opened()?.pointee.abort(status) }
}

extension MPICommunicator {
  /// Messages for the user about the ranks and their CPUs.
  package func notes(threads: Int) -> [String] {
    let ranks = "\(size) ranks, \(library), \(threads) \(threads == 1 ? "thread" : "threads") each"
    let available = Processor.count, online = Processor.onlineCount
    if available > 1 || online == 1 { return [ranks] }
    return [
      ranks,
      "note: this rank may use one of the machine's \(online) CPUs. mpirun of Open MPI binds each rank to a core, unless it has "
        + "--bind-to none",
    ]
  }
}
