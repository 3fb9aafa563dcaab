#!/usr/bin/env bash
# Runs the findings, or those named: findings/run.sh [NAME.sh …]. Each installs its packages in a temporary folder; one line
# for each: ok, or CHANGED and the end of its output. Exits with 1 if one changed.
set -uo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- $(ls *.sh | grep -vx run.sh)
status=0
for finding; do
  if output=$(./"$finding" 2>&1); then
    echo "ok       $finding"
  else
    status=1
    printf 'CHANGED  %s\n%s\n' "$finding" "$(tail -n 20 <<< "$output")"
  fi
done
exit $status
