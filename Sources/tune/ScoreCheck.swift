import Encoders
/// Whether an adapter's scores are those that its run has recorded.
import Files
import Reporting
import Runs
import Serving
import Tasks

struct ScoreCheck {
  /// In place of the run's own; empty: those of its recipe.
  let files: [String]
  let tolerance: Double
  let threads: Int

  struct Result {
    let check: AdapterVerification.Check
    /// The metrics, recorded and found; nil: none was computed.
    var json: JSON?
  }

  /// - Parameter member: nil: the adapter cannot be used.
  func result(of member: Member?, _ folder: String, base: String) -> Result {
    guard let member else { return skipped("the adapter cannot be used") }
    do { return try evaluate(member, folder, base: base) } catch {
      return Result(check: .init("score", .failed, "\(error)"))
    }
  }

  private func evaluate(_ member: Member, _ folder: String, base: String) throws -> Result {
    if let missing = files.first(where: { !fileExists($0) }) { throw FileFault.missing(path: missing) }
    let recorded = try RecordedScores(adapter: folder, files: files)
    if files.isEmpty {
      guard let recorded else {
        return skipped("no score is recorded: the adapter is not in the folder of its run, with result.json")
      }
      if recorded.lacksTest {
        return Result(
          check: .init(
            "score", .failed, "result.json has no scores of test, whose files recipe.json names; give files with --data"
          ))
      }
      if recorded.isPart { return skipped("the run's \(recorded.split.rawValue) records are a part of their files") }
      if let missing = recorded.files.first(where: { !fileExists($0) }) {
        return skipped("'\(missing)', by recipe.json, is not here; give it with --data")
      }
      if recorded.digests == nil { return skipped("the run recorded no digests of its files; give them with --data") }
    }
    let files = files.isEmpty ? recorded?.files ?? [] : files
    let evaluation = try FileEvaluation(
      files, of: FolderTask(folder, base: base, ModelConfig(folder: base)), threads: threads)
    let isTheirs = try recorded?.areTheirs(files) ?? false
    if self.files.isEmpty, !isTheirs {
      return skipped("\(names(files)): changed since the run, by SHA-256; give the run's files with --data")
    }
    guard let found = try evaluation.evaluate(evaluation.read(for: member).0, member) else {
      return skipped("\(names(files)): nothing to score")
    }
    guard let recorded else {
      return Result(
        check: .init(
          "score", .skipped,
          "no score is recorded; on \(names(files)): \(metricsLine(found.json, nil, of: TaskType(of: member.task)))"),
        json: nil)
    }
    return compare(
      found, recorded, names(files) + (isTheirs ? "" : ", which are not the run's by their SHA-256"), member)
  }

  private func compare(
    _ found: Evaluation, _ recorded: RecordedScores, _ files: String, _ member: Member
  ) -> Result {
    let names = [Metric.loss.name] + TaskType(of: member.task).inference.metrics.filter(\.isHeadline).map(\.name)
    let scores = names.reduce(into: [(name: String, old: Double, new: Double)]()) { scores, name in
      guard let old = recorded.metrics[name]?.number, let new = found.values[name] else { return }
      if !scores.contains(where: { $0.name == name }) { scores.append((name, old, new)) }
    }
    let missing = names.filter { name in found.values[name] != nil && recorded.metrics[name]?.number == nil }
    // NaN is a failure.
    let isSame = missing.isEmpty && scores.allSatisfy { abs($0.new - $0.old) <= tolerance * max(1, abs($0.old)) }
    let texts =
      scores.map {
        "\($0.name) \(fixed($0.old, 4)), again \(fixed($0.new, 4)), difference \(fixed($0.new - $0.old, 6))"
      }
      + missing.map { name in
        let other = recorded.metrics[name].map { ": \($0.text(pretty: false).prefix(60)), expected a number" }
        return "\(name): not in result.json" + (other ?? "")
      }
    let json = scores.map { score -> (String, JSON) in
      (
        score.name,
        ["recorded": .double(score.old), "found": .double(score.new), "difference": .double(score.new - score.old)]
      )
    }
    return Result(
      check: .init(
        "score", isSame ? .ok : .failed,
        "\(recorded.split.rawValue), on \(files); tolerance \(tolerance)\n" + texts.joined(separator: "\n")),
      json: .object(Dictionary(json) { first, _ in first }))
  }

  private func names(_ files: [String]) -> String { files.map(lastPathComponent).joined(separator: ", ") }

  private func skipped(_ why: String) -> Result { Result(check: .init("score", .skipped, why)) }
}
