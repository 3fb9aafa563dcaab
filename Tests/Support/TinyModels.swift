package import Encoders
/// The tiny models among the fixtures, and the batches of their golden logits.
import Files
import Kernels

/// A model with two blocks, hidden size 32 and by default five classes.
package func tinyModel(_ name: String = "tiny-bert", headType: HeadType = .tokenClassification, classes: Int = 5) throws
  -> TextModel
{
  try Processor.initialize()
  return try TextModel(folder: fixture(name), headType: headType, classes: classes, reuseHead: true)
}

/// The batch of `golden-<golden>.json` in the model's folder.
package func goldenBatch(_ name: String = "tiny-bert", golden: String = "token") throws -> Batch {
  let json = try JSON(path: fixture("\(name)/golden-\(golden).json"))
  func rows(_ key: String) -> [[Int32]]? {
    json[key]?.array?.map { ($0.array ?? []).compactMap { $0.int.map(Int32.init) } }
  }
  var batch = Batch()
  for (index, ids) in (rows("ids") ?? []).enumerated() { batch.append(ids, tokenTypeIDs: rows("types")?[index]) }
  return batch
}
