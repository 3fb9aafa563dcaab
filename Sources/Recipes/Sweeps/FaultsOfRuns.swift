/// The faults of many runs, each distinct fault once.

struct FaultsOfRuns {
  private var found: [(fault: RecipeFault, runs: [String])] = []

  var isEmpty: Bool { found.isEmpty }

  mutating func add(_ faults: [RecipeFault], of run: String) {
    for fault in faults {
      if let index = found.firstIndex(where: { $0.fault == fault }) {
        found[index].runs.append(run)
      } else {
        found.append((fault, [run]))
      }
    }
  }

  /// Each fault with its runs; without runs if all of them have it.
  func faults(ofAll count: Int) -> [RecipeFault] {
    found.map { fault, runs in
      var fault = fault
      fault.runs = runs.count == count ? [] : runs
      return fault
    }
  }
}
