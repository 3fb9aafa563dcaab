/// The tiny models among the fixtures, and the batches whose logits are known.
import Files
import Kernels
public import Models

/// Two blocks of width 32, five labels.
public func tinyModel(_ name: String = "tiny-bert", kind: HeadType = .tokenClassification, classes: Int = 5) throws
  -> TextModel
{
  try Processor.initialize()
  return try TextModel(folder: fixture(name), kind: kind, classes: classes, reuseHead: true)
}

/// The batch of `golden-token.json`, or of another kind, in the model's folder.
public func goldenBatch(_ name: String = "tiny-bert", kind: String = "token") throws -> Batch {
  let json = try JSON(path: fixture("\(name)/golden-\(kind).json"))
  func rows(_ key: String) -> [[Int32]]? {
    json[key]?.array?.map { ($0.array ?? []).compactMap { $0.int.map(Int32.init) } }
  }
  var batch = Batch()
  for (index, ids) in (rows("ids") ?? []).enumerated() { batch.append(ids, tokenTypeIDs: rows("types")?[index]) }
  return batch
}
