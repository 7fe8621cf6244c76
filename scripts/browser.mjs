// Chromium for scripts, by its driver.
//
// What holds: the driver ends with what was done in the browser, also if that failed.
//
// Sources: W3C WebDriver; Chrome DevTools Protocol.

import { spawn } from "node:child_process";
import { createServer } from "node:net";

const PATIENCE_MS = 30_000;

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
export async function command(url, body) {
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

/** Starts a browser, gives the address of its session to `work`, and ends it. */
export async function withBrowser(work) {
  const port = await freePort();
  const driver = spawn(process.env.CHOPMARK_CHROMEDRIVER || "chromedriver", [`--port=${port}`], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  try {
    await ready(url);
    const chrome = {
      binary: process.env.CHOPMARK_CHROMIUM || "/usr/bin/chromium",
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-lcd-text", "--disable-background-networking"],
    };
    const capabilities = { alwaysMatch: { "goog:chromeOptions": chrome } };
    const { sessionId } = await command(`${url}/session`, { capabilities });
    await work(`${url}/session/${sessionId}`);
    await command(`${url}/session/${sessionId}`, null);
  } finally {
    driver.kill();
  }
}
