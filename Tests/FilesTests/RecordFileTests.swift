/// Records in a file: found again by others, never believed half-written or damaged, by however many at once.
import Dispatch
import Files
import FoundationEssentials
import TestSupport
import Testing

private func key(_ number: Int) -> RecordKey { RecordKey(UInt64(number), 7) }

/// The bytes of record `number`: 3 to 102 of them.
private func bytes(_ number: Int) -> [UInt8] {
  (0..<3 + number % 100).map { UInt8(truncatingIfNeeded: number * 31 + $0) }
}

extension RecordFile {
  fileprivate func keep(_ numbers: some Sequence<Int>) {
    for number in numbers { bytes(number).withUnsafeBytes { append([(key(number), $0)]) } }
  }

  /// Whether the record is there, and is what was kept.
  fileprivate func has(_ number: Int) -> Bool {
    let wanted = bytes(number)
    var found = [UInt8](repeating: 0, count: wanted.count)
    return found.withUnsafeMutableBytes { read(key(number), into: $0) } && found == wanted
  }
}

@Suite struct RecordFileTests {
  private let folder = TemporaryFolder()
  private var path: String { folder.path + "/below/records" }

  private func file(reserving wanted: Int = 0) throws -> RecordFile {
    let file = RecordFile(path: path)
    try file.open(reserving: wanted)
    return file
  }

  /// The offset of a record's bytes where records 0, 1, … are in the file, one after the other.
  private func place(of number: Int) -> Int { (0..<number).reduce(16 + 40) { $0 + 40 + bytes($1).count } }

  @Test func `records are found, by this program and by the next`() throws {
    let first = try file(reserving: 5000)
    #expect(try readFile(path).count == 5000)
    first.keep(0..<50)
    for reader in [first, try file()] {
      #expect(reader.count == 50 && (0..<50).allSatisfy(reader.has))
      #expect(!reader.has(50))
    }
    var short = [UInt8](repeating: 0, count: bytes(3).count - 1)
    #expect(!short.withUnsafeMutableBytes { first.read(key(3), into: $0) }, "a record of another size is none")
  }

  @Test func `what another program adds is found without opening again`() throws {
    let (one, other) = (try file(), try file())
    one.keep(0..<5)
    #expect((0..<5).allSatisfy(other.has))
    other.keep(3..<9)
    #expect((0..<9).allSatisfy(one.has) && one.count == 9)
    #expect(try readFile(path).count == place(of: 9) - 40, "what was there is not kept twice")
  }

  @Test func `many write at once, and everything is whole`() throws {
    let files = try (0..<4).map { _ in try file() }
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      let file = files[worker % 4]
      file.keep(stride(from: worker, to: 400, by: 8))
      file.keep(worker * 10..<worker * 10 + 30)
    }
    let last = try file()
    #expect(last.count == 400 && (0..<400).allSatisfy(last.has) && files.allSatisfy { $0.fault == nil })
  }

  @Test func `a damaged record is missing, and can be kept again`() throws {
    try file().keep(0..<10)
    var damaged = try readFile(path)
    damaged[place(of: 4) + 2] ^= 16
    try writeFile(damaged, to: path)
    let reader = try file()
    #expect((0..<10).filter { !reader.has($0) } == [4])
    reader.keep([4])
    #expect(try (0..<10).allSatisfy(reader.has) && (0..<10).allSatisfy(file().has))
  }

  @Test func `behind a damaged header nothing is believed`() throws {
    try file().keep(0..<10)
    var damaged = try readFile(path)
    damaged[place(of: 4) - 30] ^= 1
    try writeFile(damaged, to: path)
    let reader = try file()
    #expect((0..<10).filter(reader.has) == Array(0..<4))
    reader.keep(20..<30)
    #expect(try (20..<30).allSatisfy(file().has))
  }

  @Test func `what a killed program wrote behind the end is nothing`() throws {
    try file().keep(0..<3)
    let whole = try readFile(path)
    try writeFile(whole + Data(repeating: 0xAB, count: 70), to: path)
    let reader = try file()
    #expect(reader.count == 3)
    reader.keep(3..<6)
    #expect(try (0..<6).allSatisfy(file().has))
    try writeFile(whole[..<(whole.count - 1)], to: path)
    #expect(try (0..<4).filter(file().has) == [0, 1])
  }

  @Test func `a file that is something else is made anew`() throws {
    try makeFolder(folder.path + "/below")
    try writeFile(String(repeating: "no records ", count: 300), to: path)
    let file = try file()
    file.keep(0..<3)
    #expect(try file.count == 3 && self.file().has(2))
  }

  @Test(.enabled(if: TinyDisk.isPermitted)) func `a full disk is told before anything is written, and leaves nothing`()
    throws
  {
    let disk = try #require(TinyDisk()), file = RecordFile(path: disk.folder.path + "/records")
    #expect {
      try file.open(reserving: 1_000_000)
    } throws: {
      "\($0)".contains("No space left") && "\($0)".contains("1000000 bytes")
    }
    #expect(disk.folder.contents == [])
  }

  @Test(.enabled(if: TinyDisk.isPermitted)) func `a disk that runs full keeps what was kept, and says so`() throws {
    let disk = try #require(TinyDisk()), file = RecordFile(path: disk.folder.path + "/records")
    try file.open(reserving: 0)
    file.keep(0..<20)
    #expect(file.fault == nil)
    let large = [UInt8](repeating: 1, count: 100_000)
    large.withUnsafeBytes { file.append([(key(1000), $0)]) }
    #expect("\(try #require(file.fault))".contains("No space left"))
    file.keep(20..<30)
    let again = RecordFile(path: file.path)
    try again.open(reserving: 0)
    #expect(again.count == 20 && (0..<20).allSatisfy(again.has) && (0..<20).allSatisfy(file.has))
  }

  @Test func `a place that is no folder is told`() throws {
    try writeFile("", to: folder.path + "/file")
    #expect(throws: FileFault.self) { try RecordFile(path: folder.path + "/file/records").open(reserving: 0) }
  }
}
