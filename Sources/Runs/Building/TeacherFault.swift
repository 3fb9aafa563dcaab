/// Errors where the teachers of a recipe do not match its student.
import Tasks

/// A teacher that cannot be used for this student.
enum TeacherFault: Error, CustomStringConvertible {
  case tokenizer(teacher: String, student: String)
  case noHead(String)
  case labels(teacher: String, found: [String], wanted: [String])
  case hiddenSize(teacher: String, Int, student: Int)
  case layer(teacher: String, Int, layers: Int)
  case studentLayer(Int, layers: Int)
  case heads(teacher: String, Int, student: Int)
  case relationHeads(Int, hiddenSizes: [Int])
  case window(term: String, model: String, layer: Int, Int, maxLength: Int)
  case positions(teacher: String, Int, maxLength: Int)
  case vocabulary(teacher: String, Int, student: Int)
  case differentBase(adapter: String, base: String, [String])
  case classes(adapter: String, Int, labels: Int)
  case noAttention
  case varyingInput(VaryingInput)
  case noClasses(TaskType)
  case words(String)
  case vectorSize(teacher: String, Int, student: Int)
  case cachedBatches

  var description: String {
    switch self {
    case .tokenizer(let teacher, let student):
      "distillation.teachers: \(teacher) and \(student) have different tokenizers; teacher and student need the same "
        + "vocabulary. Initialize the student from the teacher's folder, or trim both alike (tune tokenizer trim)."
    case .noClasses(let task):
      "distillation.cache: holds the probabilities of classes, of which one applies; \(task.rawValue) has none. Remove the "
        + "key: the teachers then run at every step."
    case .vectorSize(let path, let found, let wanted):
      "distillation.kl_weight: the vectors of \(path) have \(found) numbers, the student's \(wanted). Set it to 0 and use "
        + "distillation.hidden_weight, which trains a projection, or relation_weight."
    case .cachedBatches:
      "task.mini_batch_size: with teachers batches are not cached. Remove the key, or 'distillation'."
    case .words(let path):
      "distillation.teachers: the head of \(path) has an LSTM, which reads words; the student's reads tokens. Set "
        + "task.decoder to \"crf\" or task.lstm_hidden_size, or distillation.kl_weight to 0."
    case .noHead(let path):
      "distillation.teachers: \(path) has no head for this task, but distillation.kl_weight compares logits. "
        + "Fine-tune the teacher first, give its adapter, or set distillation.kl_weight to 0."
    case .labels(let path, let found, let wanted):
      "distillation.teachers: \(path) has the labels \(found.joined(separator: ", ")); the data and the other teachers "
        + "have \(wanted.joined(separator: ", ")), in this order."
    case .hiddenSize(let path, let found, let wanted):
      "distillation.cosine_weight: \(path) has the hidden size \(found), the student \(wanted). "
        + "Use distillation.hidden_weight, which trains a projection, or relation_weight."
    case .layer(let path, let layer, let layers):
      "distillation: found layer \(layer) of \(path), which has \(layers) layers (0 is the embeddings' output)."
    case .studentLayer(let layer, let layers):
      "distillation.match_layers: found layer \(layer) of the student, which has \(layers) layers "
        + "(0 is the embeddings' output)."
    case .heads(let path, let found, let wanted):
      "distillation.attention_weight: \(path) has \(found) attention heads, the student \(wanted). "
        + "Use distillation.relation_weight instead."
    case .relationHeads(let heads, let sizes):
      "distillation.relation_heads: \(heads) does not divide the hidden sizes "
        + "\(sizes.map(String.init).joined(separator: " and "))."
    case .window(let term, let model, let layer, let window, let maxLength):
      "distillation.\(term): layer \(layer) of \(model) has local attention, up to a distance of \(window) tokens; "
        + "sequences have up to \(maxLength) (data.max_length). Choose layers with full attention in match_layers or "
        + "relation_layer, or a max_length of at most \(window + 1)."
    case .positions(let path, let found, let wanted):
      "distillation.teachers: \(path) accepts at most \(found) tokens; data.max_length is \(wanted)."
    case .vocabulary(let path, let found, let wanted):
      "distillation.teachers: 'vocab_size' of \(path) is \(found), the student's is \(wanted), but "
        + "distillation.kl_weight compares logits. Give both the same 'vocab_size', or set distillation.kl_weight to 0."
    case .differentBase(let adapter, let base, let differences):
      "distillation.teachers: \(adapter) was trained on another base than \(base) (by tune.json), which has"
        + differences.map { "\n  \($0)" }.joined() + "\nGive the base that it was trained on as \"path\"."
    case .classes(let adapter, let found, let wanted):
      "distillation.teachers: the classifier of \(adapter) has \(found) classes; the data and tune.json have \(wanted) "
        + "labels. Do its files belong together?"
    case .noAttention:
      "distillation.match_layers: distillation.attention_weight compares the attention of layers, but every pair "
        + "contains 0, the embeddings' output. Add a pair of layers from 1 on, or set distillation.attention_weight to 0."
    case .varyingInput(let varying):
      "distillation.cache: \(varying.cause) the teachers' log-probabilities change at every step. "
        + "\(varying.advice), or remove the cache."
    }
  }
}
