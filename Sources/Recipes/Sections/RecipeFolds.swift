/// "data": {"folds": {"count": 10, "fold": 0}}, and "train_dev": how the files become other splits than their own.
import Datasets
import Tasks

extension Recipe.Data {
  mutating func declareDivision(_ fields: Fields, _ task: Recipe.Task?) {
    fields.optional(
      "train_dev", &trainDev, .bool, needs: "data.dev",
      "Train on the development data, too, for a final fit: nothing is chosen on them.")
    fields.section("folds", &folds, initial: Folds()) { $0.declare($1) }
    fields.check(folds == nil || trainDev != true, "train_dev", expected: "false with folds")
    guard let folds else {
      if trainDev == true {
        fields.setGiven(
          "dev", false, because: "'data.train_dev' trains on the development data, which then choose nothing")
      }
      return
    }
    let isFree = folds.heldOut == .dev ? dev == nil : test == nil
    fields.check(
      isFree, "folds",
      expected: "no value beside 'data.\(folds.heldOut.rawValue)': the fold is that split (folds.split)")
    fields.check(
      task?.section.content != .runningText, "folds", expected: "no value with running text, which has no records")
    if folds.heldOut == .dev { fields.setGiven("dev", true) }
  }
}

extension Folds {
  mutating func declare(_ fields: Fields) {
    fields.required("count", &count, .int(2...), "How many folds the training data are divided into.")
    fields.field("fold", &fold, .int(0...), "The fold that is held out, from 0; the others are trained on.")
    fields.check(fold < count, "fold", expected: "less than folds.count, which is \(count)")
    fields.field("split", &heldOut, .choice, "What the held-out fold is.")
    fields.optional(
      "seed", &seed, .int(0..., maximum: .max), "Shuffles before dealing; else in the order of the files.")
    fields.field("by_document", &byDocument, .bool, "Whether the records of a document are in one fold.")
    fields.field("stratified", &isStratified, .bool, "Whether every fold has the same share of each label.")
    fields.check(!(byDocument && isStratified), "stratified", expected: "false with by_document")
  }
}
