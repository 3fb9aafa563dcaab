// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// A library target of ours; its tests, when it has some, live in `Tests/<name>Tests`.
func floor(_ name: String, _ below: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: below, swiftSettings: strict)
}

func tests(_ name: String, _ below: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.init(stringLiteral: name), "Hashing"] + below, swiftSettings: strict)
}

let package = Package(
  name: "tune",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "CKernels",
      cSettings: [.unsafeFlags(["-O3", "-ffp-contract=fast", "-mprefer-vector-width=512", "-Wno-psabi"])]),
    floor("Files", ["CZlib"]),
    floor("Hashing"),
    floor("Kernels", ["COpenBLAS", "CKernels"]),
    floor("Autograd", ["Kernels", "CKernels"]),
    floor("Checkpoints", ["Files", .product(name: "Crypto", package: "swift-crypto")]),
    floor("Tokenizers", ["Files"]),
    floor("Models", ["Autograd", "Kernels", "Checkpoints", "Hashing", "Files"]),
    floor("Adapters", ["Models", "Autograd", "Kernels", "CKernels", "Checkpoints", "Hashing", "Files"]),
    floor("Tasks", ["Models", "Autograd", "Tokenizers", "Hashing", "Files"]),
    floor(
      "Training",
      ["Tasks", "Adapters", "Models", "Autograd", "Kernels", "CKernels", "Checkpoints", "Hashing", "Files"]),
    floor("Serving", ["Tasks", "Adapters", "Models", "Autograd", "Tokenizers", "Kernels", "Checkpoints", "Files"]),
    floor(
      "Recipes",
      [
        "Training", "Tasks", "Adapters", "Models", "Autograd", "Tokenizers", "Kernels", "Checkpoints", "Logs",
        "Hashing",
        "Files",
      ]),
    floor("Reporting", ["Training", "Tasks", "Kernels", "Files"]),
    floor("Logs", ["Files"]),
    floor("Runs", ["Hashing", "Files", .product(name: "GRDB", package: "GRDB.swift")]),
    .executableTarget(
      name: "tune",
      dependencies: [
        "Recipes", "Reporting", "Runs", "Serving", "Training", "Adapters", "Tasks", "Models", "Tokenizers",
        "Checkpoints", "Kernels", "Files",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(name: "quickstart-corpus", dependencies: ["Hashing"], swiftSettings: strict),
    .executableTarget(
      name: "bench-ops", dependencies: ["Kernels", "CKernels"], path: "benchmarks/ops", swiftSettings: strict),
    .executableTarget(
      name: "bench-steps",
      dependencies: [
        "Training", "Tasks", "Adapters", "Models", "Autograd", "Kernels", "Hashing", "Files",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "benchmarks/steps", swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["Models", "Checkpoints", "Files", "Hashing", "Autograd", "Kernels"],
      path: "Tests/Support", swiftSettings: strict),
    tests("tune", ["TestSupport", "Files"]),
    tests("Files", ["TestSupport"]),
    tests("quickstart-corpus"),
    tests("bench-steps", ["Tasks", "Kernels", "Models", "Files"]),
    tests("Kernels", ["TestSupport", "CKernels"]),
    tests("Autograd", ["TestSupport", "Kernels", "Checkpoints", "Files"]),
    tests("Models", ["TestSupport", "Autograd", "Kernels", "Checkpoints", "Files"]),
    tests("Adapters", ["TestSupport", "Models", "Autograd", "Kernels", "Checkpoints", "Files"]),
    tests(
      "Training",
      ["TestSupport", "Tasks", "Adapters", "Models", "Autograd", "Tokenizers", "Kernels", "Checkpoints", "Files"]),
    tests("Checkpoints", ["TestSupport", "Files"]),
    tests("Tokenizers", ["Files"]),
    tests(
      "Recipes",
      [
        "TestSupport", "Training", "Tasks", "Adapters", "Models", "Autograd", "Kernels", "Checkpoints", "Tokenizers",
        "Files",
      ]),
    tests("Logs", ["TestSupport", "Files"]),
    tests("Reporting"),
    tests("Runs", ["TestSupport", "Files", .product(name: "GRDB", package: "GRDB.swift")]),
    tests("Tasks", ["TestSupport", "Models", "Tokenizers", "Autograd", "Kernels", "Checkpoints", "Files"]),
  ],
  swiftLanguageModes: [.v6]
)
