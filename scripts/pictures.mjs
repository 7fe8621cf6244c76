// Takes the verdict pages of a running demo as a phone shows them, in both languages.
//
// node scripts/pictures.mjs DEMO.log FOLDER
//
// The way through: the demo's log has one line for each page, its verdict and its address; ChromeDriver opens it on a
// screen of 390 by 844 points; the picture is written with a palette, which is a third of the bytes.
//
// What holds: a page that shows another verdict than its link says is an error, and so is a log without all verdicts.
//
// Sources: W3C WebDriver; PNG (ISO/IEC 15948), sections 9 (filters) and 11 (chunks).

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { crc32, deflateSync, inflateSync } from "node:zlib";

const VERDICTS = ["CONSISTENT", "SOLD", "CONFLICT", "GAP"];
const LANGUAGES = ["zh", "en"];
const PHONE = { width: 390, height: 844, pixelRatio: 2 };
const PATIENCE_MS = 30_000;

/** The pages that the demo's log names, by verdict. */
function pagesOf(log) {
  const pages = new Map();
  for (const line of readFileSync(log, "utf8").split("\n")) {
    const words = line.trim().split(/\s+/u);
    if (words.length === 2 && VERDICTS.includes(words[0])) pages.set(words[0], words[1]);
  }
  for (const verdict of VERDICTS) {
    if (!pages.has(verdict)) throw new Error(`${log} has no link to a ${verdict} page`);
  }
  return pages;
}

/** A port that nothing listens on. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** One command of WebDriver; its value. */
async function command(url, body) {
  const method = body === undefined ? "GET" : body === null ? "DELETE" : "POST";
  const answer = await fetch(url, { method, body: body ? JSON.stringify(body) : undefined });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${url}: ${value.message}`);
  return value;
}

/** Asks until ChromeDriver is ready. */
async function ready(url) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      if ((await command(`${url}/status`)).ready) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
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

async function main([log, folder]) {
  const pages = pagesOf(log);
  const port = await freePort();
  const driver = spawn(process.env.CHOPMARK_CHROMEDRIVER || "chromedriver", [`--port=${port}`], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  try {
    await ready(url);
    const chrome = {
      binary: process.env.CHOPMARK_CHROMIUM || "/usr/bin/chromium",
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-lcd-text", "--disable-background-networking"],
      mobileEmulation: { deviceMetrics: PHONE },
    };
    const capabilities = { alwaysMatch: { "goog:chromeOptions": chrome } };
    const { sessionId } = await command(`${url}/session`, { capabilities });
    const session = `${url}/session/${sessionId}`;
    for (const [verdict, page] of pages) {
      for (const language of LANGUAGES) {
        await command(`${session}/url`, { url: `${page}?lang=${language}` });
        const script = "return document.querySelector('main').dataset.code";
        const shown = await command(`${session}/execute/sync`, { script, args: [] });
        if (shown !== verdict) throw new Error(`${page} shows ${shown}, expected ${verdict}`);
        const picture = Buffer.from(await command(`${session}/screenshot`), "base64");
        writeFileSync(join(folder, `${verdict.toLowerCase()}.${language}.png`), withPalette(decoded(picture)));
      }
    }
    await command(session, null);
  } finally {
    driver.kill();
  }
}

await main(process.argv.slice(2));
