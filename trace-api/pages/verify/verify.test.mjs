// The browser's verifier against the golden bundles of crates/ledger: `node --test`.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { verify } from "./verify.js";

const golden = new URL("../../../crates/ledger/tests/golden/", import.meta.url);
const read = (name) => readFileSync(new URL(name, golden), "utf8");
const policy = read("policy.txt");
const valid = read("valid/item.bundle.json");
const lineOf = (word) => policy.split("\n").find((line) => line.startsWith(`${word} `));

test("the golden bundle is proved", async () => {
  const report = await verify(valid, policy);
  assert.equal(report.outcome, "proved", JSON.stringify(report.checks));
});

test("a bundle is not proved without the keys", async () => {
  assert.equal((await verify(valid, "quorum none\n")).outcome, "cannot tell");
});

test("every corrupted golden bundle is refuted", async () => {
  for (const name of readdirSync(new URL("invalid/", golden)).filter((one) => one.endsWith(".json"))) {
    const report = await verify(read(`invalid/${name}`), policy);
    assert.equal(report.outcome, "refuted", `${name} ${JSON.stringify(report.checks)}`);
  }
});

test("a file that is no whole bundle is neither proved nor refuted", async () => {
  const folder = readdirSync(new URL("no-bundle/", golden)).filter((one) => one.endsWith(".json")).map((one) => read(`no-bundle/${one}`));
  assert.ok(folder.length >= 4);
  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]);
  for (const file of [...folder, "", "<!doctype html><title>x</title>", png, "{}", "[1,2]", "null", valid.slice(0, -1)]) {
    const report = await verify(file, policy);
    assert.equal(report.outcome, "cannot tell", JSON.stringify(report.checks));
    assert.match(report.checks.at(-1)[2], /this is no whole bundle/);
  }
});

test("a flipped bit is refuted, or leaves no bundle", async () => {
  const bytes = new TextEncoder().encode(valid);
  for (let bit = 5; bit < bytes.length * 8; bit += 997) {
    const changed = bytes.slice();
    changed[bit >> 3] ^= 1 << (bit & 7);
    const report = await verify(changed, policy);
    assert.equal(report.outcome, report.isNoBundle ? "cannot tell" : "refuted", `bit ${bit}`);
  }
});

test("each bundle of a rotated ledger has the outcome written beside it", async () => {
  const names = readdirSync(new URL("rotation/", golden)).filter((one) => one.endsWith(".bundle.json"));
  assert.equal(names.length, 17);
  for (const name of names) {
    const report = await verify(read(`rotation/${name}`), read("rotation/policy.txt"));
    const [expected] = read(`rotation/${name.replace(".bundle.json", ".expected")}`).split("\n");
    assert.equal(report.outcome, expected, `${name} ${JSON.stringify(report.checks)}`);
  }
});

test("a checkpoint signed by a retired key is refuted in plain words", async () => {
  const report = await verify(read("rotation/old-pair-above.bundle.json"), read("rotation/policy.txt"));
  assert.equal(report.checks.at(-1)[2], "checkpoint of size 5: expected a valid Ed25519 signature of "
    + "`factory.example/line-1` by a key in force at that size, got none");
});

test("of a policy with keys of one kind, that kind is required and the other is not", async () => {
  const lines = policy.split("\n");
  const ofKind = (isRsa) => lines.filter((line) => !/^(log|hub)/.test(line) || line.length > 300 === isRsa).join("\n");
  for (const isRsa of [false, true]) {
    assert.equal((await verify(valid, ofKind(isRsa))).outcome, "proved", `RSA ${isRsa}`);
  }
  const rotation = `${policy}\n${read("rotation/policy.txt")}`;
  assert.equal((await verify(valid, rotation)).outcome, "cannot tell", "the same keys in overlapping windows");
});

test("a policy line that is not understood gives no outcome against the file", async () => {
  const key = lineOf("log").split(" ")[1];
  for (const [line, problem] of [
    ["logs a", "got `logs` with 1 words"],
    ["log a", "verifier key `a`: expected name+id+key"],
    [`log ${key} somewhere`, "got `somewhere` after the key, expected [from <size>] [until <size>]"],
    [`log ${key} until 9 from 2`, "got `until 9 from 2` after the key"],
    [`log ${key} from`, "got `from` after the key"],
    [`log ${key} from 09`, "got size `09`, expected a decimal number without leading zeros"],
    [`log ${key} from 18446744073709551616`, "got size `18446744073709551616`"],
    [`log ${key} from 9 until 9`, "expected a `from` below `until`"],
    [`hub ${key} http://a`, "got `http://a` after the key"],
    [`log ${key} # comment`, "got `# comment` after the key"],
    [`log ${key.replace(/.$/, "!")}`, "expected base64"],
    ["quorum w", "got `w`, expected a witness or group of a line above"],
    ["chain 1 0x00", "got contract `0x00`"],
  ]) {
    const report = await verify(valid, `# keys\n${line}\n`);
    assert.equal(report.outcome, "cannot tell", line);
    const [name, outcome, detail] = report.checks.at(-1);
    assert.deepEqual([name, outcome], ["policy", "failed"]);
    assert.ok(detail.startsWith("policy line 2: ") && detail.includes(problem), detail);
  }
});

test("every form of a policy line is read", async () => {
  const key = lineOf("log").split(" ")[1];
  const text = `  # comment\r\n\n${policy}witness w1 ${key} https://w.example/\nwitness w2 ${key}\ngroup g 2 w1 w2\nquorum none\n`;
  assert.equal((await verify(valid, text)).outcome, "proved");
  assert.equal((await verify(valid, `${text}quorum g\n`)).outcome, "cannot tell");
  const windows = policy.replaceAll(/^(log .*)$/gm, "$1 https://log.example/ from 1 until 6");
  assert.equal((await verify(valid, windows)).outcome, "proved");
});

test("a browser without an algorithm that the policy requires cannot tell", async (context) => {
  const original = crypto.subtle.importKey;
  for (const missing of ["Ed25519", "RSA-PSS"]) {
    context.mock.method(crypto.subtle, "importKey", function importKey(form, key, algorithm, ...rest) {
      if (algorithm.name === missing) throw new DOMException("Unrecognized name.", "NotSupportedError");
      return original.call(this, form, key, algorithm, ...rest);
    });
    const report = await verify(valid, policy);
    assert.equal(report.outcome, "cannot tell", missing);
    assert.ok(report.checks.some(([, , detail]) => detail.includes("this browser cannot check the")));
    context.mock.restoreAll();
  }
});

test("a page without WebCrypto cannot tell", async () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
  try {
    assert.equal((await verify(valid, policy)).outcome, "cannot tell");
  } finally {
    Object.defineProperty(globalThis, "crypto", own);
  }
});

test("an anchor is listed as not checked, with what it states", async () => {
  const report = await verify(valid, policy);
  const lines = report.checks.filter(([name]) => name === "anchor");
  assert.equal(lines.length, 1);
  assert.equal(lines[0][1], "not checked");
  assert.match(lines[0][2], /publishes size 5 and root of hub.example; no endpoint was asked/);
});
