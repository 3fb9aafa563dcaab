/// Where the records of a table are.
struct TableIndex: Sendable {
  private var offsets: [Int] = []
  /// Where the difference of a record's line and its index changes, as it does after a record of several lines.
  private var lineShifts: [(record: Int, shift: Int)] = []

  var count: Int { offsets.count }

  mutating func append(offset: Int, line: Int) {
    let shift = line - offsets.count
    if lineShifts.last?.shift != shift { lineShifts.append((offsets.count, shift)) }
    offsets.append(offset)
  }

  func offset(of record: Int) -> Int { offsets[record] }

  func line(of record: Int) -> Int {
    record + lineShifts[firstIndex(in: lineShifts) { $0.record > record } - 1].shift
  }
}
