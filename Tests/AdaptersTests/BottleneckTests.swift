/// Bottleneck adapters against the `adapters` library: logits of its folders, saved files, parameter counts.
import Autograd
import Checkpoints
import Encoders
import Files
import TestSupport
import Testing

@testable import Adapters

private let folders = ["houlsby-start", "houlsby-final", "pfeiffer-start", "pfeiffer-final", "houlsby-distilbert"]

private func model(for folder: String) throws -> (model: TextModel, batch: Batch) {
  let base = folder.hasSuffix("distilbert") ? "tiny-distilbert" : "tiny-bert"
  return (try tinyModel(base), try goldenBatch(base))
}

@Suite struct BottleneckTests {
  @Test(arguments: folders)
  func `an adapter of the library gives its logits, and the base's bits stay the same`(
    _ name: String
  ) throws {
    let (model, batch) = try model(for: name)
    let golden = try Checkpoint(file: fixture("adapters/bottlenecks.safetensors"))
    let before = model(batch, Pass(Workspace())).array
    let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: model)
    let found = model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array
    #expect(relativeError(found, try golden.array("logits.\(name)")) < 1e-5)
    #expect(relativeError(found, before) > 1e-2)
    #expect(model(batch, Pass(Workspace())).array == before)
  }

  @Test(arguments: folders)
  func `a loaded adapter is saved to the same four files`(_ name: String) throws {
    let (model, _) = try model(for: name)
    let folder = TemporaryFolder(), source = fixture("adapters/\(name)")
    let base = name.hasSuffix("distilbert") ? "tiny-distilbert" : "tiny-bert"
    try Adapter(folder: source, on: model).save(to: folder.path, base: base, head: .tokenClassification)
    for file in ["adapter.safetensors", "model_head.safetensors"] {
      let (ours, theirs) = (try Checkpoint(file: folder.path + "/" + file), try Checkpoint(file: source + "/" + file))
      #expect(ours.names == theirs.names)
      for tensor in theirs.names { #expect(try ours.array(tensor) == theirs.array(tensor), "\(tensor)") }
    }
    #expect(try JSON(path: folder.path + "/adapter_config.json") == JSON(path: source + "/adapter_config.json"))
    var head = try JSON(path: source + "/head_config.json").object ?? [:]
    head["label2id"] = nil  // Label names are in tune.json.
    #expect(try JSON(path: folder.path + "/head_config.json") == .object(head))
  }

  @Test(arguments: [(BottleneckConfig.houlsby, 2 * 12 * 74_544), (.pfeiffer, 12 * 74_544)])
  func `parameter counts on BERT-base are the library's`(_ config: BottleneckConfig, _ count: Int) throws {
    let bottleneck = Bottleneck("", hiddenSize: 768, config)
    #expect(config.bottleneckSize(hiddenSize: 768) == 48)
    let perBlock = (config.hasAttentionAdapter ? 1 : 0) + (config.hasOutputAdapter ? 1 : 0)
    #expect(12 * perBlock * bottleneck.parameters.reduce(0) { $0 + $1.count } == count)
  }

  @Test func `an error lists all unsupported settings of a file`() throws {
    let (model, _) = try model(for: "houlsby-start"), folder = TemporaryFolder()
    var json = try JSON(path: fixture("adapters/houlsby-start/adapter_config.json")).object ?? [:]
    var config = json["config"]?.object ?? [:]
    config["ln_after"] = true
    config["residual_before_ln"] = "post_add"
    config["scaling"] = "learned"
    config["reduction_factor"] = ["1": 8, "default": 16]
    config["non_linearity"] = "leakyrelu"
    json["config"] = .object(config)
    try writeFile(JSON.object(json).text(), to: folder.path + "/adapter_config.json")
    let fault = #expect(throws: AdapterFault.self) { try Adapter(folder: folder.path, on: model) }
    for key in ["ln_after", "residual_before_ln", "scaling", "reduction_factor", "non_linearity"] {
      #expect("\(fault!)".contains("'\(key)'"), "\(key)")
    }
  }

  @Test func `leave_out may not list missing layers, nor all layers`() throws {
    let (model, _) = try model(for: "houlsby-start")
    var config = BottleneckConfig.pfeiffer
    config.leaveOut = [0]
    #expect(try Adapter(config, on: model, seed: 1).trainable.count == 4 + 2)
    for layers in [[0, 2], [0, 1]] {
      config.leaveOut = layers
      #expect(throws: LeftOutFault.self) { try Adapter(config, on: model, seed: 1) }
    }
  }
}
