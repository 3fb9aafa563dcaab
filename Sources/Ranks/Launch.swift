/// How many tasks a launcher (mpirun, mpiexec, srun) has started of this program, by the environment. Does not open MPI.
import Glibc
import Kernels

package struct Launch: Sendable, Equatable {
  /// The number of tasks, and the variable that says so.
  package let tasks: Int
  package let variable: String
  /// This task's number, from 0.
  package let number: Int
  /// The tasks on this machine; nil: unknown.
  package let localTasks: Int?

  /// The launchers' variables: those of Open MPI, MPICH and srun. mpirun may itself have been started by srun, whose variables
  /// then count its helpers: the first one counts. SLURM_NTASKS does not: a batch script's own shell has it too.
  private static let variables = [
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"), ("PMI_SIZE", "PMI_RANK"),
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
  ]
  private static let localSizes = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"]

  /// nil: this is a single process.
  /// - Parameter value: the value of the environment variable with this name.
  package init?(_ value: (String) -> String? = Launch.environment) {
    guard let (size, rank) = Self.variables.first(where: { value($0.0) != nil }),
      let tasks = value(size).flatMap({ Int($0) }), tasks > 1
    else { return nil }
    (self.tasks, variable) = (tasks, size)
    number = value(rank).flatMap { Int($0) } ?? 0
    localTasks = Self.localSizes.compactMap { value($0).flatMap { Int($0) } }.first
  }

  /// The value of an environment variable of this process.
  package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

extension Launch {
  /// The threads of a process that is not given a number: the CPUs that Slurm gives each task, else those that the process may
  /// use, divided among the tasks of one machine if all of them may use all.
  /// - Parameters:
  ///   - available: the CPUs that this process may use.
  ///   - online: the CPUs of the machine.
  package static func threads(
    available: Int = Processor.count, online: Int = Processor.onlineCount,
    _ value: (String) -> String? = Launch.environment
  ) -> Int {
    if let count = value("SLURM_CPUS_PER_TASK").flatMap({ Int($0) }), count > 0 { return min(count, available) }
    guard available >= online, let local = Launch(value)?.localTasks else { return available }
    return max(1, available / local)
  }
}
