/// Claims of runs by several processes.
import Files
import Glibc
import TestSupport
import Testing

@testable import Runs

/// Another process; of this machine or of another.
private func owner(machine: String? = nil, process: Int = 999_999_999) -> ClaimOwner {
  let own = ClaimOwner.current
  return ClaimOwner(host: own.host, machine: machine ?? own.machine, process: process, began: 1)
}

@Test func `one process at a time has a run`() throws {
  let folder = TemporaryFolder(), claims = GridClaims(folder: folder.path + "/claims")
  let claim = try #require(try claims.claim("a/b"))
  #expect(try claims.claim("a/b") == nil && claims.isClaimed("a/b") && !claims.isClaimed("a"))
  #expect(try claims.claim("a") != nil)
  #expect(!claim.isLost)
  claim.release()
  #expect(!claims.isClaimed("a/b"))
  #expect(try claims.claim("a/b") != nil)
}

@Test func `a claim of a process of this machine that has ended is free at once`() throws {
  let folder = TemporaryFolder(), dead = GridClaims(folder: folder.path, owner: owner())
  let abandoned = try #require(try dead.claim("a"))
  let claims = GridClaims(folder: folder.path)
  #expect(!claims.isClaimed("a"))
  let claim = try #require(try claims.claim("a"))
  #expect(try dead.claim("a") == nil)
  abandoned.release()
  #expect(GridClaims(folder: folder.path).isClaimed("a"), "a claim that was taken over is not released")
  claim.release()
}

@Test func `a claim of another machine is taken over when it has not changed for long, and its process learns of it`()
  throws
{
  let folder = TemporaryFolder(), other = GridClaims(folder: folder.path, owner: owner(machine: "other"))
  let alive = try #require(try other.claim("alive")), silent = try #require(try other.claim("silent"))
  var time = ContinuousClock.now
  let own = GridClaims(folder: folder.path, now: { time })
  for name in ["alive", "silent"] { #expect(try own.claim(name) == nil) }
  time += .seconds(119)
  for name in ["alive", "silent"] { #expect(try own.claim(name) == nil) }
  usleep(10_000)
  alive.beat()
  time += .seconds(2)
  #expect(try own.claim("alive") == nil)
  let taken = try #require(try own.claim("silent"))
  for claim in [alive, silent, taken] { claim.beat() }
  #expect(silent.isLost && !alive.isLost && !taken.isLost)
}

@Test func `of many processes that find a claim abandoned one takes it over`() async throws {
  let folder = TemporaryFolder()
  for round in 0..<20 {
    let abandoned = try GridClaims(folder: folder.path, owner: owner()).claim("\(round)")
    let path = folder.path
    let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let claim = try GridClaims(folder: path).claim("\(round)")
          usleep(20_000)
          return claim != nil
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(taken == 1, "\(round)")
    withExtendedLifetime(abandoned) {}
  }
  #expect(try folderContents(folder.path).allSatisfy { !$0.hasSuffix(".tmp") })
}
