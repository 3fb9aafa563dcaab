/// Tests that NaN in a base or an adapter is named with its file and tensor.
import Checkpoints
import Files
import Serving
import TestSupport
import Testing

@Suite struct DamagedWeightsTests {
  private func fault(_ copy: BaseCopy) throws -> String {
    do {
      _ = try AdapterPool(folder: copy.base, adapters: [("a", copy.adapter)], withBase: false, anyBase: true)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [(Float.nan, "NaN"), (.infinity, "infinity"), (-.infinity, "-infinity")])
  func `a base's weight that is not finite is named`(_ value: Float, _ name: String) throws {
    let copy = try BaseCopy(of: "tiny-bert", methods[0].method), tensor = "bert.encoder.layer.1.output.dense.weight"
    try copy.changeWeights { if $0 == tensor { $1[64 + 3] = value } }
    #expect(
      try fault(copy).hasPrefix("\(copy.base)/model.safetensors: the weight '\(tensor)' has \(name) at [1, 3];"))
  }

  @Test func `NaN in a weight that the model does not use is no error`() throws {
    let copy = try BaseCopy(of: "tiny-bert-sequence", methods[0].method)
    try copy.changeWeights { if $0.contains("pooler") { $1[0] = .nan } }
    let found = try fault(copy)
    #expect(found == "")
  }

  @Test func `an adapter's tensor that is not finite is named`() throws {
    for (_, method) in methods {
      let copy = try BaseCopy(of: "tiny-bert", method), file = copy.adapter + "/adapter_model.safetensors"
      let checkpoint = try Checkpoint(file: file), name = try #require(checkpoint.names.last)
      var bytes = try readFile(file)
      let end = bytes.count
      // The last number of the file, as Float32: 0x7FC00000.
      bytes.replaceSubrange(end - 4..<end, with: [0x00, 0x00, 0xC0, 0x7F])
      try writeFile(bytes, to: file)
      #expect(try fault(copy).hasPrefix("\(file): the weight '\(name)' has NaN at "))
    }
  }
}
