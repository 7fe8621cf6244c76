// Verifies a bundle in the browser, with WebCrypto and nothing else.
//
// The way: verify(text, policyText) -> { outcome, checks: [[name, "passed" | "failed" | "not checked", detail]] }.
// What holds: the steps and their order are those of docs/formats/bundle-v1.md; nothing in the file is trusted
// because it is in the file; whatever cannot be checked here is listed as not checked.
// Not here: the anchor's receipt trie (it needs Keccak); `chopmark verify` checks it.

const utf8 = new TextEncoder();
const LISTS = new Set(["epcList", "childEPCs", "inputEPCList", "outputEPCList", "quantityList",
  "childQuantityList", "inputQuantityList", "outputQuantityList", "sensorElementList"]);
const RSA_NAME = "chopmark.org/rsa-pss-3072-sha256\n";
const FORMAT = "chopmark.org/bundle@v1";

class Refuted extends Error {}
const need = (condition, text) => { if (!condition) throw new Refuted(text); };

const concat = (...parts) => {
  const bytes = parts.map((part) => (typeof part === "string" ? utf8.encode(part) : Uint8Array.from(part)));
  const out = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
  bytes.reduce((at, part) => (out.set(part, at), at + part.length), 0);
  return out;
};
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (a, b) => toHex(a) === toHex(b);
const fromHex = (text, length) => {
  need(typeof text === "string" && /^([0-9a-f]{2})*$/.test(text), "a value is not lowercase hex");
  const bytes = Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  need(length === undefined || bytes.length === length, `a value has not ${length} bytes`);
  return bytes;
};
const hash = (text) => fromHex(text, 32);
const fromBase64 = (text) => {
  let bytes;
  try { bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); } catch { throw new Refuted("a value is not base64"); }
  need(btoa(String.fromCharCode(...bytes)) === text, "a value is not strict base64");
  return bytes;
};
const u64 = (number) => {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(number));
  return out;
};
const isWhole = (number) => Number.isSafeInteger(number) && number >= 0;

// --- canonical JSON -------------------------------------------------------------------------------------------

const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const names = Object.keys(value).sort(); // by UTF-16 code units, as RFC 8785 asks
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
};
const members = (value, required, optional = []) => {
  need(value !== null && typeof value === "object" && !Array.isArray(value), "an object is missing");
  for (const name of required) need(name in value, `member ${name} is missing`);
  for (const name of Object.keys(value)) {
    need(required.includes(name) || optional.includes(name), `member ${name} is not known`);
  }
  return value;
};

// --- the tree, RFC 9162 section 2.1 ------------------------------------------------------------------------------

const node = (left, right) => sha256([1], left, right);
const root = async (leaves) => {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return node(await root(leaves.slice(0, split)), await root(leaves.slice(split)));
};
const climb = async (index, leaf, size, path) => {
  need(isWhole(index) && isWhole(size) && index < size, "a place is outside its tree");
  let [place, last, seen, used] = [BigInt(index), BigInt(size) - 1n, leaf, 0];
  while (last > 0n) {
    if (place % 2n === 1n || place === last) {
      if (place % 2n === 0n) { // no sibling at this level
        [place, last] = [place / 2n, last / 2n];
        continue;
      }
      need(used < path.length, "a path is too short");
      seen = await node(hash(path[used++]), seen);
    } else {
      need(used < path.length, "a path is too short");
      seen = await node(seen, hash(path[used++]));
    }
    [place, last] = [place / 2n, last / 2n];
  }
  need(used === path.length, "a path is too long");
  return seen;
};

// --- policy and checkpoints ---------------------------------------------------------------------------------------

const parseKey = async (text) => {
  const [name, id, encoded] = [text.split("+")[0], text.split("+")[1], text.split("+").slice(2).join("+")];
  const bytes = fromBase64(encoded);
  const right = toHex((await sha256(name, "\n", bytes)).slice(0, 4));
  need(id === right, "a key's hash does not belong to it");
  if (bytes[0] === 1 && bytes.length === 33) return { name, id, kind: "Ed25519", key: bytes.slice(1) };
  const prefix = concat([0xff], RSA_NAME);
  need(same(bytes.slice(0, prefix.length), prefix), "a key is of an unknown kind");
  return { name, id, kind: "RSA", key: bytes.slice(prefix.length) };
};
const parsePolicy = async (text) => {
  const policy = { log: [], hub: [], chain: [] };
  for (const line of text.split("\n")) {
    const words = line.split("#")[0].trim().split(/\s+/);
    if (words[0] === "log" || words[0] === "hub") policy[words[0]].push(await parseKey(words[1]));
    if (words[0] === "chain") policy.chain.push(`${words[1]} ${words[2]}`);
  }
  return policy;
};
const checkSignature = async (key, message, signature) => {
  const algorithm = key.kind === "RSA" ? { name: "RSA-PSS", hash: "SHA-256" } : { name: "Ed25519" };
  const form = key.kind === "RSA" ? "spki" : "raw";
  const imported = await crypto.subtle.importKey(form, key.key, algorithm, false, ["verify"]);
  const how = key.kind === "RSA" ? { name: "RSA-PSS", saltLength: 32 } : { name: "Ed25519" };
  return crypto.subtle.verify(how, imported, signature, message);
};
const checkpoint = async (note, origin, keys, report) => {
  const split = note.lastIndexOf("\n\n");
  need(split > 0, "a checkpoint is no signed note");
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2).split("\n");
  need(lines.length === 3 && lines[2] === "", "a checkpoint has not two signatures");
  const body = text.split("\n");
  need(body.length === 4 && body[0] === origin && /^(0|[1-9][0-9]*)$/.test(body[1]), "a checkpoint is malformed");
  for (const [place, kind] of [[0, "Ed25519"], [1, "RSA"]]) {
    const found = /^— (\S+) (\S+)$/.exec(lines[place]);
    need(found && found[1] === origin, "a signature is by another name");
    const bytes = fromBase64(found[2]);
    need(bytes.length === 4 + (kind === "RSA" ? 384 : 64), "a signature has the wrong length");
    const known = keys.filter((key) => key.name === origin && key.kind === kind);
    if (known.length === 0) { report.cannotTell(`no ${kind} key of ${origin} is trusted`); continue; }
    const key = known.find((one) => one.id === toHex(bytes.slice(0, 4)));
    need(key, `no trusted ${kind} key of ${origin} made this signature`);
    let verified;
    try {
      verified = await checkSignature(key, utf8.encode(text), bytes.slice(4));
    } catch {
      report.notChecked(`${kind} signature of ${origin}`, "this browser cannot check it");
      continue;
    }
    need(verified, `the ${kind} signature of ${origin} does not verify`);
  }
  const size = Number(body[1]);
  need(isWhole(size), "a checkpoint's size is out of range");
  return { size, root: fromBase64(body[2]) };
};

// --- records ------------------------------------------------------------------------------------------------------

const canonicalText = (text) => {
  need(typeof text === "string", "a value is no text");
  let value;
  try { value = JSON.parse(text); } catch { throw new Refuted("a value is no JSON"); }
  return value;
};
const named = (value) => (typeof value === "string" ? value : value && value.epcClass);

const recordLeaf = async (record, names) => {
  const digests = [];
  let last;
  need(Array.isArray(record.fields) && record.fields.length > 0, "a record has no fields");
  for (const field of record.fields) {
    if ("digest" in field) {
      members(field, ["digest"]);
      digests.push(hash(field.digest));
      continue;
    }
    need(typeof field.name === "string", "a field has no name");
    const name = utf8.encode(field.name);
    need(last === undefined || toHex(last) < toHex(name), "fields are out of order");
    last = name;
    if ("value" in field) {
      members(field, ["name", "salt", "value"]);
      need(!LISTS.has(field.name), "a list is shown as a plain field");
      const value = canonicalText(field.value);
      if (field.name === "parentID") names.parent = value;
      names.shown[field.name] = value;
      digests.push(await sha256([0x10], fromHex(field.salt, 16), u64(name.length), name, field.value));
      continue;
    }
    members(field, ["name", "count", "elements"]);
    need(LISTS.has(field.name) && isWhole(field.count) && Array.isArray(field.elements), "a list is malformed");
    const leaves = [];
    let before = -1;
    for (const element of field.elements) {
      members(element, ["index", "salt", "value", "path"]);
      need(isWhole(element.index) && element.index > before && element.index < field.count, "elements are out of order");
      before = element.index;
      const value = canonicalText(element.value);
      if (field.name !== "sensorElementList") names.all.push(named(value));
      if (field.name === "childEPCs") names.children.push(value);
      leaves.push(await sha256([0], await sha256([0x11], fromHex(element.salt, 16), element.value)));
    }
    let top;
    if (leaves.length === field.count) {
      need(field.elements.every((element) => element.path.length === 0), "a whole list needs no paths");
      top = await root(leaves);
    } else {
      need(leaves.length > 0, "a list shows nothing");
      for (const [place, element] of field.elements.entries()) {
        const found = await climb(element.index, leaves[place], field.count, element.path);
        need(top === undefined || same(top, found), "elements lead to different roots");
        top = found;
      }
    }
    digests.push(await sha256([0x12], u64(name.length), name, u64(field.count), top));
  }
  if (names.parent) names.all.push(names.parent);
  return sha256([0], await sha256([0x13], u64(digests.length), ...digests));
};

// --- the whole ----------------------------------------------------------------------------------------------------

class Report {
  constructor() { this.checks = []; this.isUnsure = false; this.item = null; this.records = []; }
  passed(name, detail) { this.checks.push([name, "passed", detail]); }
  notChecked(name, detail) { this.checks.push([name, "not checked", detail]); }
  cannotTell(detail) { this.isUnsure = true; this.notChecked("trust", detail); }
}

const checkAll = async (text, policy, report) => {
  let bundle;
  try { bundle = JSON.parse(text); } catch { throw new Refuted("the file is no JSON"); }
  need(canonical(bundle) === text, "the file is not in its one form");
  members(bundle, ["format", "item", "histories"], ["hub", "anchor"]);
  need(bundle.format === FORMAT, "the file has another format");
  report.item = bundle.item;
  report.passed("form", "the file is in its one form");
  let hub;
  if (bundle.hub) {
    members(bundle.hub, ["origin", "checkpoint"]);
    hub = await checkpoint(bundle.hub.checkpoint, bundle.hub.origin, policy.hub, report);
    report.passed("hub", `${bundle.hub.origin} signed a checkpoint over ${hub.size} entries`);
  }
  const everything = [];
  for (const history of bundle.histories) {
    members(history, ["origin", "records", "history_root", "checkpoint"], ["hub"]);
    const signed = await checkpoint(history.checkpoint, history.origin, policy.log, report);
    const own = [];
    let before = -1;
    for (const record of history.records) {
      members(record, ["disclosed", "index", "path", "names"], ["of"]);
      members(record.disclosed, ["fields"]);
      need(record.index > before, "records are out of order");
      before = record.index;
      const names = { all: [], children: [], parent: null, shown: {} };
      const leaf = await recordLeaf(record.disclosed, names);
      need(same(await climb(record.index, leaf, signed.size, record.path), signed.root),
        `record ${record.index} is not in the ledger ${history.origin}`);
      need(record.names === "item" ? !("of" in record) : record.names === "container" && "of" in record,
        "a record does not say why it is here");
      if (record.names === "item") {
        need(names.all.includes(bundle.item), "a record does not name the item");
        own.push(leaf);
      }
      everything.push({ names, record });
      report.records.push({ origin: history.origin, index: record.index, shown: names.shown });
    }
    need(same(await root(own), hash(history.history_root)), "the history root does not fit");
    report.passed("ledger", `${history.origin}: ${history.records.length} records are in the signed tree of ${signed.size}`);
    if (history.hub) {
      need(hub, "a path into a hub without the hub");
      const entry = await sha256([0], history.checkpoint);
      need(same(await climb(history.hub.index, entry, hub.size, history.hub.path), hub.root),
        `the checkpoint of ${history.origin} is not in the hub`);
      report.passed("hub entry", `the checkpoint of ${history.origin} is entry ${history.hub.index}`);
    }
  }
  const containers = new Set();
  for (let grown = true; grown;) {
    grown = false;
    for (const { names } of everything) {
      const holds = names.children.some((child) => child === bundle.item || containers.has(child));
      if (holds && names.parent && !containers.has(names.parent)) {
        containers.add(names.parent);
        grown = true;
      }
    }
  }
  for (const { names, record } of everything) {
    if (record.names === "container") {
      need(names.all.includes(record.of) && containers.has(record.of), "a record names no container of the item");
    }
  }
  if (!everything.some(({ record }) => record.names === "item")) report.cannotTell("no record names the item");
  if (bundle.anchor) {
    need(hub, "an anchor without a hub");
    const { anchor } = bundle;
    if (policy.chain.length === 0) report.cannotTell("no chain is trusted");
    else need(policy.chain.includes(`${anchor.chain_id} 0x${anchor.contract}`), "the anchor is on another chain or contract");
    need(same(hash(anchor.hub_id), await sha256(bundle.hub.origin)) && anchor.size === hub.size, "the anchor is of another hub");
    report.notChecked("anchor", "the receipt's trie and the block need Keccak and a chain; chopmark verify checks them");
  }
  report.notChecked("completeness", "that no record was left out");
  report.notChecked("truth", "that what was stated is so, and that the object is the one recorded");
};

export async function verify(text, policyText) {
  const report = new Report();
  try {
    await checkAll(text, await parsePolicy(policyText), report);
    report.outcome = report.isUnsure ? "cannot tell" : "proved";
  } catch (error) {
    report.checks.push(["refuted", "failed", error instanceof Refuted ? error.message : "the file is malformed"]);
    report.outcome = "refuted";
  }
  return report;
}

// --- the page -----------------------------------------------------------------------------------------------------

const WORDS = {
  zh: { proved: "已证实：记录在签名账本中", refuted: "不成立：文件被改动或不完整", "cannot tell": "无法判断：缺少可信的密钥", passed: "已检查", "not checked": "未检查", failed: "不符" },
  en: { proved: "Proved: the records are in the signed ledgers", refuted: "Refuted: the file was changed or is not whole", "cannot tell": "Cannot tell: no trusted key", passed: "checked", "not checked": "not checked", failed: "failed" },
};
const show = (place, report, lang) => {
  const words = WORDS[lang] ?? WORDS.en;
  const lines = report.checks.map(([name, outcome, detail]) => `${words[outcome]} · ${name}: ${detail}`);
  place.dataset.outcome = report.outcome;
  place.textContent = [words[report.outcome], ...lines].join("\n");
};

if (typeof document !== "undefined") {
  const button = document.getElementById("check");
  const place = document.getElementById("result");
  if (button) {
    button.hidden = false;
    // Fetched when the page loads, so that checking works with the network off.
    const fetched = Promise.all([fetch(button.dataset.bundle), fetch("/policy")].map(async (answer) => (await answer).text()));
    button.addEventListener("click", async () => {
      const [bundle, policy] = await fetched;
      show(place, await verify(bundle, policy), button.dataset.lang);
    });
  }
  const file = document.getElementById("file");
  if (file) {
    const own = document.getElementById("policy");
    const fetched = fetch("/policy").then((answer) => answer.text());
    const check = async () => {
      if (!file.files[0]) return;
      const policy = own.files[0] ? await own.files[0].text() : await fetched;
      show(place, await verify(await file.files[0].text(), policy), navigator.language.slice(0, 2));
    };
    file.addEventListener("change", check);
    own.addEventListener("change", check);
  }
}
