/// The states that enter the lowest block that learns: what is below it says the same of a sequence for ever, so that each
/// sequence is sent through it once, and the states are kept on disk. Does not know what is frozen: `TextModel` does.
import Autograd
import Checkpoints
public import Files
import Kernels
import Synchronization

/// The states of a sequence are a function of its tokens alone: of no other sequence of its batch, and of no thread.
public final class HiddenStateCache: Sendable {
  /// The first block that is computed, counted from 0; the number of blocks: none is.
  public let block: Int
  /// A record by sequence: [t, d] as Float32.
  public let file: RecordFile
  private let width: Int
  /// Whether sequences that are missing are computed one by one.
  private let computesSeparately: Bool
  private let misses = Atomic<Int>(0)
  /// Sequences that had to be computed.
  public var computed: Int { misses.load(ordering: .relaxed) }

  /// - Parameter multiplier: who multiplies. Our kernels sum every row on its own, whatever is above and below it;
  ///   OpenBLAS takes another way for other numbers of rows, whose last digits differ, so that there each sequence is
  ///   computed by itself.
  init(block: Int, hiddenSize: Int, file: RecordFile, backend: GEMMBackend = .selected) {
    (self.block, self.width, self.file) = (block, hiddenSize, file)
    computesSeparately = backend == .blas
  }

  /// [n, d], from the file where they are there, else from `compute`, in a pass of its own that draws no dropout.
  func states(of batch: Batch, _ pass: Pass, _ compute: (Batch, Pass) -> Tensor) -> Tensor {
    let x = pass.make(batch.count, width)
    let keys = (0..<batch.sequences).map { batch.key(of: $0) }
    func rows(_ sequence: Int) -> UnsafeMutableBufferPointer<Float> {
      let (start, end) = (batch.sequenceOffsets[sequence], batch.sequenceOffsets[sequence + 1])
      return UnsafeMutableBufferPointer(start: x.pointer + start * width, count: (end - start) * width)
    }
    let missing = keys.indices.filter { !file.read(keys[$0], into: UnsafeMutableRawBufferPointer(rows($0))) }
    if missing.isEmpty { return x }
    misses.add(missing.count, ordering: .relaxed)
    for sequences in computesSeparately ? missing.map({ [$0] }) : [missing] {
      let states = compute(batch.part(sequences), Pass(pass.workspace))
      var next = states.pointer
      for sequence in sequences {
        let rows = rows(sequence)
        rows.baseAddress?.update(from: next, count: rows.count)
        next += rows.count
      }
    }
    file.append(missing.map { (keys[$0], UnsafeRawBufferPointer(rows($0))) })
    return x
  }
}

extension Batch {
  /// Some of the sequences.
  fileprivate func part(_ sequences: [Int]) -> Batch {
    var part = Batch()
    for range in sequences.map({ sequenceOffsets[$0]..<sequenceOffsets[$0 + 1] }) {
      part.append(Array(ids[range]), tokenTypeIDs: Array(tokenTypeIDs[range]))
    }
    return part
  }

  /// What a sequence's states are found by: a digest of its tokens and their kinds.
  fileprivate func key(of sequence: Int) -> RecordKey {
    let range = sequenceOffsets[sequence]..<sequenceOffsets[sequence + 1]
    var digest = Digest()
    digest.add(Array(ids[range]))
    digest.add(Array(tokenTypeIDs[range]))
    let words = digest.words
    return RecordKey(words.high, words.low)
  }
}
