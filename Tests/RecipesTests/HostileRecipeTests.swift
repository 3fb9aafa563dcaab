/// Recipes with random changes: each is read or refused with `RecipeFaults`; none crashes.
import Files
import Hashing
import TestSupport
import Testing

@testable import Recipes

private let strange: [JSON] = [
  .null, true, false, 0, -1, 1, .int(.max), .int(.min), 0.5, -0.0, 1e-300, 1e308, .double(.nan), .double(.infinity), "",
  "x", "\0", "/", "//", "a/../..", "(((", "\u{1F9EC}\u{202E}", "all-linear", "lora", "full", "NaN", [], [[]], [.null],
  [1, "x", [:]], [:], ["": 1], ["a": ["b": ["c": 1]]], ["type": "lora"], ["type": 3], ["type": "full", "rank": 1],
  .string(String(repeating: "(", count: 1000)), .string(String(repeating: "a/", count: 30_000)),
  .string(String(repeating: "[a", count: 499)), .array(Array(repeating: 1, count: 5000)),
]

/// `json` with one random change: another value, an added, a removed or a misspelled key.
private func mutate(_ json: JSON, _ rng: inout SplitMix64) -> JSON {
  guard case .object(var members) = json, let key = members.keys.sorted().randomElement(using: &rng) else {
    return rng.pick(strange)
  }
  switch rng.next() % 6 {
  case 0: members[key] = rng.pick(strange)
  case 1: members[key] = nil
  case 2:
    members[rng.pick(["rank", "type", "", "a.b", "path", "epochs", key + "s", String(key.reversed())])] = rng.pick(
      strange)
  case 3: members[key + "x"] = members.removeValue(forKey: key)
  default: members[key] = mutate(members[key] ?? .null, &rng)
  }
  return .object(members)
}

@Test(arguments: [false, true]) func `a thousand hostile recipes are read or refused`(checkFiles: Bool) throws {
  var refused = 0
  for seed in 0..<1000 {
    var rng = SplitMix64(seed: UInt64(seed))
    var json = rng.next() % 2 == 0 ? shipped : rng.pick(randomRecipes)
    for _ in 0...(rng.next() % 5) { json = mutate(json, &rng) }
    do {
      let recipe = try Recipe(json: json, checkFiles: checkFiles)
      #expect(try Recipe(json: recipe.json, checkFiles: checkFiles) == recipe, "seed \(seed)")
    } catch let error as RecipeFaults {
      refused += 1
      #expect(!error.faults.isEmpty && error.json.array?.count == error.faults.count)
      let text = error.description
      #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{202E}" }, "seed \(seed)")
    }
  }
  #expect(refused > 500)
}

@Test func `text with removed, inserted or changed bytes is read or refused`() throws {
  let text = Array(shipped.text().utf8)
  for seed in 0..<1000 {
    var rng = SplitMix64(seed: UInt64(seed))
    var bytes = text
    for _ in 0...(rng.next() % 3) {
      let index = Int.random(in: 0..<bytes.count, using: &rng)
      switch rng.next() % 4 {
      case 0: bytes.remove(at: index)
      case 1: bytes[index] = rng.pick(Array("{}[]\",:\\0-eEtfn\u{1}é ".utf8))
      case 2:
        bytes.insert(contentsOf: rng.pick([Array("1e999".utf8), Array("\\ud800".utf8), [0xFF], [0x22]]), at: index)
      default: bytes.removeLast(bytes.count - max(index, 1))
      }
    }
    do {
      _ = try Recipe(text: String(decoding: bytes, as: UTF8.self), named: "r", checkFiles: false)
    } catch is RecipeFaults {
    } catch is FileFault {}
  }
}

@Test func `hostile overrides are applied or refused`() throws {
  let keys = ["training", "epochs", "method", "target_modules", "0", "99", "-1", "", "data", "x"]
  for seed in 0..<500 {
    var rng = SplitMix64(seed: UInt64(seed))
    let path = (0...Int(rng.next() % 4)).map { _ in rng.pick(keys) }.joined(separator: ".")
    let value = rng.pick(strange).text(pretty: false)
    let override = rng.pick(["\(path)=\(value)", path, "=\(value)", "\(path)==", "\(path)={", "\(path)=["])
    do {
      _ = try Recipe(json: shipped, overrides: [override], checkFiles: false)
    } catch is RecipeFaults {}
  }
}

@Test func `very long keys and paths are refused quickly and with short messages`() throws {
  let long = String(repeating: "a/", count: 200_000)
  let json = minimalRecipe.with("training", [long: 1]).with("data.train", .string(long)).with(
    "model.path", .string("/" + long))
  let clock = ContinuousClock()
  var found: [String] = []
  let time = try clock.measure { found = try faults(json, checkFiles: true) }
  #expect(found.count == 3 && found.allSatisfy { $0.utf8.count < 1000 })
  #expect(time < .seconds(2))
}
