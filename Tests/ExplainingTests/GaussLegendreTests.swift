import Foundation
import Testing

@testable import Explaining

@Suite struct GaussLegendreTests {
  @Test(arguments: [1, 2, 3, 50, 200])
  func `polynomials up to degree 2n - 1 are integrated exactly`(n: Int) {
    let rule = gaussLegendre(n)
    for degree in [0, 1, n, 2 * n - 1] {
      let integral = rule.reduce(0) { $0 + $1.weight * pow($1.node, Double(degree)) }
      #expect(abs(integral - 1 / Double(degree + 1)) < 1e-13)
    }
    #expect(zip(rule, rule.dropFirst()).allSatisfy { $0.node < $1.node })
  }
}
