/// Where the records of a table are, and what is asked of all of them before any is read: the hash of its text, its label.
struct TableIndex: Sendable {
  private var offsets: [Int] = []
  private var hashes: [UInt64] = []
  /// The number of each record's one label; empty if records have another form of labels, or too many different ones.
  private var labels: [UInt16] = []
  private var labelNames: [String] = []
  private var labelNumbers: [String: UInt16] = [:]
  private var hasLabels = true
  /// Where the difference of a record's line and its index changes, as it does after a record of several lines.
  private var lineShifts: [(record: Int, shift: Int)] = []

  var count: Int { offsets.count }

  mutating func append(_ record: Record, offset: Int, line: Int) {
    let shift = line - offsets.count
    if lineShifts.last?.shift != shift { lineShifts.append((offsets.count, shift)) }
    offsets.append(offset)
    hashes.append(record.textHash)
    add(record.labels)
  }

  private mutating func add(_ names: [String]) {
    guard hasLabels, names.count == 1 else { return dropLabels() }
    if let number = labelNumbers[names[0]] { return labels.append(number) }
    guard let number = UInt16(exactly: labelNames.count) else { return dropLabels() }
    labelNumbers[names[0]] = number
    labelNames.append(names[0])
    labels.append(number)
  }

  private mutating func dropLabels() { (hasLabels, labels, labelNames, labelNumbers) = (false, [], [], [:]) }

  func offset(of record: Int) -> Int { offsets[record] }
  func textHash(of record: Int) -> UInt64 { hashes[record] }
  /// nil: it must be read.
  func label(of record: Int) -> String? { hasLabels ? labelNames[Int(labels[record])] : nil }

  func line(of record: Int) -> Int {
    record + lineShifts[firstIndex(in: lineShifts) { $0.record > record } - 1].shift
  }
}
