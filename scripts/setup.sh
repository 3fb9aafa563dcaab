#!/bin/sh
# Installs the packages that tune needs and that are missing: OpenBLAS, LAPACKE, zlib, SQLite and libcurl. Uses sudo if not root,
# and prints what it installs.
set -eu

missing=""
for package in libopenblas-dev liblapacke-dev zlib1g-dev libsqlite3-dev libcurl4 "$@"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done

if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ]; then as_root=""
  elif command -v sudo >/dev/null 2>&1; then as_root="sudo"
  else
    echo "setup: these packages are missing, and this is neither root nor is sudo installed:$missing" >&2
    echo "setup: ask your administrator for: apt-get install$missing" >&2
    exit 1
  fi
  echo "setup: installing$missing" >&2
  # Debian's own updates may hold the lock of a machine that has just started.
  wait_for_lock="-o DPkg::Lock::Timeout=120"
  # shellcheck disable=SC2086  # word splitting is intended, here and below
  $as_root apt-get $wait_for_lock update -q >/dev/null || echo "setup: apt-get update failed; trying with the lists that are here" >&2
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get $wait_for_lock install -q -y --no-install-recommends $missing >/dev/null || {
    echo "setup: apt-get could not install$missing" >&2
    exit 1
  }
fi

if ! command -v swift >/dev/null 2>&1; then
  echo "setup: no 'swift' on the PATH. Install Swift 6.2 or later (swift.org/install) and try again." >&2
  exit 1
fi
