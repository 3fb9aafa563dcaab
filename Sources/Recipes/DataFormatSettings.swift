/// The part of a recipe's section "data" that says how files are read. tune.json remembers it, so that an evaluation reads
/// its file as the run read its own.
package import Datasets
package import Files
package import Tasks

extension Recipe.Data {
  /// The section without files and limits, for tune.json.
  /// - Parameter scheme: the tag scheme that "auto" detected.
  package func formatJSON(scheme: TagScheme?) -> JSON {
    var copy = self
    if var format = formatSection as? CoNLLFormat, format.scheme == nil {
      format.scheme = scheme
      copy.formatSection = format
    }
    return Fields.write { copy.declareFormat($0) }.json
  }

  /// How a file to evaluate is read, with `maxLength` and `stride` if `overrides` set them.
  /// - Parameters:
  ///   - json: `formatJSON` of the run; nil: the task's default format, or the one that the file's name ends with.
  ///   - overrides: such as `label_column=2`.
  /// - Throws: `RecipeFaults`.
  package static func evaluated(
    _ file: String, for task: TaskType, _ json: JSON?, overrides: [String]
  ) throws -> Recipe.Data {
    let formats = FormatType.formats(of: task)
    let byName = formats.first { file.hasSuffix("." + $0.rawValue) || file.hasSuffix(".\($0.rawValue).gz") }
    let settings = json ?? ["format": .string((byName ?? formats[0]).rawValue)]
    let raw = try RawRecipe(["data": settings], overrides: overrides.map { "data." + $0 })
    let diagnostics = Diagnostics(checkFiles: false)
    var data = Recipe.Data()
    Fields.read(raw.json, diagnostics) { fields in
      fields.object("data") {
        data.declareFormat($0)
        data.declareWindow($0)
        data.readLabels($0, of: task)
        $0.checkFormat(data.type, of: task, formats)
      }
    }
    let faults = raw.allFaults(with: diagnostics.faults)
    if !faults.isEmpty { throw RecipeFaults(file: nil, faults) }
    return data
  }
}

extension Fields {
  /// Reports a format that the task does not read.
  func checkFormat(_ type: Recipe.Data.FormatType, of task: TaskType, _ formats: [Recipe.Data.FormatType]) {
    check(
      formats.contains(type), "format",
      expected: oneOf(formats.map { "\"\($0.rawValue)\"" }) + " for task.type \"\(task.rawValue)\"")
  }
}
