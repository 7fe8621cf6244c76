// Makes the outline of the continents that maps are drawn on, from data of Natural Earth, which are in the public domain.
//
// npm install --prefix FOLDER world-atlas@2.0.2 topojson-client@3 && node scripts/outline.mjs FOLDER > crates/inquiry/assets/outline.svg
//
// The way through: `land-110m.json` of world-atlas (Natural Earth, 1:110m, land) is rounded to a quarter of a degree, islands of fewer than
// five corners and Antarctica are left out, and what is left becomes one path, a degree being four units.
//
// Not here: places and ways on the map (`crates/inquiry/src/map.rs`). Nothing else of these packages is used, and none is needed to build.
//
// Sources: naturalearthdata.com, "Terms of Use" (public domain); world-atlas (ISC), topojson-client (ISC).

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const UNITS = 4;
const LEAST_CORNERS = 5;
const SOUTHERNMOST = -60;

const folder = resolve(process.argv[2]);
const { feature } = createRequire(`${folder}/`)("topojson-client");
const atlas = JSON.parse(readFileSync(`${folder}/node_modules/world-atlas/land-110m.json`, "utf8"));
const land = feature(atlas, atlas.objects.land).features.flatMap(({ geometry: { type, coordinates } }) => (type === "MultiPolygon" ? coordinates : [coordinates]));

/** A ring as relative steps, without corners that fall together; one that crosses 180 degrees stands at both edges; empty if it is left out. */
function path(ring) {
  let turn = 0;
  const unwrapped = ring.map(([x, y], at) => {
    if (at > 0 && Math.abs(x - ring[at - 1][0]) > 180) turn += x < ring[at - 1][0] ? 360 : -360;
    return [x + turn, y];
  });
  const corners = unwrapped.map(([x, y]) => [Math.round((x + 180) * UNITS), Math.round((90 - y) * UNITS)]);
  const kept = corners.filter(([x, y], at) => at === 0 || x !== corners[at - 1][0] || y !== corners[at - 1][1]);
  if (kept.length < LEAST_CORNERS || kept.every(([, y]) => y > (90 - SOUTHERNMOST) * UNITS)) return "";
  const spaced = (number) => (number < 0 ? `${number}` : ` ${number}`);
  const steps = kept.slice(1, -1).map(([x, y], at) => [x - kept[at][0], y - kept[at][1]]);
  const body = steps.map((step) => step.map(spaced).join("")).join("").trim();
  const isShown = (shift) => kept.some(([x]) => x + shift > 0 && x + shift < 360 * UNITS);
  return [-360, 0, 360]
    .map((degrees) => degrees * UNITS)
    .filter(isShown)
    .map((shift) => `M${kept[0][0] + shift} ${kept[0][1]}l${body}z`)
    .join("");
}

const outline = land.flat().map(path).join("");
console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1440 720" preserveAspectRatio="none"><path fill="#808890" fill-opacity=".3" d="${outline}"/></svg>`);
