#!/usr/bin/env bash
# Another package that depends on a version of this one, by a tag of a copy: it trains the quick start for an epoch and predicts, with the
# product TuneKit. Takes ten minutes, most of them for the first build. FOLDER keeps the build for the next time.
# scripts/package-test.sh [FOLDER]
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
if [ $# -gt 0 ]; then folder=$1; mkdir -p "$folder"; else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
folder=$(cd "$folder" && pwd)
rm -rf "$folder/tune" "$folder/app/Sources" "$folder/app/Package.resolved" "$folder/run"
git clone -q "$repository" "$folder/tune"
git -C "$folder/tune" tag -f 99.0.0 > /dev/null 2>&1
mkdir -p "$folder/app/Sources/app"
cd "$folder/app"
cat > Package.swift <<SWIFT
// swift-tools-version: 6.2
import PackageDescription
let package = Package(
  name: "app", dependencies: [.package(url: "file://$folder/tune", exact: "99.0.0")],
  targets: [.executableTarget(name: "app", dependencies: [.product(name: "TuneKit", package: "tune")])])
SWIFT
cat > Sources/app/main.swift <<'SWIFT'
import TuneKit

let arguments = CommandLine.arguments
let training = try FineTuning(recipe: "quickstart", settings: ["output=\(arguments[1])", "training.epochs=1"])
let result = try training.run { print($0) }
print("test F1", result.metrics["test"]?["f1"] ?? 0)

let model = try BaseModel("checkpoints/biomed-mini-l3", adapters: ["drugs": result.folder])
for entity in try model.predict("Severe nausea after 40 mg of Tolvaprine daily .", adapter: "drugs").entities {
  print(entity.label, entity.text)
}
SWIFT
swift build
cd "$repository"
"$folder/app/.build/debug/app" "$folder/run" | tee "$folder/out.txt" | tail -n 4
grep -q Tolvaprine "$folder/out.txt"
