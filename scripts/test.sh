#!/usr/bin/env bash
# Runs every test, then each fuzz target with a fixed number of inputs, and says last, also after a failure, what was
# skipped (scripts/skipped.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
export CHOPMARK_SKIPPED="${CHOPMARK_SKIPPED:-$PWD/target/skipped-tests}"
mkdir -p "$(dirname "$CHOPMARK_SKIPPED")"
: >"$CHOPMARK_SKIPPED"
trap ./scripts/skipped.sh EXIT
cargo test --workspace --no-fail-fast
./scripts/fuzz.sh
