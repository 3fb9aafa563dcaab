/// The sections of a report about the run as a whole.
import Files
import Pages
import Tasks

extension ReportedRun {
  var summary: PageSection {
    var rows: [(name: String, value: String)] = []
    func add(_ name: String, _ value: String?) { if let value { rows.append((name, value)) } }
    add("about", record.recipe["about"]?.string)
    add("task", tasks)
    add("base", record.values["base"]?.string)
    add("method", record.recipe["method"]?["type"]?.string)
    if let trained = result["trainable_parameters"]?.number, let all = result["total_parameters"]?.number, all > 0 {
      add("trainable parameters", "\(Int(trained)) of \(Int(all)) (\(fixed(100 * trained / all, 2)) %)")
    }
    add("status", record.status + (record.why.map { ": " + $0 } ?? ""))
    for part in parts {
      guard let split, let metrics = metrics(part, split) else { continue }
      for metric in part.headline {
        guard let value = metrics[metric.name]?.number else { continue }
        add(part.titled("\(split.rawValue) \(metric.name)"), scoreText(value, interval(metric.name, part, split)))
      }
    }
    if parts.isEmpty {
      for split in ["dev", "test"] {
        for (name, value) in result["metrics"]?[split]?.object?.sorted(by: { $0.key < $1.key }) ?? [] {
          add("\(split) \(name)", value.number.map { fixed($0, 4) })
        }
      }
    }
    return PageSection("Summary", [.list(rows)] + (parts.isEmpty ? [] : [.paragraph(intervalRule)]))
  }

  private var tasks: String? {
    if let tasks = record.recipe["multi_task"]?["tasks"]?.object {
      return tasks.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value["task"]?["type"]?.string ?? "")" }
        .joined(separator: ", ")
    }
    return record.recipe["task"]?["type"]?.string
  }

  private var intervalRule: String {
    let unit = parts.contains { $0.scored.isByDocument } ? "documents" : "records"
    return "In brackets: 95 % bootstrap intervals, from \(bootstrap.resamples) resamples of \(unit), seed "
      + "\(bootstrap.seed). They say how much a score would vary with other test data, not with another seed of the training."
  }

  /// Loss and score by step; nil: nothing was logged.
  var curves: PageSection? {
    let loss = points("step") { $0["loss"]?.number }, devLoss = devPoints("loss")
    if loss.isEmpty, devLoss.isEmpty { return nil }
    let losses = [Plot.Series("train", loss)] + (devLoss.isEmpty ? [] : [Plot.Series("dev", devLoss, .dashed)])
    var blocks: [Block] = []
    if losses.contains(where: { $0.points.count > 1 }) {
      let values = losses.flatMap { $0.points.map(\.y) }, low = min(0, values.min() ?? 0), high = values.max() ?? 0
      blocks.append(
        .plot(
          Plot("loss", title: "Loss", x: "step", y: "loss", yRange: low < high ? low...high : nil, losses)))
    } else {
      let last = losses.compactMap { series in series.points.last.map { "\(series.name) \(fixed($0.y, 4))" } }
      blocks.append(.paragraph("One loss, after the last step: \(last.joined(separator: ", ")). A curve needs two."))
    }
    let scores = bestMetric.map(devPoints) ?? []
    if let bestMetric, scores.count > 1 {
      let series = [Plot.Series(bestMetric, scores)]
      blocks.append(
        .plot(Plot("dev-\(bestMetric)", title: "\(bestMetric) on dev", x: "step", y: bestMetric, series)))
    }
    if let best = result["best"], let step = best["step"]?.int, let value = best["value"]?.number {
      blocks.append(
        .paragraph(
          "The weights are those after step \(step), with the best \(best["metric"]?.string ?? "score") on dev, "
            + "\(fixed(value, 4))."))
    }
    return PageSection("Learning curves", blocks)
  }

  /// The metric that chose the weights; nil: the loss, or none.
  var bestMetric: String? {
    let metric =
      result["best"]?["metric"]?.string ?? record.recipe["training"]?["metric_for_best_model"]?.string
    return metric == "loss" ? nil : metric
  }

  /// A metric on dev by step.
  func devPoints(_ metric: String) -> [(x: Double, y: Double)] {
    points("evaluation") { $0["split"] == "dev" ? $0["metrics"]?[metric]?.number : nil }
  }

  private func points(_ event: String, _ value: (JSON) -> Double?) -> [(x: Double, y: Double)] {
    thinned(
      log.filter { $0["event"]?.string == event }.compactMap { line in
        line["step"]?.number.flatMap { step in value(line).map { (step, $0) } }
      })
  }

  /// What the figures depend on.
  var details: [PageSection] {
    func rows(_ names: [(key: String, name: String)]) -> [(name: String, value: String)] {
      names.compactMap { key, name in
        result[key].flatMap { $0 == .null ? nil : (name, $0.string ?? $0.text(pretty: false)) }
      }
    }
    let resources =
      costs
      + rows([
        ("steps", "steps"), ("tokens", "tokens"), ("threads", "threads"), ("cpu", "CPU"),
        ("blas_core", "OpenBLAS core"),
        ("gemm_backend", "GEMM"), ("precision", "precision"), ("tune_version", "tune"),
      ])
    var digests = rows([("base_sha256", "base")])
    for (number, digest) in (result["data_sha256"]?.array ?? []).enumerated() {
      digests.append(("data file \(number + 1)", digest.string ?? ""))
    }
    return [
      PageSection("Resources", [.list([("started", record.started)] + resources)]),
      PageSection("Recipe", [.details(summary: "recipe.json", [.code(record.recipe.text())])]),
      PageSection(
        "Digests",
        [.list(digests), .paragraph("SHA-256 of the base's weights, and of the data files in the recipe's order.")]),
    ]
  }
}

extension ReportedRun {
  /// Time, speed and memory.
  var costs: [(name: String, value: String)] {
    func cost(_ name: String, _ key: String, _ text: (Double) -> String) -> (name: String, value: String)? {
      result[key]?.number.map { (name, text($0)) }
    }
    return [
      cost("training", "train_seconds") { "\(fixed($0, 1)) s" },
      cost("speed", "tokens_per_second") { "\(fixed($0, 0)) tokens/s" },
      cost("peak memory", "peak_memory_bytes") { "\(fixed($0 / 1e6, 0)) MB" },
    ].compactMap { $0 }
  }
}

/// At most 300 points: means of neighbouring ones.
private func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
  let size = (points.count + 299) / 300
  if size < 2 { return points }
  return stride(from: 0, to: points.count, by: size).map { start in
    let part = points[start..<min(start + size, points.count)], n = Double(part.count)
    return (part.reduce(0) { $0 + $1.x } / n, part.reduce(0) { $0 + $1.y } / n)
  }
}
