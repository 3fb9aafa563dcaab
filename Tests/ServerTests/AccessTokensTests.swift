/// Tests the file of tokens, and what a token permits.
import Files
import Glibc
import HTTPTypes
import TestSupport
import Testing

@testable import Server

private let predict = "predict-0123456789", both = "both-0123456789abc", manage = "manage-0123456789"

private func withTokens(_ text: String, mode: mode_t = 0o600, _ body: (String) throws -> Void) throws {
  try withTemporaryFolder { folder in
    try writeFile(text, to: folder + "/tokens")
    chmod(folder + "/tokens", mode)
    try body(folder + "/tokens")
  }
}

@Suite struct AccessTokensTests {
  @Test func `a token permits its scopes, and predictions without any`() throws {
    try withTokens("# clients\n\(predict)\n\n\(both) predict,manage\n\(manage)\tmanage\n") { file in
      let tokens = try AccessTokens(file: file)
      func status(_ authorization: String?, _ scope: Scope) -> Int {
        do throws(RequestFault) { try tokens.check(authorization, for: scope) } catch { return error.status.code }
        return 200
      }
      #expect(status("Bearer " + predict, .predict) == 200 && status("bearer " + predict, .predict) == 200)
      #expect(status("Bearer " + predict, .manage) == 403)
      #expect(status("Bearer " + both, .predict) == 200 && status("Bearer " + both, .manage) == 200)
      #expect(status("Bearer " + manage, .predict) == 403 && status("Bearer " + manage, .manage) == 200)
      for wrong in [
        nil, "", "Bearer", "Bearer ", "Basic " + predict, predict, "Bearer " + predict.dropLast(), "Bearer \(predict)x",
        "Bearer  " + predict, "Bearer #", "Bearer # clients",
      ] {
        #expect(status(wrong, .predict) == 401, "\(wrong ?? "none")")
      }
    }
  }

  @Test(arguments: [0o644, 0o640, 0o604, 0o620, 0o602] as [mode_t])
  func `a file that others may read or write is refused`(_ mode: mode_t) throws {
    try withTokens(predict, mode: mode) { file in
      let fault = #expect(throws: FileFault.self) { try AccessTokens(file: file) }
      #expect(fault.map { "\($0)" }?.contains("chmod 600 \(file)") == true)
    }
  }

  @Test(arguments: [
    "", "\n# only a comment\n", "short", "\(predict) admin", "\(predict) ,", "\(predict) predict manage",
    "tokén-0123456789abcdef",
  ])
  func `a file with other lines is refused`(_ text: String) throws {
    try withTokens(text) { file in
      let fault = #expect(throws: FileFault.self) { try AccessTokens(file: file) }
      #expect(fault.map { "\($0)" }?.hasPrefix(file) == true && fault.map { "\($0)" }?.contains(predict) == false)
    }
    #expect(throws: FileFault.missing(path: "/no/such")) { try AccessTokens(file: "/no/such") }
  }
}
