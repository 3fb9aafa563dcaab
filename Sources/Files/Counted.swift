/// A number with its noun: 1 and "run" as "1 run", 3 as "3 runs".
package func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
