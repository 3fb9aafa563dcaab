// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Optimized in debug builds too: the tests run without the release build, and take three times as long without this.
let optimized: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// A library target; its tests, if it has any, are in `Tests/<name>Tests`.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: optimized)
}

/// The tests of the target `name`. All of them may use `Hashing`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], _ settings: [SwiftSetting] = strict) -> Target {
  let common: [Target.Dependency] = [.init(stringLiteral: name)] + (name == "Hashing" ? [] : ["Hashing"])
  return .testTarget(name: name + "Tests", dependencies: common + dependencies, swiftSettings: settings)
}

let package = Package(
  name: "tune",
  products: [
    .library(name: "TuneKit", targets: ["TuneKit"]),
    .executable(name: "tune", targets: ["tune"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
  ],
  targets: [
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CProcess"),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "CKernels",
      cSettings: [
        .unsafeFlags(["-O3", "-ffp-contract=fast", "-mprefer-vector-width=512", "-falign-functions=64", "-Wno-psabi"])
      ]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CMPI", linkerSettings: [.linkedLibrary("dl")]),
    library("Files", ["CZlib"]),
    library("ModelHub", ["Files"]),
    library("Downloads", ["ModelHub", "CCurl", "Hashing", "Files", .product(name: "Crypto", package: "swift-crypto")]),
    library("Hashing"),
    library("Pages", ["Files"]),
    library("Kernels", ["COpenBLAS", "CKernels"]),
    library("Autograd", ["Kernels", "CKernels"]),
    library("Checkpoints", ["Hashing", "Files", "CKernels", .product(name: "Crypto", package: "swift-crypto")]),
    library("Tokenization", ["Hashing", "Files", .product(name: "Crypto", package: "swift-crypto")]),
    library("Datasets", ["Hashing", "Files"]),
    library("Encoders", ["Autograd", "Kernels", "Checkpoints", "Hashing", "Files"]),
    library("Adapters", ["Encoders", "Autograd", "Kernels", "CKernels", "Checkpoints", "Hashing", "Files"]),
    library("Tasks", ["Encoders", "Autograd", "Tokenization", "Datasets", "Hashing", "Files"]),
    library(
      "Training",
      ["Tasks", "Adapters", "Encoders", "Autograd", "Kernels", "CKernels", "Checkpoints", "Hashing", "Files"]),
    library(
      "Serving",
      ["Tasks", "Datasets", "Adapters", "Encoders", "Autograd", "Tokenization", "Kernels", "Checkpoints", "Files"]),
    .target(
      name: "Server",
      dependencies: [
        "Serving", "Tasks", "Datasets", "Encoders", "Autograd", "Files",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.embedInCode("openapi.json"), .embedInCode("page.html")], swiftSettings: strict),
    library(
      "Explaining",
      ["Serving", "Tasks", "Datasets", "Adapters", "Encoders", "Autograd", "Tokenization", "Pages", "Hashing", "Files"]),
    library(
      "Recipes",
      [
        "Training", "Tasks", "Datasets", "Adapters", "Encoders", "Autograd", "Kernels", "Checkpoints", "Hashing",
        "ModelHub",
        "Files", "ShippedRecipes",
      ]),
    .target(
      name: "ShippedRecipes", path: "recipes", exclude: ["README.md", "quickstart"], sources: ["ShippedRecipes.swift"],
      resources: [
        "bioasq-lora", "biosses-lora", "chemprot-lora", "covid-qa-lora", "distil-general", "distil-ner", "hoc-lora",
        "methods-ncbi-disease", "mlm-continue", "mlm-from-scratch", "multi-task-lora", "ncbi-bilstm-crf",
        "ncbi-disease-lora", "ncbi-disease-teacher", "quickstart", "quickstart-sweep", "simcse-pubmed",
      ].map { .embedInCode($0 + ".json") }, swiftSettings: strict),
    library("Ranks", ["Training", "Kernels", "CMPI"]),
    library("Reporting", ["Training", "Tasks", "Kernels", "Files"]),
    library("Logs", ["Files"]),
    library(
      "Runs",
      [
        "Recipes", "Serving", "Training", "Tasks", "Datasets", "Adapters", "Encoders", "Autograd", "Tokenization",
        "Kernels",
        "Checkpoints", "Pages", "Logs", "ModelHub", "Hashing", "Files", .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    library(
      "TuneKit",
      [
        "Runs", "Recipes", "Ranks", "Server", "Serving", "Training", "Tasks", "Datasets", "Kernels", "ModelHub",
        "Files",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "tune",
      dependencies: [
        "Recipes", "Reporting", "Runs", "Ranks", "Pages", "Explaining", "Server", "Serving", "Training", "Adapters",
        "Tasks",
        "Datasets",
        "Encoders",
        "Tokenization", "Checkpoints", "Kernels", "Downloads", "ModelHub", "Files", "CProcess",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .executableTarget(name: "quickstart-corpus", dependencies: ["Hashing"], swiftSettings: strict),
    .executableTarget(
      name: "bench-ops", dependencies: ["Kernels", "CKernels"], path: "benchmarks/ops", swiftSettings: strict),
    .executableTarget(
      name: "bench-steps",
      dependencies: [
        "Training", "Tasks", "Adapters", "Encoders", "Autograd", "Kernels", "Hashing", "Files",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "benchmarks/steps", swiftSettings: strict),
    .executableTarget(
      name: "bench-adapters",
      dependencies: [
        "Serving", "Training", "Tasks", "Datasets", "Adapters", "Encoders", "Autograd", "Checkpoints", "Kernels",
        "Files",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "benchmarks/adapters", swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["Encoders", "Checkpoints", "Files", "Hashing", "Autograd", "Kernels"],
      path: "Tests/Support", swiftSettings: optimized),
    tests(
      "tune",
      [
        "TestSupport", "Recipes", "Checkpoints", "Files",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    tests("TuneKit", ["TestSupport", "Files"]),
    tests("Files", ["TestSupport"]),
    tests("Hashing"),
    tests("ModelHub", ["TestSupport", "Files"]),
    tests("Downloads", ["TestSupport", "ModelHub", "Files"]),
    tests("quickstart-corpus"),
    tests("bench-steps", ["Tasks", "Kernels", "Encoders", "Files"]),
    tests("Kernels", ["TestSupport", "CKernels"], optimized),
    tests("Autograd", ["TestSupport", "Kernels", "Checkpoints", "Files"], optimized),
    tests("Encoders", ["TestSupport", "Autograd", "Kernels", "Checkpoints", "Files"]),
    tests("Adapters", ["TestSupport", "Encoders", "Autograd", "Kernels", "Checkpoints", "Files"]),
    tests(
      "Training",
      ["TestSupport", "Tasks", "Adapters", "Encoders", "Autograd", "Tokenization", "Kernels", "Checkpoints", "Files"]),
    tests("Checkpoints", ["TestSupport", "Files"]),
    tests("Tokenization", ["Files"]),
    tests("Datasets", ["TestSupport", "Files"]),
    tests(
      "Recipes",
      [
        "TestSupport", "Training", "Tasks", "Datasets", "Adapters", "Encoders", "Autograd", "Kernels", "Files",
        "ShippedRecipes",
      ]),
    tests("Pages", ["Files"]),
    tests("Logs", ["TestSupport", "Files"]),
    tests("Ranks"),
    tests("Reporting"),
    tests(
      "Runs",
      [
        "TestSupport", "Recipes", "Serving", "Training", "Tasks", "Datasets", "Adapters", "Encoders", "Autograd",
        "Tokenization",
        "Kernels",
        "Checkpoints", "Files", .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    tests(
      "Serving",
      [
        "TestSupport", "Tasks", "Adapters", "Encoders", "Autograd", "Tokenization", "Kernels", "Checkpoints", "Files",
      ]),
    tests(
      "Explaining",
      [
        "TestSupport", "Serving", "Tasks", "Datasets", "Adapters", "Encoders", "Autograd", "Tokenization", "Kernels",
        "Checkpoints", "Files",
      ]),
    tests(
      "Server",
      [
        "TestSupport", "Training", "Serving", "Tasks", "Datasets", "Adapters", "Encoders", "Kernels", "Files",
        .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]),
    tests(
      "Tasks",
      [
        "TestSupport", "Encoders", "Tokenization", "Datasets", "Autograd", "Kernels", "Checkpoints", "Files",
      ], optimized),
  ],
  swiftLanguageModes: [.v6]
)
