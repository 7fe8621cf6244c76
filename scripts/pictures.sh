#!/usr/bin/env bash
# Makes the pictures in docs/pictures from the running software: nothing in them is drawn by hand.
#
# The way through: the demo is played and recorded; while its pages are up, Chromium takes them on a phone's screen in both
# languages and on a desk (pictures.mjs); the recording becomes an SVG file that plays by itself (`chopmark-demo picture`).
#
# Chinese needs a font. Where the system has none, Debian's fonts-wqy-microhei is unpacked below var/tools, for this
# script only.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/var/tools
work=$PWD/var/pictures
out=$PWD/docs/pictures
# What a picture may weigh, bytes; tests/e2e/house/pictures.rs has the same figures.
most_png=150000
most_svg=60000
most_webp=180000
fail() { printf '%s\n' "pictures: $*" >&2; exit 1; }
say() { printf '%s\n' "pictures: $*"; }

. var/tools/env
rm -rf "$work"
mkdir -p "$work" "$out"

has_chinese_font() { fc-list :lang=zh-cn family 2>/dev/null | grep -q .; }
if ! has_chinese_font; then
  say "unpacking fonts-wqy-microhei below var/tools"
  fonts="$tools/fonts"
  mkdir -p "$fonts"
  (cd "$fonts" && apt-get download -qq fonts-wqy-microhei && dpkg -x fonts-wqy-microhei_*.deb .) >"$tools/fonts.log" 2>&1 ||
    fail "the font could not be had; $tools/fonts.log says why"
  # The user's own settings are included, so that the other fonts stay.
  cat >"$fonts/fonts.conf" <<CONF
<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>$fonts/usr/share/fonts</dir><cachedir>$fonts/cache</cachedir></fontconfig>
CONF
  export FONTCONFIG_FILE="$fonts/fonts.conf"
  has_chinese_font || fail "no font has Chinese letters; install one, for example fonts-wqy-microhei"
fi

demo=target/debug/chopmark-demo
[ -x "$demo" ] || fail "$demo is missing; \`make pictures\` builds it"
say "playing the demo"
# What stands in the picture is what a person sees who runs it here: paths as they are below this folder.
"$demo" play --lang en --more-verdicts --data var/pictures/demo --record "$work/demo.cast" >"$work/demo.log" 2>"$work/demo.err" &
player=$!
trap 'kill -INT "$player" 2>/dev/null || true' EXIT
deadline=$((SECONDS + 600))
until grep -q 'Ctrl-C' "$work/demo.log"; do
  kill -0 "$player" 2>/dev/null || { tail -n 5 "$work/demo.log" "$work/demo.err" >&2; fail "the demo ended before its end"; }
  [ "$SECONDS" -lt "$deadline" ] || fail "the demo did not come to its end in 10 minutes"
  sleep 1
done

say "taking the pages"
node scripts/pictures.mjs "$work/demo/pages.txt" "$work/demo/desk.txt" "$out"
kill -INT "$player"
wait "$player" || fail "the demo did not end well"
trap - EXIT
"$demo" picture "$work/demo.cast" "$out/demo.svg"

for picture in "$out"/*; do
  size=$(stat -c %s "$picture")
  case "$picture" in *.svg) most=$most_svg ;; *.webp) most=$most_webp ;; *) most=$most_png ;; esac
  [ "$size" -le "$most" ] || fail "$picture has $size bytes, expected at most $most"
  say "$(basename "$picture"): $size bytes"
done
