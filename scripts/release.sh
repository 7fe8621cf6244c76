#!/usr/bin/env bash
# Makes what a release consists of: scripts/release.sh VERSION --key FILE [--out FOLDER] [--binary FILE]
#
#   chopmark_VERSION-1_ARCH.deb            the Debian package (scripts/package.sh)
#   chopmark-VERSION.tar.gz                the source, as committed
#   chopmark-VERSION-container.tar.gz      Containerfile and compose file
#   chopmark-VERSION.cdx.json              the components, CycloneDX 1.5 (scripts/sbom.py)
#   chopmark-VERSION.changes.md            this version's part of CHANGELOG.md
#   SHA256SUMS, SHA256SUMS.sig             sums of all of these, signed by FILE (an SSH key; ssh-keygen -Y)
#
# Other ways to call it:
#   scripts/release.sh VERSION --check     only looks whether version, changelog, documents and frozen bundles are ready
#   scripts/release.sh VERSION --freeze    copies the bundles that must verify for ever to tests/corpus/released/VERSION
#
# What holds: what is wrong is said at once and nothing is made; only committed files are released; two runs at one commit make the
# same files. docs/release-checklist.md says what a person does before and after.
set -euo pipefail
# What is named is meant from where the caller is.
from=$PWD
cd "$(dirname "$0")/.."
say() { printf '%s\n' "release: $*" >&2; }
at() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s' "$from/$1" ;; esac; }
usage() { say "$*"; say "usage: scripts/release.sh VERSION --key FILE [--out FOLDER] [--binary FILE] | --check | --freeze"; exit 2; }

version='' key='' out='' binary='' does=release
while [ $# -gt 0 ]; do
  case $1 in
    --key) key=$(at "${2:?--key: got nothing, expected a file}"); shift ;;
    --out) out=$(at "${2:?--out: got nothing, expected a folder}"); shift ;;
    --binary) binary=$(at "${2:?--binary: got nothing, expected a file}"); shift ;;
    --check) does=check ;;
    --freeze) does=freeze ;;
    -*) usage "got \`$1\`" ;;
    *) [ -z "$version" ] || usage "got \`$1\` after the version $version"; version=$1 ;;
  esac
  shift
done
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || usage "got the version \`$version\`, expected three numbers with dots, such as 0.1.0"
frozen=tests/corpus/released/$version

if [ "$does" = freeze ]; then
  [ ! -e "$frozen" ] || { say "$frozen is there: what was released is never changed"; exit 1; }
  python3 - "$frozen" <<'PYTHON'
import hashlib, json, pathlib, shutil, sys
frozen, golden = pathlib.Path(sys.argv[1]), pathlib.Path("crates/ledger/tests/golden")
frozen.mkdir(parents=True)
for line in pathlib.Path("tests/corpus/cases.jsonl").read_text().splitlines():
    case = json.loads(line)
    bundle, policy = case["bundle"], case["policy"]
    # Whole files only; a changed one is a case of the corpus, not something that a ledger gave to somebody.
    if case["expected"] == "proved" and not bundle.get("do") and not policy.get("do") and not bundle["of"].startswith("signed/"):
        name = f'{bundle["of"]} under {policy["of"]}'.replace("/", "-").replace(" ", "-")
        shutil.copy(golden / f'{bundle["of"]}.bundle.json', frozen / f"{name}.bundle.json")
        shutil.copy(golden / f'{policy["of"]}.txt', frozen / f"{name}.policy.txt")
files = sorted(frozen.iterdir())
sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
(frozen / "SHA256SUMS").write_text(sums)
print(f"{frozen}: {len(files) // 2} bundles", file=sys.stderr)
PYTHON
  exit 0
fi

# Everything that is not ready, at once.
problems=()
problem() { problems+=("$*"); }
written=$(sed -n '/^\[workspace.package\]/,/^\[/ s/^version = "\(.*\)"$/\1/p' Cargo.toml)
[ "$written" = "$version" ] || problem "Cargo.toml: got version $written, expected $version"
heading=$(grep -E "^## \[${version//./\\.}\]" CHANGELOG.md || true)
[[ $heading =~ ^"## [$version] - "[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] ||
  problem "CHANGELOG.md: got \`$heading\`, expected \`## [$version] - YYYY-MM-DD\`"
waiting=$(sed -n '/^## \[Unreleased\]/,/^## \[[0-9]/p' CHANGELOG.md | grep -c '^- ' || true)
[ "$waiting" -eq 0 ] || problem "CHANGELOG.md: got $waiting entries under [Unreleased], expected them under [$version]"
[ -d "$frozen" ] || problem "$frozen is not there; \`scripts/release.sh $version --freeze\` makes it"
for file in packaging/container/Containerfile packaging/container/compose.yaml; do
  grep -q "chopmark:$version\$" <(sed 's/ -f .*//' "$file") || problem "$file: expected the image chopmark:$version"
done
[ -d trace-api/scanner/node_modules/zxing-wasm ] || problem "trace-api/scanner/node_modules/zxing-wasm is not there; \`make setup\` gets it, and the package carries it"
if [ "$does" = release ]; then
  [ -n "$key" ] || problem "--key: got none, expected the file of an SSH key that signs the sums"
  [ -z "$key" ] || [ -f "$key" ] || problem "--key: $key is not there"
  [ -z "$(git status --porcelain)" ] || problem "the work tree has changes that are not committed"
fi
if [ ${#problems[@]} -gt 0 ]; then
  for text in "${problems[@]}"; do say "$text"; done
  exit 1
fi
if [ "$does" = check ]; then
  say "version $version is ready to be released"
  exit 0
fi

out=${out:-var/release/$version}
[ ! -e "$out" ] || { say "$out is there; remove it or name another with --out"; exit 1; }
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
made=$(mktemp -d "${TMPDIR:-/tmp}/chopmark-release-XXXXXX")
trap 'rm -rf "$made"' EXIT
archive() { # file, its folder, paths
  local file=$1 folder=$2
  shift 2
  git archive --format=tar --prefix="$folder/" HEAD "$@" | gzip -9n >"$made/$file"
}
archive "chopmark-$version.tar.gz" "chopmark-$version"
archive "chopmark-$version-container.tar.gz" "chopmark-$version" packaging/container .dockerignore
./scripts/sbom.py >"$made/chopmark-$version.cdx.json"
sed -n "/^## \[${version//./\\.}\]/,/^## \[/p" CHANGELOG.md | sed '1!{/^## \[/d}' >"$made/chopmark-$version.changes.md"
./scripts/package.sh --out "$made" ${binary:+--binary "$binary"} >/dev/null
(cd "$made" && sha256sum -- * >SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS)
ssh-keygen -q -Y sign -f "$key" -n chopmark-release "$made/SHA256SUMS" 2>/dev/null || { say "ssh-keygen could not sign with $key"; exit 1; }
mkdir -p "$out"
cp -p "$made"/* "$out/"
say "$out is made; whoever has your public key checks it so:"
say "  ssh-keygen -Y verify -f allowed_signers -I WHO -n chopmark-release -s SHA256SUMS.sig <SHA256SUMS && sha256sum -c SHA256SUMS"
