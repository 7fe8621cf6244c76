// The browser's verifier against the ledger's golden bundles: `node --test`.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { verify } from "./verify.js";

const golden = new URL("../../../crates/ledger/tests/golden/", import.meta.url);
const read = (name) => readFileSync(new URL(name, golden), "utf8");
const policy = read("policy.txt");
const valid = read("valid/item.bundle.json");

test("the golden bundle is proved", async () => {
  const report = await verify(valid, policy);
  assert.equal(report.outcome, "proved", JSON.stringify(report.checks));
});

test("a bundle is not proved without the keys", async () => {
  assert.equal((await verify(valid, "quorum none\n")).outcome, "cannot tell");
});

test("no corrupted golden bundle is proved", async () => {
  for (const name of readdirSync(new URL("invalid/", golden)).filter((one) => one.endsWith(".json"))) {
    // What only Keccak can tell is listed as not checked by this verifier, not as proved.
    if (/receipt|header|block|trie|anchor/.test(name)) continue;
    const report = await verify(read(`invalid/${name}`), policy);
    assert.notEqual(report.outcome, "proved", `${name} ${JSON.stringify(report.checks)}`);
  }
});

test("a flipped bit outside the anchor is refuted", async () => {
  const bytes = new TextEncoder().encode(valid);
  const anchor = valid.indexOf('"anchor"');
  const end = valid.indexOf('"format"');
  for (let bit = 5; bit < bytes.length * 8; bit += 997) {
    const at = bit >> 3;
    if (at >= anchor && at < end) continue;
    const changed = bytes.slice();
    changed[at] ^= 1 << (bit & 7);
    const text = new TextDecoder("utf-8", { fatal: false }).decode(changed);
    assert.equal((await verify(text, policy)).outcome, "refuted", `bit ${bit}`);
  }
});
