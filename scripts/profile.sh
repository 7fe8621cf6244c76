#!/usr/bin/env bash
# Flame graphs of the three hot paths, as SVG: scripts/profile.sh [capture] [verdict] [settle]; default: all three.
#
#   capture   ingest, while documents of 100 events and events of 1,700 items come in
#   verdict   trace-api, while verdicts are asked for and documents come in
#   settle    the bridge, while 64 readers send 100 reads a second each
#
# Needs perf (Debian package linux-perf) and inferno (installed from crates.io below var/tools where it is missing). The programs
# are built with frame pointers and line tables into target/profile, apart from every other build. The graphs go to
# docs/performance, or to the folder that PROFILE_OUT names.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly tools=$PWD/var/tools
readonly out=${PROFILE_OUT:-docs/performance}
readonly seconds=${PROFILE_SECONDS:-20}
readonly build=target/profile

say() { printf '%s\n' "profile: $*"; }
fail() { printf '%s\n' "profile: $*" >&2; exit 1; }

paths=("$@")
[ ${#paths[@]} -gt 0 ] || paths=(capture verdict settle)
for path in "${paths[@]}"; do
  case $path in
    capture | verdict | settle) ;;
    *) fail "got the path \`$path\`, expected capture, verdict or settle" ;;
  esac
done

command -v perf >/dev/null || fail "perf is missing; Debian's package linux-perf has it"
if [ "$(cat /proc/sys/kernel/perf_event_paranoid 2>/dev/null || echo 0)" -gt 2 ] && [ "$(id -u)" -ne 0 ]; then
  fail "the kernel lets nobody but root use perf; sysctl kernel.perf_event_paranoid=1 allows it"
fi
inferno=$(command -v inferno-flamegraph || true)
[ -n "$inferno" ] || inferno=$tools/bin/inferno-flamegraph
if [ ! -x "$inferno" ]; then
  say "installing inferno below var/tools"
  cargo install --quiet --locked --root "$tools" --target-dir "$build/inferno" inferno
fi
readonly inferno=${inferno%-flamegraph}

say "building with frame pointers"
RUSTFLAGS="${RUSTFLAGS:-} -C force-frame-pointers=yes" CARGO_PROFILE_RELEASE_DEBUG=line-tables-only \
  CARGO_TARGET_DIR=$build cargo build --release --workspace --bin chopmark --bin chopmark-demo

mkdir -p "$out" var
data=
bench=

stop() { if [ -n "$bench" ]; then kill "$bench" 2>/dev/null || true; wait "$bench" 2>/dev/null || true; bench=; fi; }
trap stop EXIT

# Waits until the bench has printed MARK and runs ROLE as a child; prints the child's process id.
child() { # mark, role
  local pid
  for _ in $(seq 3000); do
    kill -0 "$bench" 2>/dev/null || fail "the bench ended before it got to \`$1\`; $data.log says why"
    if grep -q "$1" "$data.log"; then
      pid=$(pgrep -P "$bench" -f -- "--role $2" | head -n 1 || true)
      if [ -n "$pid" ]; then echo "$pid"; return 0; fi
    fi
    sleep 0.2
  done
  fail "the bench did not get to \`$1\`"
}

for path in "${paths[@]}"; do
  case $path in
    capture) role=ingest; mark='### Capture, larger'; arguments=(--only documents --rounds 200) ;;
    verdict) role=trace-api; mark='### Latency'; arguments=(--only latency --rounds 200 --items 170000) ;;
    settle) role=bridge; mark='### Fleet'; arguments=(--only fleet --fleet-seconds $((2 * seconds + 10))) ;;
  esac
  # A folder for each: the database of the one before may still be stopping.
  data=$PWD/var/profile-$path
  say "$path: starting"
  "$build/release/chopmark-demo" bench "${arguments[@]}" --data "$data" >"$data.log" 2>&1 &
  bench=$!
  pid=$(child "$mark" "$role")
  # The first seconds are those of a start.
  sleep 3
  say "$path: recording process $pid ($role) for $seconds s"
  perf record --quiet --freq 499 --call-graph fp --pid "$pid" --output "$data.perf" -- sleep "$seconds"
  stop
  perf script --input "$data.perf" 2>/dev/null | "$inferno-collapse-perf" >"$data.folded"
  [ -s "$data.folded" ] || fail "no samples were taken of $role"
  "$inferno-flamegraph" --title "$path: $role" --subtitle "$seconds s at 499 Hz" --minwidth 0.2 \
    <"$data.folded" >"$out/$path.svg"
  say "$path: $out/$path.svg"
  # What takes most by itself, for the sentence beside the graph.
  perf report --input "$data.perf" --no-children --call-graph none --sort symbol --stdio 2>/dev/null |
    sed -n '/^#/d; /./p' | sed -n '1,12p'
done
