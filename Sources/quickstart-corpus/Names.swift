/// Composes names of drugs, conditions, complaints and people, and divides them among the splits.
import Hashing

/// A name, possibly with an abbreviation that a text can introduce in parentheses.
struct Name: Hashable {
  let text: String
  let abbreviation: String?

  init(_ text: String, abbreviation: String? = nil) {
    self.text = text
    self.abbreviation = abbreviation
  }
}

/// The names of one split. No name, surname, root-and-suffix word or abbreviation is in the pools of two splits.
struct NamePool {
  var drugs: [Name] = []
  /// Conditions that are always a Disease.
  var diseases: [Name] = []
  /// Conditions that are a Disease or an AdverseEvent depending on the sentence, mostly a Disease.
  var conditions: [Name] = []
  /// The same, mostly an AdverseEvent.
  var reactions: [Name] = []
  /// Complaints in common words, mostly an AdverseEvent.
  var complaints: [Name] = []
  var surnames: [String] = []
  var adjectives: [String] = []
  var enzymes: [String] = []

  var all: [Name] { drugs + diseases + conditions + reactions + complaints }
}

/// Makes disjoint name pools for splits of given sizes.
struct NameMaker {
  var rng: SplitMix64
  private var usedNames: Set<String> = []
  private var usedAbbreviations: Set<String> = []

  init(seed: UInt64) { rng = SplitMix64(seed: seed) }

  /// One pool per weight; the weights are percentages.
  mutating func pools(weights: [Int]) -> [NamePool] {
    let cores = partitioned(combinations(Lexicon.roots, Lexicon.diseaseSuffixes), weights)
    let eventCores = partitioned(
      combinations(Lexicon.roots, Lexicon.eventSuffixes).filter { !isDiseaseWord($0) }, weights)
    let surnames = partitioned(combinations(Lexicon.surnameHeads, Lexicon.surnameTails), weights)
    let enzymes = partitioned(combinations(Lexicon.enzymeRoots, Lexicon.enzymeSuffixes), weights)
    let adjectives = partitioned(combinations(Lexicon.roots, Lexicon.adjectiveSuffixes), weights)
    return weights.indices.map { split in
      var pool = NamePool()
      pool.surnames = surnames[split]
      pool.enzymes = enzymes[split]
      pool.adjectives = adjectives[split]
      let size = weights[split] * 9
      pool.drugs = unique(size, abbreviated: false) { $0.drug() }
      pool.diseases = unique(size / 2) { $0.disease(cores[split], surnames[split], enzymes[split]) }
      pool.conditions = unique(size / 2) { $0.condition(cores[split]) }
      pool.reactions = unique(size / 2) { $0.condition(eventCores[split]) }
      pool.complaints = unique(size * 2 / 3) { $0.complaint(enzymes[split]) }
      return pool
    }
  }

  // MARK: Single names

  private mutating func drug() -> String {
    if rng.isTrue(percent: 10) { return "\(letters(rng.number(2...3))) - \(rng.number(100...9999))" }
    var word = rng.pick(Lexicon.drugOnsets)
    for _ in 0..<rng.number(1...2) { word += rng.pick(Lexicon.drugMiddles) }
    word = join(word, rng.pick(Lexicon.drugStems))
    if rng.isTrue(percent: 9) { return "\(word) \(rng.pick(Lexicon.salts))" }
    if rng.isTrue(percent: 4) { return "\(rng.pick(Lexicon.drugForms)) \(word)" }
    return word
  }

  private mutating func disease(_ cores: [String], _ surnames: [String], _ enzymes: [String]) -> String {
    switch rng.below(10) {
    case 0...1: return "\(rng.pick(surnames)) \(rng.pick(Lexicon.eponymHeads))"
    case 2: return "\(rng.pick(surnames)) ' s \(rng.pick(Lexicon.eponymHeads))"
    case 3: return "\(rng.pick(surnames)) - \(rng.pick(surnames)) \(rng.pick(Lexicon.eponymHeads))"
    case 4...5: return "\(rng.pick(enzymes)) deficiency"
    case 6: return "\(rng.pick(Lexicon.grades)) \(rng.pick(cores))"
    case 7: return "\(rng.pick(Lexicon.plainConditions)) of the \(rng.pick(Lexicon.siteNouns))"
    case 8: return "familial \(rng.pick(cores)) syndrome"
    default: return "\(rng.pick(Lexicon.grades)) \(rng.pick(Lexicon.siteAdjectives)) \(rng.pick(cores))"
    }
  }

  private mutating func condition(_ cores: [String]) -> String {
    let core = rng.pick(cores)
    switch rng.below(10) {
    case 0...3: return core
    case 4...6: return "\(rng.pick(Lexicon.courses)) \(core)"
    case 7: return "\(rng.pick(Lexicon.siteAdjectives)) \(core)"
    case 8: return "\(rng.pick(Lexicon.courses)) \(rng.pick(Lexicon.siteAdjectives)) \(core)"
    default:
      return "\(rng.pick(Lexicon.courses)) \(rng.pick(Lexicon.siteAdjectives)) \(rng.pick(Lexicon.plainConditions))"
    }
  }

  private mutating func complaint(_ enzymes: [String]) -> String {
    switch rng.below(10) {
    case 0...4: return "\(rng.pick(Lexicon.complaintSites)) \(rng.pick(Lexicon.complaints))"
    case 5...6:
      let site = rng.pick(Lexicon.complaintSites)
      return "\(rng.pick(Lexicon.complaintStyles)) \(site) \(rng.pick(Lexicon.complaints))"
    case 7: return "\(rng.pick(Lexicon.losses)) \(rng.pick(Lexicon.lostFunctions))"
    case 8: return "\(rng.pick(Lexicon.complaints)) of the \(rng.pick(Lexicon.sides)) \(rng.pick(Lexicon.bodyParts))"
    default: return "\(rng.pick(enzymes)) \(rng.isTrue(percent: 50) ? "elevation" : "increased")"
    }
  }

  // MARK: Helpers

  /// `count` names that are not in any pool yet; fewer if `make` gives too few different ones.
  private mutating func unique(_ count: Int, abbreviated: Bool = true, _ make: (inout NameMaker) -> String) -> [Name] {
    var names: [Name] = []
    for _ in 0..<count * 20 where names.count < count {
      let text = make(&self)
      guard usedNames.insert(text.lowercased()).inserted else { continue }
      names.append(Name(text, abbreviation: abbreviated ? abbreviation(of: text) : nil))
    }
    return names
  }

  /// The initials of a name with at least two words; nil if they are already used by another name.
  private mutating func abbreviation(of text: String) -> String? {
    let words = text.split(separator: " ").filter { ($0.first?.isLetter ?? false) && !["s", "of", "the"].contains($0) }
    guard words.count > 1, let last = words.last, last.count > 7 else { return nil }
    // The second part of a compound gives a letter too: "renal chondrofibrosis" is RCF.
    let innerInitial = last.split(separator: "o").dropFirst().first?.prefix(1) ?? ""
    let initials = (words.map { $0.prefix(1) } + [innerInitial]).joined().uppercased()
    return initials.count > 1 && usedAbbreviations.insert(initials).inserted ? initials : nil
  }

  /// The words in random order, divided in proportion to `weights`.
  private mutating func partitioned(_ words: [String], _ weights: [Int]) -> [[String]] {
    let words = rng.permuted(words)
    var start = 0
    return weights.map { weight in
      let end = min(start + words.count * weight / weights.reduce(0, +), words.count)
      defer { start = end }
      return Array(words[start..<end])
    }
  }

  private mutating func letters(_ count: Int) -> String {
    (0..<count).map { _ in rng.pick(["A", "B", "C", "D", "G", "K", "L", "M", "N", "P", "R", "S", "T", "V", "X", "Z"]) }
      .joined()
  }
}

private func combinations(_ heads: [String], _ tails: [String]) -> [String] {
  heads.flatMap { head in tails.map { join(head, $0) } }
}

private func isDiseaseWord(_ word: String) -> Bool { Lexicon.diseaseSuffixes.contains { word.hasSuffix($0) } }

/// Concatenates morphemes; of two equal adjacent vowels, one is dropped: cardi + itis is carditis.
private func join(_ head: String, _ tail: String) -> String {
  head.last == tail.first && "aeiou".contains(tail.prefix(1)) ? head + tail.dropFirst() : head + tail
}
