#!/usr/bin/env bash
# Prints which tests of the last `make test` were skipped, why, and what each would add. The tests wrote one line each
# to the file in CHOPMARK_SKIPPED (crates/foreign): the test's file, why, what it adds; with tabs between.
set -euo pipefail
cd "$(dirname "$0")/.."
file="${CHOPMARK_SKIPPED:-target/skipped-tests}"
[ -e "$file" ] || { echo "skipped tests: unknown, $file is not there; \`make test\` writes it"; exit 0; }
[ -s "$file" ] || { echo "skipped tests: none"; exit 0; }
printf '\nskipped tests: %s (CONTRIBUTING, "Data of others", says how to get what they need)\n' "$(sort -u "$file" | wc -l)"
sort -u "$file" | awk -F '\t' '{ printf "  %s\n    why:      %s\n    it adds:  %s\n", $1, $2, $3 }'
