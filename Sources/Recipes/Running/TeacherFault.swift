/// What is wrong between a recipe's teachers and its student, in words.

/// A teacher that cannot teach this student.
enum TeacherFault: Error, CustomStringConvertible {
  case tokens(teacher: String, student: String)
  case noHead(String)
  case labels(teacher: String, found: [String], wanted: [String])
  case width(teacher: String, Int, student: Int)
  case layer(teacher: String, Int, layers: Int)
  case studentLayer(Int, layers: Int)
  case heads(teacher: String, Int, student: Int)
  case relationHeads(Int, widths: [Int])
  case positions(teacher: String, Int, maxLength: Int)
  case vocabulary(teacher: String, Int, student: Int)
  case otherBase(adapter: String, base: String)
  case classes(adapter: String, Int, labels: Int)
  case noAttention
  case dynamicMasks

  var description: String {
    switch self {
    case .tokens(let teacher, let student):
      "distillation.teachers: \(teacher) reads other token ids than \(student): teacher and student need one vocabulary. "
        + "Start the student from the teacher's folder, or trim both alike (tune tokenizer trim)."
    case .noHead(let path):
      "distillation.teachers: \(path) has no head for this task, and \"soft\" compares logits. "
        + "Fine-tune the teacher first, give its adapter, or set distillation.kl_weight to 0."
    case .labels(let path, let found, let wanted):
      "distillation.teachers: \(path) knows the labels \(found.joined(separator: ", ")); the data and the other teachers "
        + "have \(wanted.joined(separator: ", ")), in this order."
    case .width(let path, let found, let wanted):
      "distillation.cosine_weight: \(path) has hidden states of width \(found), the student of \(wanted). "
        + "Use \"hidden\", which learns a projection, or \"relations\"."
    case .layer(let path, let layer, let layers):
      "distillation: layer \(layer) of \(path) is asked for; it has \(layers) (0 is the embeddings' output)."
    case .studentLayer(let layer, let layers):
      "distillation.match_layers: layer \(layer) of the student is asked for; it has \(layers) (0: the embeddings' output)."
    case .heads(let path, let found, let wanted):
      "distillation.attention_weight: \(path) has \(found) attention heads, the student \(wanted); \"relations\" can compare them."
    case .relationHeads(let heads, let widths):
      "distillation.relation_heads: \(heads) does not divide \(widths.map(String.init).joined(separator: " and "))."
    case .positions(let path, let found, let wanted):
      "distillation.teachers: \(path) reads at most \(found) tokens; data.max_length is \(wanted)."
    case .vocabulary(let path, let found, let wanted):
      "distillation.teachers: 'vocab_size' of \(path) is \(found), the student's is \(wanted), and \"soft\" compares logits. "
        + "Give both the same 'vocab_size', or set distillation.kl_weight to 0."
    case .otherBase(let adapter, let base):
      "distillation.teachers: \(adapter) was trained over other weights than \(base) holds (tune.json's base.sha256). "
        + "Give the base that it was trained over as \"path\"."
    case .classes(let adapter, let found, let wanted):
      "distillation.teachers: the classifier of \(adapter) has \(found) classes, the data and tune.json have \(wanted) labels. "
        + "Do its files belong together?"
    case .noAttention:
      "distillation.match_layers: \"attention\" compares layers, and no pair has two: 0 is the embeddings' output. "
        + "Add a pair from 1 on, or set distillation.attention_weight to 0."
    case .dynamicMasks:
      "distillation.cache: the masks are drawn anew at every step, and with them every answer. "
        + "Set task.masking to \"static\", or leave the cache out."
    }
  }
}
