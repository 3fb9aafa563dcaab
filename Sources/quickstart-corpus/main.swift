/// `quickstart-corpus FOLDER [--seed N]` writes train.tsv, dev.tsv and test.tsv, a corpus for a first training run.
import FoundationEssentials
import Glibc

private let usage = "usage: quickstart-corpus FOLDER [--seed N]      N: an integer of at least 0, default 7\n"

private func emit(_ text: String, to descriptor: Int32) {
  var text = text
  text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
}

private func arguments() -> (folder: String, seed: UInt64)? {
  var rest = Array(CommandLine.arguments.dropFirst()), seed: UInt64 = 7
  if let flag = rest.firstIndex(of: "--seed") {
    guard flag + 1 < rest.count, let value = UInt64(rest[flag + 1]) else { return nil }
    seed = value
    rest.removeSubrange(flag...flag + 1)
  }
  guard rest.count == 1, !rest[0].hasPrefix("-") else { return nil }
  return (rest[0], seed)
}

guard let (folder, seed) = arguments() else {
  emit(usage, to: STDERR_FILENO)
  exit(2)
}
let corpus = Corpus(seed: seed)
do {
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  for (name, sentences) in [("train", corpus.train), ("dev", corpus.dev), ("test", corpus.test)] {
    let path = "\(folder)/\(name).tsv"
    try Data(conll(sentences).utf8).write(to: URL(filePath: path), options: .atomic)
    let entities = sentences.reduce(0) { $0 + $1.tags.count { $0.hasPrefix("B-") } }
    emit("\(path): \(sentences.count) sentences, \(entities) entities\n", to: STDOUT_FILENO)
  }
} catch {
  emit(
    "\(folder): cannot be written; expected a folder, or a path where one can be created. Is it writable?\n",
    to: STDERR_FILENO
  )
  exit(1)
}
