/// The quick-start corpus: three splits of tagged sentences, made from frames and composed names. Writes no files.
///
/// Everything is of the project's own making. About 200 sentence frames in the registers of clinical notes, abstracts,
/// case reports, trials and drug safety are filled with names composed of morphemes. What makes it a test of learning:
/// no name of dev or test stands in train, a quarter of the frames stand in test alone, half of the mentioned
/// conditions can be a Disease or an AdverseEvent (the sentence decides), and amounts, adjectives, drug classes and family names of the same
/// shapes are no entities. The same seed gives the same bytes on every machine.
import Hashing

struct Corpus {
  let train: [TaggedWords]
  let dev: [TaggedWords]
  let test: [TaggedWords]
  let pools: [NamePool]
  /// Frames of the test split alone.
  let heldOut: [String]

  init(seed: UInt64, sizes: (train: Int, dev: Int, test: Int) = (2400, 400, 600)) {
    var rng = SplitMix64(seed: seed)
    var maker = NameMaker(seed: rng.next())
    pools = maker.pools(weights: [60, 15, 25])
    let frames = rng.permuted(Frames.all)
    heldOut = Array(frames.prefix(frames.count / 4))
    let shared = Array(frames.dropFirst(frames.count / 4))
    var seen: Set<[String]> = []
    train = sentences(sizes.train, shared, pools[0], seed: rng.next(), &seen)
    dev = sentences(sizes.dev, shared, pools[1], seed: rng.next(), &seen)
    test = sentences(sizes.test, frames, pools[2], seed: rng.next(), &seen)
  }
}

/// CoNLL text: word, tab, tag; a blank line after each sentence.
func conll(_ sentences: [TaggedWords]) -> String {
  var text = ""
  for sentence in sentences {
    for (word, tag) in zip(sentence.words, sentence.tags) { text += "\(word)\t\(tag)\n" }
    text += "\n"
  }
  return text
}

/// `count` sentences, none of which was seen before; every frame has its turn before any has the next.
private func sentences(
  _ count: Int, _ frames: [String], _ names: NamePool, seed: UInt64, _ seen: inout Set<[String]>
) -> [TaggedWords] {
  var order = SplitMix64(seed: seed)
  var maker = SentenceMaker(seed: order.next(), names: names)
  var sentences: [TaggedWords] = [], turn: [String] = []
  var tries = 0
  while sentences.count < count, tries < count * 10 {
    if turn.isEmpty { turn = order.permuted(frames) }
    let sentence = maker.sentence(from: turn.removeLast())
    tries += 1
    if seen.insert(sentence.words).inserted { sentences.append(sentence) }
  }
  return sentences
}
