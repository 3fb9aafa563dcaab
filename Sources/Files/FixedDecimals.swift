/// Numbers as text with a fixed number of decimals.
import Glibc

/// `value` with a fixed number of decimals: 0.79153 as "0.7915".
package func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
  let scale = pow(10, Double(digits))
  let scaled = Int((abs(value) * scale).rounded())
  let fraction = String(scaled % Int(scale))
  let zeros = String(repeating: "0", count: max(0, digits - fraction.count))
  return (value < 0 && scaled > 0 ? "-" : "") + "\(scaled / Int(scale))" + (digits > 0 ? "." + zeros + fraction : "")
}
