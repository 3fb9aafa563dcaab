import Datasets
import Encoders
import Files
import Tasks
import TestSupport
import Testing
import Tokenization

/// The words that tokens belong to have the tokens' characters.
@Suite struct WordMapTests {
  private func tokenizer(_ maxLength: Int) throws -> TextTokenizer {
    let folder = repository + "/checkpoints/biomed-mini-l3"
    return try TextTokenizer(
      loadTokenizer(folder: folder, .init()), ModelConfig(folder: folder), maxLength: maxLength, stride: 3)
  }

  private func expectWords(_ task: some ExplainableInference, _ record: Record, _ tokenizer: TextTokenizer) {
    let map = task.wordMap(record, tokenizer), encoded = task.encode(record, tokenizer)
    #expect(map.tokens.map(\.count) == encoded.features.map(\.ids.count))
    let special = Set(tokenizer.tokenizer.specialTokenIDs)
    for (feature, tokens) in zip(encoded.features, map.tokens) {
      for (id, word) in zip(feature.ids, tokens) {
        let token = tokenizer.tokenizer.tokens[Int(id)]
        if id == tokenizer.tokenizer.unk { continue }
        #expect((word == nil) == special.contains(id))
        guard let word else { continue }
        let part = token.hasPrefix("##") ? String(token.dropFirst(2)) : token
        #expect(map.string(map.words[word]).lowercased().contains(part), "\(token)")
      }
    }
    // In order.
    for tokens in map.tokens {
      let words = tokens.compactMap { $0 }
      #expect(zip(words, words.dropFirst()).allSatisfy { map.words[$0].text != map.words[$1].text || $0 <= $1 })
    }
  }

  @Test(arguments: [8, 12, 64])
  func `of texts, pairs, words and questions, in windows`(maxLength: Int) throws {
    let tokenizer = try tokenizer(maxLength)
    let first = "Patients (n=12) with hyperlipoproteinemia were treated.", second = " the dose was 4 mg/kg twice daily"
    for longText in LongText.allCases {
      let task = SequenceClassification(labels: ["a", "b"], reading: TextReading(longText: longText))
      expectWords(task, Record(id: "1", texts: [first]), tokenizer)
      expectWords(task, Record(id: "1", texts: [first, second]), tokenizer)
    }
    for rule in WordSplitting.allCases {
      let task = try TokenClassification(labels: ["O", "B-A", "I-A"], splitWords: rule)
      expectWords(task, Record(id: "1", texts: [first]), tokenizer)
      expectWords(task, Record(id: "1", words: ["Patients", "(n=12)", "were", "treated"]), tokenizer)
    }
    expectWords(ExtractiveQA(labels: []), Record(id: "1", texts: [" what dose was it?", first + second]), tokenizer)
  }
}
