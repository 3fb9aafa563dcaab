/// What several tests of adapters read.
import Files
import Models
import TestSupport

/// The batch whose logits a tiny model's goldens hold.
func goldenBatch(_ model: String, kind: String = "token") throws -> Batch {
  let json = try JSON(path: fixture("\(model)/golden-\(kind).json"))
  func rows(_ key: String) -> [[Int32]]? {
    json[key]?.array?.map { ($0.array ?? []).compactMap { $0.int.map(Int32.init) } }
  }
  var batch = Batch()
  for (index, ids) in (rows("ids") ?? []).enumerated() { batch.append(ids, kinds: rows("types")?[index]) }
  return batch
}
