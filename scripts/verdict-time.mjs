// Measures when the verdict can be read on a slow line: 150 ms there and back, 1.6 Mbit/s, an empty cache.
//
// node scripts/verdict-time.mjs PAGES [ROUNDS]
//
// The way through: PAGES is the list that `chopmark-demo play --more-verdicts` writes (`pages.txt`); Chromium opens each page on a
// phone's screen over the slow line, ROUNDS times (5), and says when it first painted text; the style is in the page, so the
// verdict is painted with it. Printed: for each page the median and the largest, in milliseconds, and the bytes that were sent.
//
// Not here: TLS, which takes another 150 to 300 ms; the browser slows requests down, not connections.
//
// Sources: Chrome DevTools Protocol, Network.emulateNetworkConditions; W3C Paint Timing.

import { readFileSync } from "node:fs";
import { command, withBrowser } from "./browser.mjs";

const LATENCY_MS = 150;
const BYTES_PER_SECOND = 1_600_000 / 8;
const PHONE = { width: 390, height: 844, deviceScaleFactor: 2, mobile: true };
/** A phone of the middle range computes about four times as long as this machine's browser. */
const SLOWER = 4;

async function measure(session, url) {
  const cdp = (cmd, params) => command(`${session}/goog/cdp/execute`, { cmd, params });
  await cdp("Network.clearBrowserCache", {});
  await command(`${session}/url`, { url });
  const script = `const [page] = performance.getEntriesByType("navigation");
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    return [paint?.startTime, page.transferSize, document.querySelector("h1").textContent];`;
  for (;;) {
    const [at, bytes, verdict] = await command(`${session}/execute/sync`, { script, args: [] });
    if (at !== null && at !== undefined) return { at, bytes, verdict };
  }
}

async function main([list, rounds = "5"]) {
  const pages = readFileSync(list, "utf8").trim().split("\n").map((line) => line.split(" "));
  await withBrowser(async (session) => {
    const cdp = (cmd, params) => command(`${session}/goog/cdp/execute`, { cmd, params });
    await cdp("Emulation.setDeviceMetricsOverride", PHONE);
    await cdp("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    await cdp("Network.enable", {});
    const line = { offline: false, latency: LATENCY_MS, downloadThroughput: BYTES_PER_SECOND, uploadThroughput: BYTES_PER_SECOND };
    await cdp("Network.emulateNetworkConditions", line);
    for (const [, name, page] of pages) {
      const found = [];
      for (let round = 0; round < Number(rounds); round += 1) found.push(await measure(session, `${page}${page.includes("?") ? "&" : "?"}lang=zh`));
      const times = found.map(({ at }) => Math.round(at)).sort((a, b) => a - b);
      console.log(`${name}: ${times[times.length >> 1]} ms, at most ${times.at(-1)} ms, ${found[0].bytes} bytes`);
    }
  });
}

await main(process.argv.slice(2));
