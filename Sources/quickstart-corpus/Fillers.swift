/// Doses, and text for slots that are not entities: people, times, laboratory values, amounts of other things than
/// drugs, adjectives made of disease morphemes. Many look like entities, to mislead a tagger that relies on word shape.
import Hashing

enum Fillers {
  /// An amount of a drug: a number and a unit, possibly per kg, m2 or day. The frequency is not part of it.
  static func dose(_ rng: inout SplitMix64) -> String {
    let amount = rng.pick(amounts)
    switch rng.below(20) {
    case 0...9: return "\(amount) mg"
    case 10: return "\(amount)mg"
    case 11...12: return "\(amount) mg / kg"
    case 13: return "\(amount) mg / m2"
    case 14: return "\(rng.number(5...95) * 5) \(rng.pick(["mcg", "micrograms", "µg"]))"
    case 15: return "\(rng.number(1...40)),\(rng.pick(["000", "500"])) \(rng.pick(["IU", "units", "U"]))"
    case 16: return "\(rng.number(1...4)) g"
    case 17: return "\(rng.number(1...9) * 5) - \(rng.number(10...20) * 5) mg"
    case 18: return "\(amount) mg / \(rng.pick(["day", "d"]))"
    default: return "\(rng.number(1...20)) \(rng.pick(["ml", "units", "mg / kg / day"]))"
    }
  }

  /// The text for a slot; an unknown slot is returned unchanged, so that a test finds it.
  static func text(for slot: String, _ names: NamePool, _ rng: inout SplitMix64) -> String {
    switch slot {
    case "n": "\(rng.number(2...480))"
    case "few": "\(rng.number(2...9))"
    case "pct": rng.isTrue(percent: 50) ? "\(rng.number(1...94)) %" : "\(rng.number(1...94)) . \(rng.number(1...9)) %"
    case "yr": "\(rng.number(1994...2023))"
    case "age": "\(rng.number(18...91))"
    case "time": "\(rng.number(2...24)) \(rng.pick(["hours", "days", "weeks", "months", "cycles"]))"
    case "p": "P \(rng.pick(["=", "<"])) 0 . 0\(rng.number(1...49))"
    case "ci":
      "95 % CI , \(rng.number(0...1)) . \(rng.number(10...99)) to \(rng.number(2...5)) . \(rng.number(10...99))"
    case "name": rng.pick(names.surnames)
    case "who": person(&rng)
    case "freq": rng.pick(frequencies)
    case "route":
      rng.pick(["orally", "intravenously", "by mouth", "subcutaneously", "PO", "IV", "at bedtime", "topically"])
    case "adj": rng.pick(names.adjectives)
    case "enzyme": rng.pick(names.enzymes)
    case "class": rng.pick(drugClasses)
    case "site": rng.pick(Lexicon.siteNouns)
    case "sitely": rng.pick(Lexicon.siteAdjectives)
    case "lab": lab(names, &rng)
    case "vol": nonDrugAmount(&rng)
    case "test": rng.pick(tests)
    case "clinic": rng.pick(clinics)
    case "gene":
      rng.pick(["C", "D", "K", "M", "R", "T"]) + rng.pick(["DX", "LR", "PK", "SF", "ABP"]) + "\(rng.number(1...24))"
    case "acronym":
      rng.pick(["VELO", "ARIS", "TRI", "COMP", "SOLA", "MERI"]) + rng.pick(["RA", "TAB", "DIS", "MET", "LIM"])
    case "firm": (rng.pick(Lexicon.drugOnsets) + rng.pick(Lexicon.drugMiddles)).capitalizedWord + rng.pick(firmTails)
    default: "{\(slot)}"
    }
  }

  private static func person(_ rng: inout SplitMix64) -> String {
    let age = rng.number(18...91)
    return switch rng.below(5) {
    case 0: "a \(age) - year - old \(rng.pick(["woman", "man", "female", "male", "farmer", "nurse", "teacher"]))"
    case 1: "this \(age) - year - old \(rng.pick(["woman", "man", "lady", "gentleman"]))"
    case 2: "\(rng.pick(["Mr", "Mrs", "Ms"])) \(rng.pick(["A", "B", "K", "T", "W"])) . , \(age) years old ,"
    case 3: "a \(age) yo \(rng.pick(["F", "M"]))"
    default:
      rng.pick(["the patient", "our patient", "a previously healthy student", "the index case", "a retired miner"])
    }
  }

  /// A laboratory value; its substance and unit look like a drug and a dose.
  private static func lab(_ names: NamePool, _ rng: inout SplitMix64) -> String {
    let value = rng.isTrue(percent: 50) ? "\(rng.number(1...180))" : "\(rng.number(1...14)) . \(rng.number(1...9))"
    let analyte =
      rng.isTrue(percent: 30)
      ? "\(rng.pick(["serum", "plasma", "urinary"])) \(rng.pick(names.enzymes))" : rng.pick(analytes)
    let unit = rng.pick([
      "mmol / l", "g / dl", "mg / dl", "mg / l", "U / l", "IU / l", "ng / ml", "micromol / l", "µg / l",
    ])
    return "\(analyte) \(rng.pick(["", "of ", "was ", ": ", "level "]))\(value) \(unit)"
  }

  private static func nonDrugAmount(_ rng: inout SplitMix64) -> String {
    let amount = rng.pick(amounts)
    return switch rng.below(4) {
    case 0: "\(amount) ml of \(rng.pick(liquids))"
    case 1: "\(amount) \(rng.pick(["g", "mg"])) of \(rng.pick(solids))"
    case 2: "a \(amount) mg \(rng.pick(["tissue sample", "stone fragment", "biopsy specimen", "copper weight"]))"
    default:
      "\(amount) \(rng.pick(["ml", "cc"])) \(rng.pick(["syringes", "of residual urine", "of blood loss", "water bolus"]))"
    }
  }

  private static let amounts = [
    "0.5", "1", "2", "2.5", "4", "5", "7.5", "8", "10", "12.5", "15", "20", "25", "30", "40", "50", "60", "75", "80",
    "100",
    "120", "125", "150", "160", "200", "240", "250", "300", "400", "450", "500", "600", "750", "800", "1,000", "1,500",
  ]
  private static let liquids = words(
    "water saline juice blood urine milk ascites contrast broth dialysate sputum plasma")
  private static let solids = words("tissue fibre protein stool carbohydrate bread salt marrow butter mucus sodium")
  private static let analytes = words(
    "potassium sodium haemoglobin creatinine bilirubin albumin urea glucose calcium phosphate magnesium ferritin lactate "
      + "cholesterol urate CRP ALT AST cortisol prolactin")
  private static let firmTails = [" Ltd", " Pharma", " Inc", "tech", " AG", "care GmbH"]
  private static let drugClasses = [
    "statins", "beta - blockers", "antibiotics", "opioids", "corticosteroids", "placebo", "tyrosine kinase inhibitors",
    "a monoclonal antibody", "anticoagulants", "diuretics", "checkpoint inhibitors", "proton pump inhibitors",
    "analgesics",
    "antiemetics", "vaccines", "chemotherapy", "an ACE inhibitor", "antihistamines", "standard of care", "supplements",
  ]
  private static let frequencies = [
    "daily", "twice daily", "once daily", "every 8 hours", "bid", "tid", "qd", "weekly", "every 3 weeks", "on day 1",
    "three times a day", "nightly", "as needed", "b . i . d .", "every other day", "per day",
  ]
  private static let tests = [
    "magnetic resonance imaging", "echocardiography", "a biopsy", "colonoscopy", "computed tomography", "urinalysis",
    "electromyography", "a lumbar puncture", "ultrasonography", "spirometry", "bone scintigraphy", "an ECG",
  ]
  private static let clinics = words(
    "cardiology nephrology pain memory stroke asthma diabetes renal hepatology falls arthritis headache cancer dermatology "
      + "epilepsy psoriasis migraine fracture")

  private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}

extension String {
  fileprivate var capitalizedWord: String { prefix(1).uppercased() + dropFirst() }
}
