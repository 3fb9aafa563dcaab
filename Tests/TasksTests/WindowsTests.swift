/// Splitting of long texts into overlapping windows.
import Testing

@testable import Tasks

/// Words with the given numbers of tokens; ids are consecutive.
private func text(_ sizes: [Int]) -> TokenizedWords {
  var text = TokenizedWords(), next: Int32 = 0
  for size in sizes {
    text.append(word: (0..<size).map { next + Int32($0) })
    next += Int32(size)
  }
  return text
}

@Test func `a short text is one window with all its words`() {
  #expect(splitIntoWindows(text([1, 2, 3]), limit: 6, stride: 2) == [Window(tokens: 0..<6, words: 0..<3)])
}

@Test func `a word belongs to the window where its smaller context is largest`() {
  let windows = splitIntoWindows(text(Array(repeating: 1, count: 10)), limit: 6, stride: 4)
  #expect(windows.map(\.tokens) == [0..<6, 2..<8, 4..<10])
  #expect(windows.map(\.words) == [0..<5, 5..<7, 7..<10])
}

@Test func `a text without tokens is one empty window`() {
  #expect(splitIntoWindows(text([]), limit: 6, stride: 2) == [Window(tokens: 0..<0, words: 0..<0)])
}

@Test func `every word belongs to a window, for random lengths, limits and strides`() {
  var generator = SystemRandomNumberGenerator()
  for _ in 0..<2000 {
    let sizes = (0..<Int.random(in: 1...120, using: &generator)).map { _ in
      Int.random(in: 0...9, using: &generator) == 0
        ? Int.random(in: 1...100, using: &generator) : Int.random(in: 1...4, using: &generator)
    }
    let text = text(sizes), limit = Int.random(in: 6...60, using: &generator)
    let stride = Int.random(in: 0...limit / 2, using: &generator)
    let windows = splitIntoWindows(text, limit: limit, stride: stride)
    #expect(windows.flatMap { Array($0.words) } == Array(sizes.indices), "\(sizes) \(limit) \(stride)")
    for window in windows {
      #expect(window.tokens.count <= limit && window.tokens.upperBound <= text.ids.count)
      #expect(window.words.allSatisfy { window.tokens.contains(text.wordStarts[$0]) }, "\(sizes) \(limit) \(stride)")
    }
  }
}
