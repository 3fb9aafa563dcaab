/// `tune predict` as a filter: answers as lines arrive, what a bad line does, and lines of any length.
import Files
import Foundation
import Testing

/// A program with a trained adapter.
private func trained() throws -> (program: Program, arguments: [String]) {
  let program = try Program()
  try #require(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
  return (program, ["predict", "base", "--adapter", "x=run/adapter"])
}

@Test func `each line is answered before the next one is written`() throws {
  let (program, arguments) = try trained()
  defer { program.remove() }
  let (process, input, output) = (Process(), Pipe(), Pipe())
  process.executableURL = URL(fileURLWithPath: Program.path)
  process.arguments = arguments + ["-"]
  process.currentDirectoryURL = URL(fileURLWithPath: program.folder)
  (process.standardInput, process.standardOutput) = (input, output)
  try process.run()
  for number in 0..<5 {
    input.fileHandleForWriting.write(Data("a b \(number)\n".utf8))
    var answer = Data()
    while answer.last != UInt8(ascii: "\n") {
      let data = output.fileHandleForReading.availableData
      try #require(!data.isEmpty)
      answer += data
    }
    #expect(try JSON(parsing: answer, named: "answer")["text"] == .string("a b \(number)"))
  }
  try input.fileHandleForWriting.close()
  process.waitUntilExit()
  #expect(process.terminationStatus == 0)
}

@Test func `a bad line is an error after the answers before it, or a row`() throws {
  let (program, arguments) = try trained()
  defer { program.remove() }
  try writeFile("a\n{\"text\": 1}\nb\n{\nc\n", to: program.folder + "/lines.txt")
  let stopped = try program.run(arguments + ["lines.txt"])
  #expect(stopped.status == 1 && stopped.err.contains("lines.txt:2: "), "\(stopped.err)")
  #expect(stopped.out.split(separator: "\n").count == 1 && stopped.out.hasPrefix("{\"text\":\"a\""))
  let going = try program.run(arguments + ["lines.txt", "--keep-going"])
  let rows = try going.out.split(separator: "\n").map { try JSON(parsing: Data($0.utf8), named: "row") }
  #expect(going.status == 1 && going.err.contains("2 lines have no prediction"), "\(going.err)")
  #expect(rows.map { $0["error"] != nil } == [false, true, false, true, false])
  #expect(rows[3]["error"]?.string?.contains("lines.txt:4") == true)
}

/// Words, and one word: twice the length may take little more than twice the time.
@Test(arguments: ["a b c d ", "abcdefgh"]) func `the time for a line grows linearly with its length`(
  _ part: String
) throws {
  let (program, arguments) = try trained()
  defer { program.remove() }
  func seconds(_ size: Int) throws -> Double {
    let text = String(repeating: part, count: size / part.utf8.count)
    try writeFile(text + "\n", to: program.folder + "/long.txt")
    let begin = ContinuousClock.now, result = try program.run(arguments + ["long.txt"])
    #expect(result.status == 0 && result.out.hasPrefix("{\"text\":\"\(part)"), "\(result.err)")
    return (ContinuousClock.now - begin) / .seconds(1)
  }
  let start = try seconds(8), short = try seconds(1 << 17), long = try seconds(1 << 18)
  #expect(long - start < 4 * max(short - start, 0.1), "\(start) \(short) \(long)")
}
