// Takes the pages of a running demo in both languages: those of verdicts as a phone shows them first, and whole, on a phone and on a desk;
// those of the regulator's desk whole, as its screen shows them.
//
// node scripts/pictures.mjs PAGES DESK FOLDER
//
// The way through: PAGES has one line for each page, its verdict, its name and its addresses: of a chip several, of which each counts once;
// ChromeDriver opens the next in each language. Of some
// the first screen of a phone (390 by 844 points) is written as PNG with a palette, which is a third of the bytes; of all of them
// the whole page is written as WebP, on a phone and on a desk (1,280 points wide), of some in dark colours as well. DESK says where the
// regulator's desk is, with which key somebody logs in there, and what there is to look at.
//
// What holds: a page that shows another verdict than its line says is an error, and so is a list without all verdicts that a
// code can have.
//
// Sources: W3C WebDriver; Chrome DevTools Protocol, Page.captureScreenshot and Emulation; PNG (ISO/IEC 15948), sections 9
// (filters) and 11 (chunks).

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { command, withBrowser } from "./browser.mjs";

/** Names of the pages of which the first screen is shown on the first page of the project. */
const FIRST = new Map([["consistent", "consistent"], ["sold", "sold"], ["conflict", "conflict"], ["altered", "gap"]]);
const VERDICTS = [
  "NOT_COVERED", "RECALLED", "STOLEN", "EXPIRED", "REJECTED", "TAG_FAIL", "OPENED", "CONFLICT", "SOLD", "GAP", "CONDITION", "CONSISTENT", "STRONG",
];
/** Names of the pages that are shown in dark colours too. */
const DARK = ["consistent", "conflict", "recalled"];
const LANGUAGES = ["zh", "en"];
const PHONE = { width: 390, height: 844, deviceScaleFactor: 2, mobile: true };
/** Points of a page of the regulator's desk that are taken at most. */
const MOST_HEIGHT = 2000;
const DESK = { width: 1280, height: 800, deviceScaleFactor: 1, mobile: false };

/** The pages that the list names: code, name, addresses. */
function pagesOf(list) {
  const pages = readFileSync(list, "utf8").trim().split("\n").map((line) => line.split(" "));
  for (const verdict of VERDICTS) {
    if (!pages.some(([code]) => code === verdict)) throw new Error(`${list} has no ${verdict} page`);
  }
  return pages;
}

/** The picture elements of a PNG file with 8 bits a channel, without their filters. */
function decoded(png) {
  let at = 8;
  let head;
  const parts = [];
  while (at < png.length) {
    const length = png.readUInt32BE(at);
    const kind = png.toString("latin1", at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") head = { width: data.readUInt32BE(0), height: data.readUInt32BE(4), bits: data[8], kind: data[9] };
    if (kind === "IDAT") parts.push(data);
    at += length + 12;
  }
  const channels = { 2: 3, 6: 4 }[head.kind];
  if (head.bits !== 8 || !channels) throw new Error(`got colour type ${head.kind} of ${head.bits} bits, expected 2 or 6 of 8`);
  const row = head.width * channels;
  const raw = inflateSync(Buffer.concat(parts));
  const lines = Buffer.alloc(row * head.height);
  for (let y = 0; y < head.height; y += 1) {
    const filter = raw[y * (row + 1)];
    for (let x = 0; x < row; x += 1) {
      const left = x >= channels ? lines[y * row + x - channels] : 0;
      const up = y > 0 ? lines[(y - 1) * row + x] : 0;
      const corner = x >= channels && y > 0 ? lines[(y - 1) * row + x - channels] : 0;
      lines[y * row + x] = raw[y * (row + 1) + 1 + x] + predicted(filter, left, up, corner);
    }
  }
  return { width: head.width, height: head.height, channels, lines };
}

/** What a filter of PNG says that a byte is. */
function predicted(filter, left, up, corner) {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return Math.floor((left + up) / 2);
  if (filter !== 4) return 0;
  const estimate = left + up - corner;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(estimate - value));
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** The same picture with the 256 colours that it has most of; any other becomes the nearest of them. */
function withPalette({ width, height, channels, lines }) {
  const counts = new Map();
  const colours = new Uint32Array(width * height);
  for (let at = 0; at < colours.length; at += 1) {
    const from = at * channels;
    colours[at] = lines[from] * 65536 + lines[from + 1] * 256 + lines[from + 2];
    counts.set(colours[at], (counts.get(colours[at]) ?? 0) + 1);
  }
  const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([colour]) => colour);
  const parts = (colour) => [colour >>> 16, (colour >>> 8) & 255, colour & 255];
  const nearest = new Map(palette.map((colour, place) => [colour, place]));
  for (const colour of counts.keys()) {
    if (nearest.has(colour)) continue;
    const [r, g, b] = parts(colour);
    const far = palette.map((other) => {
      const [or, og, ob] = parts(other);
      return (r - or) ** 2 + (g - og) ** 2 + (b - ob) ** 2;
    });
    nearest.set(colour, far.indexOf(Math.min(...far)));
  }
  const raw = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) raw[y * (width + 1) + 1 + x] = nearest.get(colours[y * width + x]);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const table = Buffer.from(palette.flatMap(parts));
  const body = [chunk("IHDR", head), chunk("PLTE", table), chunk("IDAT", deflateSync(raw, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...body]);
}

/** A chunk of a PNG file: length, kind, data, checksum. */
function chunk(kind, data) {
  const named = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** Opens a page and takes it. A chip's has an address for each language; the tap of one is used up by the first look. */
async function take(session, [code, name, ...addresses], language, folder) {
  const page = addresses[LANGUAGES.indexOf(language) % addresses.length];
  const cdp = (cmd, params) => command(`${session}/goog/cdp/execute`, { cmd, params });
  const screen = (metrics) => cdp("Emulation.setDeviceMetricsOverride", metrics);
  const colours = (value) => cdp("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
  const whole = async (form) => {
    const { cssContentSize: { width, height } } = await cdp("Page.getLayoutMetrics", {});
    const clip = { x: 0, y: 0, width, height, scale: form === "phone" ? 0.5 : 0.625 };
    const shot = await cdp("Page.captureScreenshot", { format: "webp", quality: 40, clip, captureBeyondViewport: true });
    writeFileSync(join(folder, `${name}.${language}.${form}.webp`), Buffer.from(shot.data, "base64"));
  };
  await screen(PHONE);
  await colours("light");
  await command(`${session}/url`, { url: `${page}${page.includes("?") ? "&" : "?"}lang=${language}` });
  const script = "return document.querySelector('main').dataset.code";
  const shown = await command(`${session}/execute/sync`, { script, args: [] });
  if (shown !== code) throw new Error(`${page} shows ${shown}, expected ${code}`);
  if (FIRST.has(name)) {
    const picture = Buffer.from(await command(`${session}/screenshot`), "base64");
    writeFileSync(join(folder, `${FIRST.get(name)}.${language}.png`), withPalette(decoded(picture)));
  }
  await whole("phone");
  await screen(DESK);
  await whole("desk");
  if (DARK.includes(name) && language === "en") {
    await colours("dark");
    // Chromium paints some things in the new colours a frame later.
    const painted = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))";
    await command(`${session}/execute/async`, { script: painted, args: [] });
    await whole("desk-dark");
  }
}

/** Logs in at the regulator's desk and takes its pages. */
async function takeDesk(session, list, folder) {
  const lines = readFileSync(list, "utf8").trim().split("\n");
  const desk = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]));
  const cdp = (cmd, params) => command(`${session}/goog/cdp/execute`, { cmd, params });
  const open = (path) => command(`${session}/url`, { url: `${desk.url}${path}` });
  const run = (script) => command(`${session}/execute/sync`, { script, args: [] });
  await cdp("Emulation.setDeviceMetricsOverride", DESK);
  await cdp("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "light" }] });
  await open("/login");
  await run(`document.querySelector("#key").value = ${JSON.stringify(desk.key)}; document.querySelector("form").submit();`);
  const inside = "return document.querySelector('form[action=\"/logout\"]') !== null";
  for (const deadline = Date.now() + 10_000; !(await run(inside)); ) {
    if (Date.now() > deadline) throw new Error(`${desk.url} did not let the inspector in`);
  }
  const why = "why=recall%20seven";
  const pages = new Map([
    ["search", `/search?q=${encodeURIComponent(`item:${desk.item}`)}&${why}`],
    ["item", `/item?thing=${encodeURIComponent(desk.item)}&${why}`],
    ["tree", `/tree?thing=${encodeURIComponent(desk.lot)}&direction=forward&${why}`],
  ]);
  for (const language of LANGUAGES) {
    await open(`/language/${language}?to=%2F`);
    for (const [name, path] of pages) {
      await open(path);
      if (!(await run("return document.querySelector('main section') !== null"))) throw new Error(`${desk.url}${path} shows nothing`);
      const { cssContentSize: { width, height } } = await cdp("Page.getLayoutMetrics", {});
      const clip = { x: 0, y: 0, width, height: Math.min(height, MOST_HEIGHT), scale: 0.75 };
      const shot = await cdp("Page.captureScreenshot", { format: "webp", quality: 50, clip, captureBeyondViewport: true });
      writeFileSync(join(folder, `desk-${name}.${language}.webp`), Buffer.from(shot.data, "base64"));
    }
  }
}

async function main([list, desk, folder]) {
  const pages = pagesOf(list);
  await withBrowser(async (session) => {
    for (const page of pages) {
      for (const language of LANGUAGES) await take(session, page, language, folder);
    }
    await takeDesk(session, desk, folder);
  });
}

await main(process.argv.slice(2));
