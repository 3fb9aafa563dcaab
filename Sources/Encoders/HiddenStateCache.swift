/// A cache on disk of the hidden states that enter the lowest trainable block. Below it nothing changes during
/// training, so each sequence is computed once. Does not decide what is frozen: `TextModel` does.
import Autograd
import Checkpoints
package import Files
import Kernels
import Synchronization

/// The hidden states of a sequence depend on its tokens only, not on the other sequences of the batch or on the thread.
package final class HiddenStateCache: Sendable {
  /// The first block that is still computed, counted from 0; the number of blocks if all are cached.
  package let firstUncachedBlock: Int
  /// Whether it has the hidden states of the embeddings and of every block below, which a scalar mix reads, not only the last.
  let hasAllStates: Bool
  /// One record per sequence and hidden state: [t, d] as Float32.
  package let file: RecordFile
  private let hiddenSize: Int
  /// The number of the adapter's set that the hidden states depend on; nil: the base only.
  private let adapter: Int?
  /// Whether each missing sequence is computed in a batch of its own.
  private let computesSeparately: Bool
  private let misses = Atomic<Int>(0)
  /// The number of sequences that had to be computed.
  package var missCount: Int { misses.load(ordering: .relaxed) }

  /// - Parameters:
  ///   - adapters: of all passes that use the cache.
  ///   - backend: the GEMM backend. Our kernels give a row the same bits whatever the other rows are. OpenBLAS chooses
  ///     its algorithm by the number of rows, which changes the rounding, so with it each sequence is computed
  ///     separately.
  init(
    firstUncachedBlock: Int, hasAllStates: Bool = false, hiddenSize: Int, file: RecordFile, adapters: RowAdapters,
    backend: GEMMBackend = .selected
  ) {
    (self.firstUncachedBlock, self.hiddenSize, self.file) = (firstUncachedBlock, hiddenSize, file)
    self.hasAllStates = hasAllStates
    adapter = adapters.identity
    computesSeparately = backend == .blas
  }

  /// Whether it was made for passes with these adapters.
  func fits(_ adapters: RowAdapters) -> Bool { adapters.haveOneSet && adapters.identity == adapter }

  /// Hidden states that the file has of each sequence.
  private var stateCount: Int { hasAllStates ? firstUncachedBlock + 1 : 1 }

  /// The hidden states [n, d] of a batch, the last ones last: read from the file where it has them, else made by `compute`
  /// in an inference pass without dropout, and appended to the file.
  func hiddenStates(of batch: Batch, _ pass: Pass, _ compute: (Batch, Pass) -> [Tensor]) -> [Tensor] {
    let states = (0..<stateCount).map { _ in pass.make(batch.count, hiddenSize) }
    let keys = (0..<batch.sequences).map { sequence in
      states.indices.map { batch.key(of: sequence, state: hasAllStates ? $0 : nil) }
    }
    /// A sequence's rows of a state.
    func rows(_ sequence: Int, _ state: Int) -> UnsafeMutableBufferPointer<Float> {
      let (start, end) = (batch.sequenceOffsets[sequence], batch.sequenceOffsets[sequence + 1])
      return UnsafeMutableBufferPointer(
        start: states[state].pointer + start * hiddenSize, count: (end - start) * hiddenSize)
    }
    let missing = keys.indices.filter { sequence in
      !states.indices.allSatisfy {
        file.read(keys[sequence][$0], into: UnsafeMutableRawBufferPointer(rows(sequence, $0)))
      }
    }
    if missing.isEmpty { return states }
    misses.add(missing.count, ordering: .relaxed)
    for sequences in computesSeparately ? missing.map({ [$0] }) : [missing] {
      for (state, x) in compute(batch.subset(sequences), Pass(pass.workspace)).enumerated() {
        var next = x.pointer
        for sequence in sequences {
          let rows = rows(sequence, state)
          rows.baseAddress?.update(from: next, count: rows.count)
          next += rows.count
        }
      }
    }
    file.append(
      missing.flatMap { sequence in
        states.indices.map { (keys[sequence][$0], UnsafeRawBufferPointer(rows(sequence, $0))) }
      })
    return states
  }
}

extension Batch {
  /// A batch of some of the sequences.
  fileprivate func subset(_ sequences: [Int]) -> Batch {
    var subset = Batch()
    for range in sequences.map({ sequenceOffsets[$0]..<sequenceOffsets[$0 + 1] }) {
      subset.append(Array(ids[range]), tokenTypeIDs: Array(tokenTypeIDs[range]))
    }
    return subset
  }

  /// The cache key of a sequence's hidden state: a digest of its token ids and token type ids, and of the state's number.
  /// - Parameter state: nil: the only one.
  fileprivate func key(of sequence: Int, state: Int?) -> RecordKey {
    let range = sequenceOffsets[sequence]..<sequenceOffsets[sequence + 1]
    var digest = Digest()
    digest.add(Array(ids[range]))
    digest.add(Array(tokenTypeIDs[range]))
    if let state { digest.add([Int32(state)]) }
    let words = digest.words
    return RecordKey(words.high, words.low)
  }
}
