#!/usr/bin/env bash
# Runs the fuzz targets, in turns as wide as this machine: scripts/fuzz.sh [SECONDS [TARGET…]]
#
# Without arguments each target gets its seeds and a fixed number of inputs, the same ones every time: that is what
# `make test` does. With SECONDS each target runs that long and keeps what it learned in var/fuzz/corpus.
# Status 0 if nothing was found; a find is kept in var/fuzz, and played again by giving the file to the target.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly RUNS=20000     # inputs of a bounded run, for each target
readonly MOST=10        # seconds after which a bounded run is cut on a slow machine
readonly WIDE="${JOBS:-$(nproc)}"

seconds="${1:-}"
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for file in fuzz/fuzz_targets/*.rs; do
    name="${file##*/}"
    targets+=("${name%.rs}")
  done
fi

# With the whole workspace selected, the crates below ours are those of the ordinary build: only our own code is built
# again, with counters.
bins=()
for target in "${targets[@]}"; do bins+=(--bin "$target"); done
CARGO_INCREMENTAL=0 RUSTC_WORKSPACE_WRAPPER="$PWD/scripts/rustc-coverage" \
  cargo build --quiet --workspace "${bins[@]}"
built="${CARGO_TARGET_DIR:-target}/debug"

out=var/fuzz
mkdir -p "$out/log" "$out/corpus"
# A bounded run learns into a folder of its own, so that no two runs differ.
fresh="$(mktemp -d "$out/run.XXXXXX")"
trap 'rm -rf "$fresh"' EXIT

run() {
  local target="$1" corpus log="$out/log/$1" began="${EPOCHREALTIME/./}" status=0
  if [ -n "$seconds" ]; then
    corpus="$out/corpus/$target"
    set -- -max_total_time="$seconds"
  else
    corpus="$fresh/$target"
    set -- -runs="$RUNS" -max_total_time="$MOST" -seed=1
  fi
  mkdir -p "$corpus"
  "$built/$target" "$@" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$out/$target-" "$corpus" "fuzz/seeds/$target" >"$log" 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then
    printf '%-16s FOUND SOMETHING, status %s; %s:\n' "$target" "$status" "$log"
    grep -vE '^#[0-9]|^INFO|NEW_FUNC|^stat::' "$log" | tail -n 40
    return 1
  fi
  awk -v target="$target" -v micros="$((${EPOCHREALTIME/./} - began))" '
    /^stat::number_of_executed_units/ { runs = $2 }
    / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") reached = $(i + 1) }
    END { printf "%-16s %10d inputs %7d/s %6d places reached\n", target, runs, runs * 1e6 / micros, reached }' "$log"
}

failed=0
running=0
for target in "${targets[@]}"; do
  if [ "$running" -ge "$WIDE" ]; then
    wait -n || failed=1
    running=$((running - 1))
  fi
  run "$target" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n || failed=1
  running=$((running - 1))
done
exit "$failed"
