/// The forward pass of a model: the encoder, and the head on its hidden states.
package import Autograd
import Kernels

/// What the encoder computed from a batch.
package struct EncodedBatch {
  /// The last hidden states [n, d], with rows for virtual tokens if the adapter's are in the sequences.
  package let hiddenStates: Tensor
  /// Those of the embeddings and of every block, which a scalar mix reads; else none.
  let allStates: [Tensor]
  /// The rows of the batch's tokens in `hiddenStates`; nil: all rows.
  package let tokenRows: [Int32]?
  /// The first row of every sequence, which may be a virtual token, and the number of rows at the end.
  let sequenceOffsets: [Int]

  /// Some of its sequences, in the same memory. Only in a pass without gradients.
  package func sequences(_ range: Range<Int>, _ pass: Pass) -> EncodedBatch {
    let first = sequenceOffsets[range.lowerBound], rows = first..<sequenceOffsets[range.upperBound]
    return EncodedBatch(
      hiddenStates: slice(hiddenStates, rows: rows, pass), allStates: allStates.map { slice($0, rows: rows, pass) },
      tokenRows: tokenRows.map { tokens in tokens.filter { rows.contains(Int($0)) }.map { $0 - Int32(first) } },
      sequenceOffsets: sequenceOffsets[range.lowerBound...range.upperBound].map { $0 - first })
  }
}

extension TextModel {
  /// Logits [rows, classes] of the tokens at `rows`; nil: of all tokens, or of every sequence
  /// (a sequence classifier).
  /// - Parameters:
  ///   - adapters: must be made for this model; at most one set.
  ///   - trace: captures the rows of the batch's tokens only, not of virtual tokens.
  package func callAsFunction(
    _ batch: Batch, adapters: RowAdapters = .none, rows: [Int32]? = nil, trace: Trace? = nil, _ pass: Pass
  ) -> Tensor {
    logits(encode(batch, adapters: adapters, trace: trace, pass), adapters: adapters, rows: rows, pass)
  }

  /// The output of the embeddings [n, d]: words, positions and types, normalized. With rows for virtual tokens if the
  /// adapter's are in the sequences.
  package func embed(_ batch: Batch, adapters: RowAdapters = .none, _ pass: Pass) -> Tensor {
    encoder.embeddings(EncoderInput(batch, adapters, pass), dropout: encoder.dropout, precision: precision, pass)
  }

  /// Runs the encoder without the head.
  /// - Parameters:
  ///   - adapters: may have different sets for different rows of the batch, also of models with other heads on this encoder.
  ///   - embedded: in place of the output of `embed`; nil: that.
  ///   - keepingStates: for a head that mixes all hidden states; that of this model has them in any case.
  @discardableResult
  package func encode(
    _ batch: Batch, adapters: RowAdapters = .none, embedded: Tensor? = nil, keepingStates: Bool = false,
    trace: Trace? = nil, _ pass: Pass
  ) -> EncodedBatch {
    precondition(adapters.belong(toEncoderOf: self), "the adapters were made for another model")
    let input = EncoderInput(batch, adapters, pass)
    var states: [Tensor] = []
    let x = encoder(
      input, embedded: embedded, precision: precision, gradientCheckpointing: gradientCheckpointing,
      cache: hiddenStateCache, trace: trace, pass,
      keep: keepingStates || headLayers.mixesStates ? { states.append($0) } : nil)
    return EncodedBatch(
      hiddenStates: x, allStates: states, tokenRows: input.rows, sequenceOffsets: input.batch.sequenceOffsets)
  }

  /// The head on the hidden states of an encoded batch, or of some of its sequences.
  /// - Parameters:
  ///   - adapters: its head, or the model's if it has none; at most one set.
  ///   - rows: of the batch's tokens; nil: of all tokens, or of every sequence (a sequence classifier).
  /// - Returns: [rows, classes]
  package func logits(
    _ encoded: EncodedBatch, adapters: RowAdapters = .none, rows: [Int32]? = nil, _ pass: Pass
  ) -> Tensor {
    precondition(
      adapters.belong(to: self) && adapters.haveOneSet, "the head reads one adapter, made for this model, at a time")
    var x = encoded.hiddenStates, offsets = encoded.sequenceOffsets
    let requestedRows = rows.map { rows in
      encoded.tokenRows.map { tokenRows in rows.map { tokenRows[Int($0)] } } ?? rows
    }
    if headType == .embedding {
      precondition(rows == nil, "embeddings of some sequences only")
      return headLayers.pooling(x, sequenceOffsets: encoded.sequenceOffsets, pass)
    }
    if headType.isBySequence, config.classifiesMean {
      precondition(rows == nil, "means of some sequences only")
      x = sequenceMeans(x, sequenceOffsets: encoded.sequenceOffsets, pass)
    } else {
      // A sequence is classified from its first row, which may be a virtual token, as in PEFT.
      let defaultRows = headType.isBySequence ? encoded.sequenceOffsets.dropLast().map(Int32.init) : encoded.tokenRows
      let rows = requestedRows ?? defaultRows
      func chosen(_ x: Tensor) -> Tensor { rows.map { gather(x, rows: $0, pass) } ?? x }
      x =
        head.tagLayers.mix.map { scalarMix(encoded.allStates.map(chosen), adapters.of($0), pass) } ?? chosen(x)
      if let rows { offsets = counts(of: rows, before: offsets) }
    }
    // A classifier is small, and a decoder over the vocabulary is not.
    let precision = headType.isTied ? precision : .fp32
    if let transform = head.transform { x = transform(x, precision: precision, adapters, pass) }
    x = dropout(x, head.dropout, pass)
    if !head.tagLayers.lstm.isEmpty {
      x = head.tagLayers.lstm(x, sequenceOffsets: offsets, dropout: head.dropout, adapters, pass)
      x = dropout(x, head.dropout, pass)
    }
    return JoinedProjection(adapters.head(of: self))(x, precision: precision, adapters, pass)
  }
}

extension Pooling {
  /// x [n, d] → [sequences, d]. Virtual tokens in the sequences count as tokens, as in sentence-transformers.
  func callAsFunction(_ x: Tensor, sequenceOffsets: [Int], _ pass: Pass) -> Tensor {
    let y =
      switch mode {
      case .mean: sequenceMeans(x, sequenceOffsets: sequenceOffsets, pass)
      case .cls: gather(x, rows: sequenceOffsets.dropLast().map(Int32.init), pass)
      }
    return normalizes ? normalizeRows(y, pass) : y
  }
}

/// How many of `rows`, which increase, are before each offset.
private func counts(of rows: [Int32], before offsets: [Int]) -> [Int] {
  var count = 0
  return offsets.map { offset in
    while count < rows.count, rows[count] < offset { count += 1 }
    return count
  }
}
