/// Damaged tokenizer files must load or throw, never crash.
import Files
import FoundationEssentials
import Hashing
import Testing

@testable import Tokenization

/// `bytes` with one to three random changes: truncated, a bit flipped, bytes removed, duplicated or overwritten.
func damaged(_ bytes: [UInt8], _ generator: inout SplitMix64) -> [UInt8] {
  var bytes = bytes
  for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
    let start = Int.random(in: bytes.indices, using: &generator)
    let end = min(bytes.count, start + Int.random(in: 1...40, using: &generator))
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: bytes.removeSubrange(start...)
    case 1: bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 2: bytes.removeSubrange(start..<end)
    case 3: bytes.insert(contentsOf: bytes[start..<end], at: start)
    default: bytes[start] = UInt8.random(in: .min ... .max, using: &generator)
    }
  }
  return bytes
}

/// Damages the file `name` of a tokenizer's folder again and again, and encodes `text` with every tokenizer that `load`
/// still reads.
/// - Returns: how many those are.
func loadDamaged(
  _ name: String, in folder: String, times: Int, seed: UInt64, text: String, _ load: () throws -> any Tokenizer
) throws -> Int {
  var generator = SplitMix64(seed: seed)
  if name != "tokenizer.json" { try FileManager.default.removeItem(atPath: "\(folder)/tokenizer.json") }
  let original = [UInt8](try readFile("\(folder)/\(name)"))
  var loaded = 0
  for _ in 0..<times {
    // Not `writeFile`, which syncs to disk.
    try Data(damaged(original, &generator)).write(to: URL(filePath: "\(folder)/\(name)"))
    guard let tokenizer = try? load() else { continue }
    loaded += 1
    let encoding = tokenizer.encode(text, addSpecialTokens: true)
    #expect(encoding.ids.allSatisfy { 0..<Int32(tokenizer.count) ~= $0 })
  }
  return loaded
}

@Test(arguments: ["tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"])
func `a damaged file loads or throws, and never crashes`(_ name: String) throws {
  try withFolder { folder in
    try WordPiece(vocabulary: small + ["\u{1F600}", "\"\\\n"], lowercase: true).save(to: folder)
    if !fileExists("\(folder)/vocab.txt") {
      try writeFile(small.joined(separator: "\n"), to: "\(folder)/vocab.txt")
    }
    let loaded = try loadDamaged(
      name, in: folder, times: 400, seed: 20, text: "[CLS] Hepatitis é-\u{1F600} [MASK]"
    ) { try WordPiece(folder: folder) }
    #expect(loaded > 0)
  }
}
