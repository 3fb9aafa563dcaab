/// Tests that records are found by other programs, and that unfinished or damaged records are ignored.
import Dispatch
import Files
import FoundationEssentials
import Glibc
import TestSupport
import Testing

private func key(_ number: Int) -> RecordKey { RecordKey(UInt64(number), 7) }

/// The 3 to 102 bytes of record `number`.
private func bytes(_ number: Int) -> [UInt8] {
  (0..<3 + number % 100).map { UInt8(truncatingIfNeeded: number * 31 + $0) }
}

extension RecordFile {
  fileprivate func appendRecords(_ numbers: some Sequence<Int>) {
    for number in numbers { bytes(number).withUnsafeBytes { append([(key(number), $0)]) } }
  }

  /// Whether the record is found with its bytes.
  fileprivate func has(_ number: Int) -> Bool {
    let expected = bytes(number)
    var found = [UInt8](repeating: 0, count: expected.count)
    return found.withUnsafeMutableBytes { read(key(number), into: $0) } && found == expected
  }
}

@Suite struct RecordFileTests {
  private let folder = TemporaryFolder()
  private var path: String { folder.path + "/cache/records" }

  private func file(reserving size: Int = 0) throws -> RecordFile {
    let file = RecordFile(CacheFile(path))
    try file.open(reserving: size)
    return file
  }

  /// The offset of a record's bytes in a file with the records 0, 1, … in order.
  private func offset(of number: Int) -> Int { (0..<number).reduce(16 + 40) { $0 + 40 + bytes($1).count } }

  @Test func `records are found by this program and by the next one`() throws {
    let first = try file(reserving: 5000)
    #expect(try readFile(path).count == 5000)
    first.appendRecords(0..<50)
    for reader in [first, try file()] {
      #expect(reader.count == 50 && (0..<50).allSatisfy(reader.has))
      #expect(!reader.has(50))
    }
    var short = [UInt8](repeating: 0, count: bytes(3).count - 1)
    #expect(!short.withUnsafeMutableBytes { first.read(key(3), into: $0) }, "a record of another size is not found")
  }

  @Test func `records of another program are found without opening the file again`() throws {
    let (first, second) = (try file(), try file())
    first.appendRecords(0..<5)
    #expect((0..<5).allSatisfy(second.has))
    second.appendRecords(3..<9)
    #expect((0..<9).allSatisfy(first.has) && first.count == 9)
    #expect(try readFile(path).count == offset(of: 9) - 40, "existing records are not written again")
  }

  @Test func `all records of concurrent writers are complete`() throws {
    let files = try (0..<4).map { _ in try file() }
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      let file = files[worker % 4]
      file.appendRecords(stride(from: worker, to: 400, by: 8))
      file.appendRecords(worker * 10..<worker * 10 + 30)
    }
    let last = try file()
    #expect(last.count == 400 && (0..<400).allSatisfy(last.has) && files.allSatisfy { $0.fault == nil })
  }

  @Test func `a damaged record is not found, and can be written again`() throws {
    try file().appendRecords(0..<10)
    var damaged = try readFile(path)
    damaged[offset(of: 4) + 2] ^= 16
    try writeFile(damaged, to: path)
    let reader = try file()
    #expect((0..<10).filter { !reader.has($0) } == [4])
    reader.appendRecords([4])
    #expect(try (0..<10).allSatisfy(reader.has) && (0..<10).allSatisfy(file().has))
  }

  @Test func `records after a damaged record header are not found`() throws {
    try file().appendRecords(0..<10)
    var damaged = try readFile(path)
    damaged[offset(of: 4) - 30] ^= 1
    try writeFile(damaged, to: path)
    let reader = try file()
    #expect((0..<10).filter(reader.has) == Array(0..<4))
    reader.appendRecords(20..<30)
    #expect(try (20..<30).allSatisfy(file().has))
  }

  @Test func `bytes that a killed program wrote after the end are ignored`() throws {
    try file().appendRecords(0..<3)
    let complete = try readFile(path)
    try writeFile(complete + Data(repeating: 0xAB, count: 70), to: path)
    let reader = try file()
    #expect(reader.count == 3)
    reader.appendRecords(3..<6)
    #expect(try (0..<6).allSatisfy(file().has))
    try writeFile(complete[..<(complete.count - 1)], to: path)
    #expect(try (0..<4).filter(file().has) == [0, 1])
  }

  @Test func `a file of another format is replaced`() throws {
    close(try CacheFile(path).open())
    try writeFile(String(repeating: "no records ", count: 300), to: path)
    let file = try file()
    file.appendRecords(0..<3)
    #expect(try file.count == 3 && self.file().has(2))
  }

  @Test(.enabled(if: TinyDisk.isPermitted))
  func `a full disk is reported before anything is written, and no file is left`()
    throws
  {
    let disk = try #require(TinyDisk()), file = RecordFile(CacheFile(disk.folder.path + "/records"))
    #expect {
      try file.open(reserving: 1_000_000)
    } throws: {
      "\($0)".contains("No space left") && "\($0)".contains("1000000 bytes")
    }
    #expect(disk.folder.contents == [])
  }

  @Test(.enabled(if: TinyDisk.isPermitted))
  func `when the disk becomes full, existing records stay readable and the fault is reported`() throws {
    let disk = try #require(TinyDisk()), file = RecordFile(CacheFile(disk.folder.path + "/records"))
    try file.open(reserving: 0)
    file.appendRecords(0..<20)
    #expect(file.fault == nil)
    let large = [UInt8](repeating: 1, count: 100_000)
    large.withUnsafeBytes { file.append([(key(1000), $0)]) }
    #expect("\(try #require(file.fault))".contains("No space left"))
    file.appendRecords(20..<30)
    let reopened = RecordFile(CacheFile(file.path))
    try reopened.open(reserving: 0)
    #expect(reopened.count == 20 && (0..<20).allSatisfy(reopened.has) && (0..<20).allSatisfy(file.has))
  }

  @Test func `a file in place of the folder is a fault`() throws {
    try writeFile("", to: folder.path + "/file")
    #expect(throws: FileFault.self) { try RecordFile(CacheFile(folder.path + "/file/records")).open(reserving: 0) }
  }
}
