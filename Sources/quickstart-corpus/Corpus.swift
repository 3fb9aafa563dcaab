/// The quick-start corpus: three splits of tagged sentences, made of frames and composed names. Does not write files.
///
/// All text is original. About 200 sentence frames in the registers of clinical notes, abstracts, case reports, trials
/// and drug safety are filled with names composed of morphemes. To require generalization, no name in dev or test is in
/// train, a quarter of the frames occur in test only, half of the conditions can be a Disease or an AdverseEvent
/// depending on the sentence, and similar-looking amounts, adjectives, drug classes and surnames are not entities.
/// The same seed gives the same bytes on every machine.
import Hashing

struct Corpus {
  let train: [TaggedWords]
  let dev: [TaggedWords]
  let test: [TaggedWords]
  let pools: [NamePool]
  /// Frames that occur in the test split only.
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

/// CoNLL text: one word and its tag per line, separated by a tab; a blank line after each sentence.
func conll(_ sentences: [TaggedWords]) -> String {
  var text = ""
  for sentence in sentences {
    for (word, tag) in zip(sentence.words, sentence.tags) { text += "\(word)\t\(tag)\n" }
    text += "\n"
  }
  return text
}

/// `count` sentences that are not in `seen`. Every frame is used once before any is used again.
private func sentences(
  _ count: Int, _ frames: [String], _ names: NamePool, seed: UInt64, _ seen: inout Set<[String]>
) -> [TaggedWords] {
  var rng = SplitMix64(seed: seed)
  var maker = SentenceMaker(seed: rng.next(), names: names)
  var sentences: [TaggedWords] = [], remainingFrames: [String] = []
  var attempts = 0
  while sentences.count < count, attempts < count * 10 {
    if remainingFrames.isEmpty { remainingFrames = rng.permuted(frames) }
    let sentence = maker.sentence(from: remainingFrames.removeLast())
    attempts += 1
    if seen.insert(sentence.words).inserted { sentences.append(sentence) }
  }
  return sentences
}
