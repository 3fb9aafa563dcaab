import Adapters
import Autograd
import Encoders
import Files
import Kernels
import Tasks
import TestSupport
import Testing

@testable import Explaining

/// Against explanations.json, by captum and PyTorch (Tests/Fixtures/explaining/make_explanations.py).
@Suite struct ReferenceTests {
  @Test(arguments: try JSON(path: fixture("explaining/explanations.json")).array ?? [])
  func `attributions are captum's`(reference: JSON) throws {
    let feature = try feature(reference), workspace = Workspace()
    func close(_ found: [Double], _ key: String) {
      let expected = numbers(reference[key])
      let error = relativeError(found.map { Float($0) }, expected.map { Float($0) })
      #expect(error < 1e-5, "\(key): \(found), expected \(expected)")
    }
    let baseline = numbers(reference["baseline"]).map { Int32($0) }
    let integrated = feature.integratedGradients(steps: 50, baseline: baseline, workspace)
    close(integrated.attributions, "integrated_gradients")
    let ends = [integrated.value, integrated.baselineValue]
    #expect(abs(ends[0] - (reference["value"]?.number ?? .nan)) < 1e-5)
    #expect(abs(ends[1] - (reference["baseline_value"]?.number ?? .nan)) < 1e-5)
    close(feature.gradientXInput(workspace).attributions, "gradient_x_input")
    close(feature.attentionRollout(workspace), "attention_rollout")
    let sequences = ExplainedSequences(
      features: [feature], tokens: [[nil] + (0..<feature.count - 2).map { $0 } + [nil]], words: feature.count - 2,
      mask: Int32(reference["mask"]?.int ?? 0))
    let expected = numbers(reference["leave_one_out"]), found = sequences.leaveOneOut(workspace).scores
    #expect(relativeError(found.map { Float($0) }, expected.map { Float($0) }) < 1e-5)
  }

  private func feature(_ reference: JSON) throws -> ExplainedFeature {
    try Processor.initialize()
    let folder = fixture(reference["model"]?.string ?? "")
    let isSequence = folder.hasSuffix("sequence")
    let model = try TextModel(
      folder: folder, headType: isSequence ? .sequenceClassification : .tokenClassification,
      classes: ModelConfig(folder: folder).labels.count, reuseHead: true)
    #expect(model.newlyInitialized.isEmpty)
    let path = reference["adapter"]?.string.map { name in
      name.hasPrefix("adapters/") ? fixture(name) : folder + "/" + name
    }
    let adapter = try path.map { try Adapter(folder: $0, on: model) }
    let ids = numbers(reference["ids"]).map { Int32($0) }
    let row = reference["row"]?.int ?? 0
    return ExplainedFeature(
      model: model, adapters: adapter.map { RowAdapters($0.set) } ?? .none,
      features: Features(ids: ids, targets: .classes(isSequence ? [-1] : ids.map { _ in -1 })),
      terms: [.init(feature: 0, row: row, output: reference["output"]?.int ?? 0, weight: 1)], activation: .softmax)
  }

  private func numbers(_ json: JSON?) -> [Double] { (json?.array ?? []).compactMap(\.number) }
}
