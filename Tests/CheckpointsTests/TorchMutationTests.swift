/// Tests that damaged files of torch.save are read or refused with a fault that names the file, without much memory or
/// time. `TUNE_MUTATIONS=100000 swift test --filter TorchMutationTests` tests more of them, and the memory of each.
import Files
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Checkpoints

@Suite(.serialized) struct TorchMutationTests {
  private static let files = [
    "dtypes-zip.bin", "strides-zip.bin", "strides-legacy.bin", "dtypes-legacy.bin", "nested-zip.bin",
    "wrapped-legacy.bin", "deflated.bin", "python2.bin", "old.bin", "refused-system-zip.bin",
  ]
  private static let count = getenv("TUNE_MUTATIONS").flatMap { Int(String(cString: $0)) }

  @Test(arguments: files) func `damaged files are read or refused`(_ name: String) throws {
    let folder = TemporaryFolder(), path = folder.path + "/x.bin"
    let each = (Self.count ?? 2000) / Self.files.count
    var mutations = try TorchMutations(path: torchFixture(name), seed: 5), loaded = 0
    for index in 0..<each {
      let data = mutations.next(), before = Self.count == nil ? 0 : resetPeakMemory(), start = clock()
      try writeUnsynced(data, at: path)
      do {
        try readAll(Checkpoint(file: path))
        loaded += 1
      } catch let fault as CheckpointFault {
        #expect("\(fault)".hasPrefix(path) && "\(fault)".count < 700)
      } catch let fault as FileFault {
        #expect("\(fault)".hasPrefix(path))
      }
      let seconds = Double(clock() - start) / Double(CLOCKS_PER_SEC), memory = peakMemory("VmHWM:") - before
      if Self.count != nil, seconds > 2 || memory > 2 * data.count + 16 << 20 {
        Issue.record("\(index): \(seconds) s, \(memory >> 20) MB of memory for a file of \(data.count) bytes")
      }
    }
    print("\(name): \(each) files, \(loaded) read")
    #expect(name.hasPrefix("refused") || 1..<each ~= loaded)
  }
}

/// Sets this process's peak of resident memory to what it has now, which is returned.
private func resetPeakMemory() -> Int {
  let descriptor = open("/proc/self/clear_refs", O_WRONLY)
  _ = write(descriptor, "5", 1)
  close(descriptor)
  return peakMemory("VmRSS:")
}

private func peakMemory(_ key: String) -> Int {
  let lines = (try? readText("/proc/self/status"))?.split(separator: "\n") ?? []
  let kilobytes = lines.first { $0.hasPrefix(key) }?.filter(\.isNumber) ?? ""
  return (Int(kilobytes) ?? 0) << 10
}
