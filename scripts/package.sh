#!/usr/bin/env bash
# Builds the Debian package: scripts/package.sh [--binary FILE] [--out FOLDER] [--compression xz|gzip|none]
#
# Without --binary it builds the release first. The package goes to var/packages, or to --out; its path is what is printed.
# The same program and the same SOURCE_DATE_EPOCH (by default the time of the commit) give the same bytes.
# Needs dpkg-deb and dpkg-shlibdeps (Debian's package dpkg-dev) and strip (binutils).
# Why not cargo-deb: docs/decisions/0055-the-package-is-made-by-a-script.md.
set -euo pipefail
# What is named is meant from where the caller is.
from=$PWD
cd "$(dirname "$0")/.."
say() { printf '%s\n' "package: $*" >&2; }
fail() { say "$*"; exit 1; }
at() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s' "$from/$1" ;; esac; }

binary='' out=var/packages compression=xz
while [ $# -gt 0 ]; do
  case $1 in
    --binary) binary=$(at "${2:?--binary: got nothing, expected a file}"); shift 2 ;;
    --out) out=$(at "${2:?--out: got nothing, expected a folder}"); shift 2 ;;
    --compression) compression=${2:?--compression: got nothing, expected xz, gzip or none}; shift 2 ;;
    *) fail "got \`$1\`, expected --binary FILE, --out FOLDER or --compression xz|gzip|none" ;;
  esac
done
case $compression in
  xz | gzip) level=(-z6) ;;
  none) level=() ;;
  *) fail "--compression: got \`$compression\`, expected xz, gzip or none" ;;
esac
for tool in dpkg-deb dpkg-shlibdeps dpkg strip gzip; do
  command -v "$tool" >/dev/null || fail "$tool is missing; Debian's packages dpkg-dev and binutils have it"
done
if [ -z "$binary" ]; then
  cargo build --release --locked --workspace --bin chopmark
  binary=${CARGO_TARGET_DIR:-target}/release/chopmark
fi
[ -x "$binary" ] || fail "--binary: $binary is no program"

version=$(sed -n '/^\[workspace.package\]/,/^\[/ s/^version = "\(.*\)"$/\1/p' Cargo.toml)
[ -n "$version" ] || fail "Cargo.toml has no version"
architecture=$(dpkg --print-architecture)
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) || fail "no git here: set SOURCE_DATE_EPOCH, seconds since 1970"
fi
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

work=$(mktemp -d "${TMPDIR:-/tmp}/chopmark-deb-XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/tree
put() { install -D -m "$1" "$2" "$tree/$3"; } # mode, file, path
put_gzip() { mkdir -p "$(dirname "$tree/$2")" && gzip -9n <"$1" >"$tree/$2" && chmod 644 "$tree/$2"; }

put 755 "$binary" usr/bin/chopmark
strip --strip-unneeded "$tree/usr/bin/chopmark"
put 755 packaging/role.sh usr/lib/chopmark/role
# The start page's reader of codes, as npm unpacks it; the program serves it only if it is what SHA256SUMS pins.
scanner=trace-api/scanner/node_modules/zxing-wasm
if [ -d "$scanner" ]; then
  (cd "$scanner" && sha256sum --quiet --strict --check ../../SHA256SUMS >&2) || fail "$scanner is not what trace-api/scanner/SHA256SUMS pins"
  while read -r _ file; do put 644 "$scanner/$file" "usr/share/chopmark/scanner/$file"; done <trace-api/scanner/SHA256SUMS
else
  say "$scanner is not there (\`make setup\` gets it); the package has no reader of codes for browsers without one"
fi
put 644 packaging/deb/default etc/default/chopmark
put 755 packaging/deb/init etc/init.d/chopmark
put 644 packaging/deb/logrotate etc/logrotate.d/chopmark
mkdir -p "$tree/etc/chopmark"

units=usr/lib/systemd/system
for unit in packaging/systemd/*.service packaging/systemd/*.target packaging/systemd/*.timer; do put 644 "$unit" "$units/${unit##*/}"; done
put 644 packaging/systemd/10-hardening.conf "$units/chopmark-.service.d/10-hardening.conf"
for extra in packaging/systemd/*.service.d/*.conf; do put 644 "$extra" "$units/${extra#packaging/systemd/}"; done
# Otherwise systemd would make a unit of this name from the init script and start every role twice.
ln -s /dev/null "$tree/$units/chopmark.service"

doc=usr/share/doc/chopmark
put 644 packaging/deb/copyright "$doc/copyright"
for page in README.md docs/*.md; do put 644 "$page" "$doc/${page##*/}"; done
for folder in formats reference; do
  [ -d "docs/$folder" ] || continue
  for page in "docs/$folder"/*.md; do put 644 "$page" "$doc/$folder/${page##*/}"; done
done
for file in dashboards/*; do put 644 "$file" "$doc/examples/dashboards/${file##*/}"; done
put 644 packaging/container/Containerfile "$doc/examples/Containerfile"
put 644 packaging/container/compose.yaml "$doc/examples/compose.yaml"
put_gzip CHANGELOG.md "$doc/changelog.gz"
{
  printf 'chopmark (%s-1) stable; urgency=medium\n\n  * Version %s; changelog.gz says what is new.\n\n' "$version" "$version"
  printf ' -- The authors of Chopmark <chopmark@localhost>  %s\n' "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} >"$work/changelog"
put_gzip "$work/changelog" "$doc/changelog.Debian.gz"

# Manual pages and completions are made by the program itself, so they say what it does.
if "$binary" help man >/dev/null 2>&1; then
  "$binary" man "$work/man" >/dev/null 2>&1
  for page in "$work"/man/*.1; do put_gzip "$page" "usr/share/man/man1/${page##*/}.gz"; done
else
  say "this program makes no manual pages; the package has none"
fi
if "$binary" help completions >/dev/null 2>&1; then
  for shell in bash zsh fish; do "$binary" completions "$shell" >"$work/$shell"; done
  put 644 "$work/bash" usr/share/bash-completion/completions/chopmark
  put 644 "$work/zsh" usr/share/zsh/vendor-completions/_chopmark
  put 644 "$work/fish" usr/share/fish/vendor_completions.d/chopmark.fish
else
  say "this program makes no completions; the package has none"
fi

# dpkg-shlibdeps reads a source package's control file.
mkdir -p "$work/debian" "$tree/DEBIAN"
printf 'Source: chopmark\n\nPackage: chopmark\nArchitecture: any\n' >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps -O -e tree/usr/bin/chopmark 2>"$work/shlibdeps.log" | sed -n 's/^shlibs:Depends=//p')
[ -n "$libraries" ] || fail "dpkg-shlibdeps found no library: $(cat "$work/shlibdeps.log")"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: chopmark
Version: $version-1
Architecture: $architecture
Maintainer: The authors of Chopmark <chopmark@localhost>
Installed-Size: $(du -k -s --apparent-size "$tree" | cut -f 1)
Depends: $libraries, adduser, ca-certificates, debconf (>= 0.5) | debconf-2.0
Recommends: postgresql (>= 15)
Suggests: nginx | caddy, mosquitto, prometheus
Section: misc
Priority: optional
Description: signed custody records from RFID readers and sensors
 Chopmark turns what readers and sensors report into signed records in an
 append-only ledger that anybody can verify. The package has the command, its
 manual pages, an init script, and systemd units for the roles ingest, anchor,
 trace-api, desk and bridge. Nothing is started before it is configured.
CONTROL
install -m 644 packaging/deb/conffiles packaging/deb/templates "$tree/DEBIAN/"
install -m 755 packaging/deb/postinst packaging/deb/prerm packaging/deb/postrm "$tree/DEBIAN/"
(cd "$tree" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

mkdir -p "$out"
package=$out/chopmark_$version-1_$architecture.deb
dpkg-deb --root-owner-group --threads-max=1 "-Z$compression" "${level[@]}" --build "$tree" "$work/package.deb" >"$work/build.log" ||
  fail "dpkg-deb failed: $(cat "$work/build.log")"
mv "$work/package.deb" "$package"
printf '%s\n' "$package"
