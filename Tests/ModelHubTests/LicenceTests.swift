/// Licences, as model cards state them.
import Files
import TestSupport
import Testing

@testable import ModelHub

@Test func `a model's licence is that of its card, or of the list of known models`() throws {
  #expect(statedLicence("---\nlanguage: en\nlicense: apache-2.0\n---\n# A\nlicense: mit\n") == "apache-2.0")
  #expect(statedLicence("---\r\nlicense: 'mit'\r\n---\r\n") == "mit")
  #expect(statedLicence("---\nlicense:\n- mit\n- cc-by-4.0\ntags:\n- x\n---\n") == "mit, cc-by-4.0")
  #expect(statedLicence("---\nlicense: other\nlicense_name: own-1.0\n---\n") == "own-1.0")
  for card in ["# A\nlicense: mit\n", "---\ntags:\n- x\n---\nlicense: mit\n", "---\nlicense:\ntags:\n- x\n---\n", ""] {
    #expect(statedLicence(card) == nil, "\(card)")
  }
  let folder = TemporaryFolder()
  #expect(licence(ofModel: "michiyasunaga/BioLinkBERT-base", in: folder.path) == "apache-2.0")
  #expect(licence(ofModel: "dmis-lab/biobert-v1.1", in: folder.path) == nil)
  try writeFile("---\nlicense: cc0-1.0\n---\n", to: folder.path + "/README.md")
  #expect(licence(ofModel: "michiyasunaga/BioLinkBERT-base", in: folder.path) == "cc0-1.0")
}
