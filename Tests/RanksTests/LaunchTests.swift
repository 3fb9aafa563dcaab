/// What the environment of a launcher says of the tasks and their threads.
import Testing

@testable import Ranks

private func launch(_ variables: [String: String]) -> Launch? { Launch { variables[$0] } }

@Suite struct LaunchTests {
  @Test func `the tasks of each launcher are counted`() throws {
    let open = ["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_LOCAL_SIZE": "2"]
    let found = try #require(launch(open))
    #expect(found.tasks == 4 && found.number == 3 && found.localTasks == 2 && found.variable == "OMPI_COMM_WORLD_SIZE")
    #expect(launch(["PMI_SIZE": "2", "PMI_RANK": "1", "MPI_LOCALNRANKS": "2"])?.number == 1)
    #expect(launch(["SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "7"])?.tasks == 8)
    // mpirun in a job: srun has started one helper per machine.
    #expect(launch(open.merging(["SLURM_STEP_NUM_TASKS": "2", "SLURM_NTASKS": "2"]) { $1 })?.tasks == 4)
  }

  @Test func `a single process is no launch`() {
    #expect(launch([:]) == nil)
    #expect(launch(["OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"]) == nil)
    #expect(launch(["SLURM_NTASKS": "16", "SLURM_PROCID": "0", "SLURM_JOB_ID": "7"]) == nil, "a batch script's shell")
  }

  @Test func `threads follow Slurm, then the affinity, then the ranks of the machine`() {
    func threads(_ available: Int, _ online: Int, _ variables: [String: String]) -> Int {
      Launch.threads(available: available, online: online) { variables[$0] }
    }
    #expect(threads(16, 16, [:]) == 16)
    #expect(threads(16, 16, ["SLURM_CPUS_PER_TASK": "4"]) == 4)
    #expect(threads(2, 16, ["SLURM_CPUS_PER_TASK": "4"]) == 2)
    let two = ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_SIZE": "2"]
    #expect(threads(16, 16, two) == 8)
    #expect(threads(1, 16, two) == 1, "bound to a core")
    #expect(threads(4, 16, two) == 4, "bound to four")
    #expect(threads(2, 2, ["PMI_SIZE": "4", "MPI_LOCALNRANKS": "4"]) == 1)
  }

  @Test func `without the library, several tasks are refused with what to do`() throws {
    let four = try #require(launch(["PMI_SIZE": "4", "PMI_RANK": "1"]))
    let text = "\(RanksFault.noLibrary(four, searched: ["/a/libtune-mpi.so"]))"
    #expect(
      text.contains("4 tasks were started (PMI_SIZE)") && text.contains("make mpi") && text.contains("/a/libtune"))
  }
}
