import Files
import FoundationEssentials
import Hashing
import Testing

@testable import Tokenizers

/// `bytes` with a few of them cut, flipped, dropped or doubled.
private func damaged(_ bytes: [UInt8], _ generator: inout SplitMix64) -> [UInt8] {
  var bytes = bytes
  for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
    let at = Int.random(in: bytes.indices, using: &generator)
    let end = min(bytes.count, at + Int.random(in: 1...40, using: &generator))
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: bytes.removeSubrange(at...)
    case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 2: bytes.removeSubrange(at..<end)
    case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
    default: bytes[at] = UInt8.random(in: .min ... .max, using: &generator)
    }
  }
  return bytes
}

@Test(arguments: ["tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"])
func `a damaged file loads or throws, and never traps`(_ name: String) throws {
  var generator = SplitMix64(seed: 20)
  var loaded = 0
  try withFolder { folder in
    try WordPiece(vocabulary: small + ["\u{1F600}", "\"\\\n"], lowercase: true).save(to: folder)
    if !fileExists("\(folder)/vocab.txt") {
      try writeFile(small.joined(separator: "\n"), to: "\(folder)/vocab.txt")
    }
    if name != "tokenizer.json" { try FileManager.default.removeItem(atPath: "\(folder)/tokenizer.json") }
    let sound = [UInt8](try readFile("\(folder)/\(name)"))
    for _ in 0..<400 {
      // Not `writeFile`, which waits for the disk.
      try Data(damaged(sound, &generator)).write(to: URL(filePath: "\(folder)/\(name)"))
      guard let tokenizer = try? WordPiece(folder: folder) else { continue }
      loaded += 1
      let encoding = tokenizer.encode("[CLS] Hepatitis é-\u{1F600} [MASK]", specials: true)
      #expect(encoding.ids.allSatisfy { 0..<Int32(tokenizer.count) ~= $0 })
    }
  }
  #expect(loaded > 0)
}
