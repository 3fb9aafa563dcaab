/// One sequence of a record with the terms of an output that are logits of it: what every method computes with.
import Autograd
import Encoders
import Tasks

/// f = Σ weight · logit[row, output] over the terms, of the sequence or of variants of it with as many tokens.
struct ExplainedFeature {
  let model: TextModel
  let adapters: RowAdapters
  let features: Features
  let terms: [ExplainedOutput.Term]
  let activation: ExplainedOutput.Activation

  /// Tokens of the sequence.
  var count: Int { features.ids.count }

  /// Sequences with other tokens in place of the sequence's.
  func batch(_ variants: [[Int32]]) -> Batch {
    var batch = Batch()
    batch.paddingHasPositions = true
    for ids in variants { batch.append(ids, tokenTypeIDs: features.tokenTypeIDs) }
    return batch
  }

  /// The logits that predictions are decoded from, one after the other for each of `copies` sequences.
  func logits(_ encoded: EncodedBatch, copies: Int, _ pass: Pass) -> Tensor {
    let rows = features.predictionRows.map { rows in
      (0..<copies).flatMap { copy in rows.map { Int32(copy * count + $0) } }
    }
    return model.logits(encoded, adapters: adapters, rows: rows, pass)
  }

  /// f of each of `copies` sequences.
  func values(_ logits: Tensor, copies: Int) -> [Double] {
    let rows = logits.rows / copies
    return (0..<copies).map { copy in
      terms.reduce(0) {
        $0 + $1.weight * Double(logits.pointer[(copy * rows + $1.row) * logits.columns + $1.output])
      }
    }
  }

  /// ∂ Σ f / ∂ logits
  func seed(_ logits: Tensor, copies: Int, _ pass: Pass) -> Tensor {
    let seed = pass.make(logits.rows, logits.columns), rows = logits.rows / copies
    seed.pointer.initialize(repeating: 0, count: seed.count)
    for copy in 0..<copies {
      for term in terms {
        seed.pointer[(copy * rows + term.row) * logits.columns + term.output] += Float(term.weight)
      }
    }
    return seed
  }

  /// The weighted mean of the probabilities of the terms' outputs, of each of `copies` sequences.
  func probabilities(_ logits: Tensor, copies: Int) -> [Double] {
    let rows = logits.rows / copies, classes = logits.columns
    let sum = terms.reduce(0) { $0 + $1.weight }
    return (0..<copies).map { copy in
      let own = UnsafeBufferPointer(start: logits.pointer + copy * rows * classes, count: rows * classes)
      return terms.reduce(0) { total, term in
        let logit = own[term.row * classes + term.output]
        let probability =
          switch activation {
          case .none: Double(logit)
          case .sigmoid: softmax([0, logit])[1]
          case .softmax: softmax(own[term.row * classes..<(term.row + 1) * classes])[term.output]
          case .softmaxOverRows:
            softmax(stride(from: term.output, to: rows * classes, by: classes).map { own[$0] })[term.row]
          }
        return total + term.weight / sum * probability
      }
    }
  }

  /// Runs variants of the sequence, some at a time, without gradients.
  func forEach<Result>(
    _ variants: [[Int32]], _ workspace: Workspace, _ body: (_ logits: Tensor, _ copies: Int) -> [Result]
  ) -> [Result] {
    chunks(variants.count).flatMap { range in
      let pass = Pass(workspace), batch = batch(Array(variants[range]))
      return body(logits(model.encode(batch, adapters: adapters, pass), copies: range.count, pass), range.count)
    }
  }

  /// Ranges of `variants` that run together: about 1,024 tokens.
  func chunks(_ variants: Int) -> [Range<Int>] {
    let size = max(1, 1024 / count)
    return stride(from: 0, to: variants, by: size).map { $0..<min($0 + size, variants) }
  }
}
