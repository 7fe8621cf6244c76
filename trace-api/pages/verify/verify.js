// Verifies a bundle in the browser, with WebCrypto and nothing else.
//
// Entry: verify(text, policyText) -> { outcome, checks: [[name, "passed" | "failed" | "not checked", detail]] }.
// What holds: the steps and their order are those of docs/formats/bundle-v1.md, the policy file and the decision
// whether a checkpoint is signed those of checkpoint-v1.md; nothing in the bundle is trusted because it is in the
// bundle; whatever cannot be checked here is listed as not checked.
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
  need(typeof text === "string" && /^([0-9a-f]{2})*$/.test(text), "got a value that is not lowercase hex");
  const bytes = Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  need(length === undefined || bytes.length === length, `got a value of ${bytes.length} bytes, expected ${length}`);
  return bytes;
};
const hash = (text) => fromHex(text, 32);
const fromBase64 = (text) => {
  let bytes;
  try { bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); } catch { throw new Refuted("got a value that is not base64"); }
  need(btoa(String.fromCharCode(...bytes)) === text, "got a value that is not base64 with padding and no stray bits");
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
  need(value !== null && typeof value === "object" && !Array.isArray(value), "expected an object");
  for (const name of required) need(name in value, `member ${name} is missing`);
  for (const name of Object.keys(value)) {
    need(required.includes(name) || optional.includes(name), `got unknown member ${name}`);
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
// The root that an inclusion path leads to; size: a BigInt.
const climb = async (index, leaf, size, path) => {
  need(isWhole(index) && index < size, `leaf index ${index} is not in a tree of ${size} leaves`);
  let [place, last, current, used] = [BigInt(index), size - 1n, leaf, 0];
  while (last > 0n) {
    if (place % 2n === 1n || place === last) {
      if (place % 2n === 0n) { // no sibling at this level
        [place, last] = [place / 2n, last / 2n];
        continue;
      }
      need(used < path.length, "a path is too short");
      current = await node(hash(path[used++]), current);
    } else {
      need(used < path.length, "a path is too short");
      current = await node(current, hash(path[used++]));
    }
    [place, last] = [place / 2n, last / 2n];
  }
  need(used === path.length, "a path is too long");
  return current;
};

// --- the policy file ----------------------------------------------------------------------------------------------

class PolicyError extends Error {}
const inPolicy = (condition, text) => { if (!condition) throw new PolicyError(text); };
const byteLength = (text) => utf8.encode(text).length;
const isKeyName = (name) => name !== "" && byteLength(name) <= 255 && !/[\p{White_Space}\p{Cc}+]/u.test(name);

// A number of 64 bits without leading zeros, as a BigInt; undefined for any other text.
const decimal = (text) => {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text) || BigInt(text) >= 2n ** 64n) return undefined;
  return BigInt(text);
};
// A public key of 3072 bits with exponent 65537, as SubjectPublicKeyInfo.
const isRsaKey = (key) => key.length === 422 && key[33] >= 0x80 && toHex(key.slice(-5)) === "0203010001"
  && toHex(key.slice(0, 33)) === "308201a2300d06092a864886f70d01010105000382018f003082018a0282018100";
const parseKey = async (text) => {
  const [name, id, ...rest] = text.split("+");
  inPolicy(rest.length > 0, `verifier key \`${text}\`: expected name+id+key`);
  let bytes;
  try { bytes = fromBase64(rest.join("+")); } catch { throw new PolicyError(`key of \`${name}\`: expected base64`); }
  const prefix = concat([0xff], RSA_NAME);
  const isRsa = same(bytes.slice(0, prefix.length), prefix) && isRsaKey(bytes.slice(prefix.length));
  const isEd25519 = bytes[0] === 1 && bytes.length === 33;
  inPolicy(isKeyName(name), `got key name \`${name}\`, expected one without white space and +`);
  inPolicy(isRsa || isEd25519, `key of \`${name}\`: expected an Ed25519 or RSA-PSS-3072 key`);
  const expected = toHex((await sha256(name, "\n", bytes)).slice(0, 4));
  inPolicy(id === expected, `key of \`${name}\`: got id ${id}, expected ${expected}`);
  const [kind, key] = isRsa ? ["RSA-PSS-3072", bytes.slice(prefix.length)] : ["Ed25519", bytes.slice(1)];
  return { text, name, id, kind, key };
};
// Reads `[from <size>] [until <size>]`: the key is in force at sizes n with from <= n < until.
const parseWindow = (words) => {
  const form = words.filter((_, place) => place % 2 === 0).join(" ");
  inPolicy(words.length % 2 === 0 && ["", "from", "until", "from until"].includes(form),
    `got \`${words.join(" ")}\` after the key, expected [from <size>] [until <size>]`);
  const window = { from: 0n, until: undefined };
  for (let place = 0; place < words.length; place += 2) {
    const size = decimal(words[place + 1]);
    inPolicy(size !== undefined, `got size \`${words[place + 1]}\`, expected a decimal number without leading zeros`);
    window[words[place]] = size;
  }
  inPolicy(window.until === undefined || window.from < window.until, "expected a `from` below `until`");
  return window;
};
const inForce = ({ from, until }, size) => from <= size && (until === undefined || size < until);
const overlap = (a, b) => (a.until === undefined || b.from < a.until) && (b.until === undefined || a.from < b.until);
const addKey = async (keys, text, rest) => {
  const added = { ...(await parseKey(text)), window: parseWindow(rest) };
  inPolicy(!keys.some((key) => key.text === added.text && overlap(key.window, added.window)),
    `the ${added.kind} key of \`${added.name}\` is already listed for sizes in this window`);
  keys.push(added);
};
const parsePolicyLine = async (policy, [word, ...rest]) => {
  const named = (name) => policy.names.has(name);
  const addName = (name) => {
    inPolicy(name !== "none" && !named(name), `the name \`${name}\` is already taken`);
    policy.names.add(name);
  };
  if (word === "log" && rest.length > 0) {
    const hasUrl = rest.length > 1 && rest[1].includes("://");
    await addKey(policy.log, rest[0], rest.slice(hasUrl ? 2 : 1));
  } else if (word === "hub" && rest.length > 0) {
    await addKey(policy.hub, rest[0], rest.slice(1));
  } else if (word === "chain" && rest.length === 2) {
    inPolicy(decimal(rest[0]) !== undefined, `got chain id \`${rest[0]}\`, expected a decimal number`);
    inPolicy(/^0x[0-9a-fA-F]{40}$/.test(rest[1]), `got contract \`${rest[1]}\`, expected 0x and 40 hex digits`);
    policy.chain.push(`${rest[0]} ${rest[1].toLowerCase()}`);
  } else if (word === "witness" && (rest.length === 2 || rest.length === 3)) {
    addName(rest[0]);
    inPolicy(rest[1].split("+").length > 2 && isKeyName(rest[1].split("+")[0]),
      `got verifier key \`${rest[1]}\`, expected name+id+key`);
  } else if (word === "group" && rest.length > 2) {
    const [name, threshold, ...members] = rest;
    for (const member of members) inPolicy(named(member), `got \`${member}\`, expected a witness or group of a line above`);
    const count = decimal(threshold);
    inPolicy(["any", "all"].includes(threshold) || (count >= 1n && count <= BigInt(members.length)),
      `got threshold \`${threshold}\`, expected any, all or 1 to ${members.length}`);
    addName(name);
  } else if (word === "quorum" && rest.length === 1) {
    if (rest[0] === "none") return;
    inPolicy(!policy.quorum, "got a second quorum, expected one at most");
    inPolicy(named(rest[0]), `got \`${rest[0]}\`, expected a witness or group of a line above`);
    [policy.quorum] = rest;
  } else {
    throw new PolicyError(`got \`${word}\` with ${rest.length} words, expected log, hub, chain, witness, group or quorum`);
  }
};
const parsePolicy = async (text) => {
  const policy = { log: [], hub: [], chain: [], names: new Set(), quorum: undefined };
  for (const [place, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    try {
      await parsePolicyLine(policy, trimmed.split(/[ \t\f\r]+/));
    } catch (error) {
      throw error instanceof PolicyError ? new PolicyError(`policy line ${place + 1}: ${error.message}`) : error;
    }
  }
  return policy;
};

// --- checkpoints: the rule is "Opening a checkpoint" of docs/formats/checkpoint-v1.md -------------------------------

const parseNote = (note) => {
  need(byteLength(note) <= 64 * 1024, "got a note of more than 64 KiB");
  need(!/[^\P{Cc}\n]/u.test(note), "got a control character in a note, expected none but newlines");
  const split = note.lastIndexOf("\n\n");
  need(split >= 0, "expected an empty line between text and signatures, got none");
  need(note.length > split + 2 && note.endsWith("\n"), "the last line does not end in a newline");
  const lines = note.slice(split + 2, -1).split("\n");
  need(lines.length <= 100, `got ${lines.length} signature lines, expected 1 to 100`);
  const signatures = lines.map((line) => {
    const found = /^— ([^ ]*) (.*)$/u.exec(line);
    need(found, `got signature line \`${line}\`, expected — name base64`);
    need(isKeyName(found[1]), `got key name \`${found[1]}\`, expected one without white space and +`);
    const bytes = fromBase64(found[2]);
    need(bytes.length > 4, `got signature line \`${line}\`, expected — name base64`);
    return { name: found[1], id: toHex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
  });
  return { text: note.slice(0, split + 1), signatures };
};
const parseCheckpoint = (text) => {
  const lines = text.split("\n");
  need(lines.length === 4 && lines[3] === "", `got a checkpoint of ${lines.length} lines, expected 3, each ended by a newline`);
  const [origin, sizeText, rootText] = lines;
  need(isKeyName(origin), `got origin \`${origin}\`, expected a name without white space and +`);
  const size = decimal(sizeText);
  need(size !== undefined, `got size \`${sizeText}\`, expected a decimal number without leading zeros`);
  const root = fromBase64(rootText);
  need(root.length === 32, `got root \`${rootText}\`, expected 32 bytes in base64`);
  return { origin, size, root };
};
// Whether a signature verifies; undefined if this browser has no such algorithm.
const verifies = async (key, message, signature) => {
  const isRsa = key.kind === "RSA-PSS-3072";
  const algorithm = isRsa ? { name: "RSA-PSS", hash: "SHA-256" } : { name: "Ed25519" };
  const parameters = isRsa ? { name: "RSA-PSS", saltLength: 32 } : { name: "Ed25519" };
  try {
    const imported = await crypto.subtle.importKey(isRsa ? "spki" : "raw", key.key, algorithm, false, ["verify"]);
    return await crypto.subtle.verify(parameters, imported, signature, message);
  } catch {
    return undefined;
  }
};
const openCheckpoint = async (text, expected, keys, report) => {
  const note = parseNote(text);
  const { origin, size, root } = parseCheckpoint(note.text);
  need(origin === expected, `got a checkpoint of \`${origin}\`, expected one of \`${expected}\``);
  const known = keys.filter((key) => key.name === origin);
  const trusted = known.filter((key) => inForce(key.window, size));
  if (known.length === 0) report.cannotTell(`checkpoint of size ${size}: the policy has no key of \`${origin}\``);
  need(known.length === 0 || trusted.length > 0,
    `checkpoint of size ${size}: the policy has no key of \`${origin}\` in force at that size`);
  const [signed, unchecked] = [new Set(), new Set()]; // algorithms
  for (const line of note.signatures) {
    const candidates = trusted.filter((key) => key.name === line.name && key.id === line.id);
    let accepted = candidates.length === 0; // a line of an unknown key is ignored
    for (const key of candidates) {
      const result = await verifies(key, utf8.encode(note.text), line.bytes);
      if (result === true) signed.add(key.kind);
      if (result === undefined) unchecked.add(key.kind);
      accepted ||= result !== false;
    }
    need(accepted, `checkpoint of size ${size}: signature line with key id ${line.id} of \`${origin}\` does not verify`);
  }
  for (const kind of ["Ed25519", "RSA-PSS-3072"]) {
    if (signed.has(kind) || !trusted.some((key) => key.kind === kind)) continue;
    need(unchecked.has(kind), `checkpoint of size ${size}: expected a valid ${kind} signature of \`${origin}\` by a key in force at that size, got none`);
    report.cannotTell(`checkpoint of size ${size}: this browser cannot check the ${kind} signature of \`${origin}\``);
  }
  if (signed.size > 0) report.passed(`checkpoint of ${origin}`, `size ${size}, signed by the keys in force at that size (${[...signed].join(", ")})`);
  return { size, root };
};

// --- records ------------------------------------------------------------------------------------------------------

const canonicalText = (text) => {
  need(typeof text === "string", "got a value that is not a string");
  let value;
  try { value = JSON.parse(text); } catch { throw new Refuted("got a value that is not JSON"); }
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
    need(last === undefined || toHex(last) < toHex(name), "fields are not in ascending order of name");
    last = name;
    if ("value" in field) {
      members(field, ["name", "salt", "value"]);
      need(!LISTS.has(field.name), "a list is disclosed in the form of a plain field");
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
      need(isWhole(element.index) && element.index > before && element.index < field.count, "elements of a list are not in ascending order below its count");
      before = element.index;
      const value = canonicalText(element.value);
      if (field.name !== "sensorElementList") names.all.push(named(value));
      if (field.name === "childEPCs") names.children.push(value);
      leaves.push(await sha256([0], await sha256([0x11], fromHex(element.salt, 16), element.value)));
    }
    let top;
    if (leaves.length === field.count) {
      need(field.elements.every((element) => element.path.length === 0), "got paths in a list whose elements are all disclosed");
      top = await root(leaves);
    } else {
      need(leaves.length > 0, "no element of a list is disclosed");
      for (const [place, element] of field.elements.entries()) {
        const found = await climb(element.index, leaves[place], BigInt(field.count), element.path);
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

const checkRecord = async (record, origin, signed, item) => {
  members(record, ["disclosed", "index", "path", "names"], ["of"]);
  members(record.disclosed, ["fields"]);
  const names = { all: [], children: [], parent: null, shown: {} };
  const leaf = await recordLeaf(record.disclosed, names);
  need(same(await climb(record.index, leaf, signed.size, record.path), signed.root),
    `record ${record.index} is not in the ledger ${origin}`);
  need(record.names === "item" ? !("of" in record) : record.names === "container" && "of" in record,
    "got a `names` that is neither item nor container with its `of`");
  need(record.names !== "item" || names.all.includes(item), `record ${record.index} does not name the item`);
  return { names, record, leaf };
};
const checkHistory = async (history, item, hub, policy, report) => {
  members(history, ["origin", "records", "history_root", "checkpoint"], ["hub"]);
  const { origin } = history;
  const signed = await openCheckpoint(history.checkpoint, origin, policy.log, report);
  const checked = [];
  let before = -1;
  for (const record of history.records) {
    need(record.index > before, "records are not in ascending order");
    before = record.index;
    const one = await checkRecord(record, origin, signed, item);
    checked.push(one);
    report.records.push({ origin, index: record.index, shown: one.names.shown });
  }
  const own = checked.filter(({ record }) => record.names === "item").map(({ leaf }) => leaf);
  need(same(await root(own), hash(history.history_root)),
    `got history root ${history.history_root}, but the records give another`);
  report.passed("ledger", `${origin}: ${history.records.length} records are in the tree of size ${signed.size}`);
  if (history.hub) {
    need(hub, "got a path into a hub without the checkpoint of the hub");
    const entry = await sha256([0], history.checkpoint);
    need(same(await climb(history.hub.index, entry, hub.size, history.hub.path), hub.root),
      `the checkpoint of ${origin} is not in the hub`);
    report.passed("hub entry", `the checkpoint of ${origin} is entry ${history.hub.index}`);
  }
  return checked;
};
// Every container that a record names must be one that the records put the item into.
const checkContainers = (checked, item) => {
  const containers = new Set();
  for (let grown = true; grown;) {
    grown = false;
    for (const { names } of checked) {
      const holds = names.children.some((child) => child === item || containers.has(child));
      if (holds && names.parent && !containers.has(names.parent)) {
        containers.add(names.parent);
        grown = true;
      }
    }
  }
  for (const { names, record } of checked) {
    need(record.names !== "container" || (names.all.includes(record.of) && containers.has(record.of)),
      "a record does not name a container of the item");
  }
};
const checkAnchor = async (bundle, hub, policy, report) => {
  need(hub, "got an anchor without the checkpoint of the hub");
  const { anchor } = bundle;
  if (policy.chain.length === 0) report.cannotTell("the policy names no chain and contract");
  else need(policy.chain.includes(`${anchor.chain_id} 0x${anchor.contract}`), "the anchor is on a chain or contract that the policy does not name");
  need(same(hash(anchor.hub_id), await sha256(bundle.hub.origin)) && isWhole(anchor.size)
    && BigInt(anchor.size) === hub.size, "the anchor publishes another hub or another size");
  report.notChecked("anchor", "the receipt trie and the block need Keccak and a chain; chopmark verify checks them");
};
const checkAll = async (text, policy, report) => {
  let bundle;
  try { bundle = JSON.parse(text); } catch { throw new Refuted("the file is not JSON"); }
  need(canonical(bundle) === text, "the file is not canonical JSON");
  members(bundle, ["format", "item", "histories"], ["hub", "anchor"]);
  need(bundle.format === FORMAT, `got format ${bundle.format}, expected ${FORMAT}`);
  report.item = bundle.item;
  report.passed("form", "the file is canonical JSON of the format that this verifier knows");
  let hub;
  if (bundle.hub) {
    members(bundle.hub, ["origin", "checkpoint"]);
    hub = await openCheckpoint(bundle.hub.checkpoint, bundle.hub.origin, policy.hub, report);
  }
  const checked = [];
  for (const history of bundle.histories) {
    checked.push(...await checkHistory(history, bundle.item, hub, policy, report));
  }
  checkContainers(checked, bundle.item);
  if (!checked.some(({ record }) => record.names === "item")) report.cannotTell("the bundle holds no record that names the item");
  if (bundle.anchor) await checkAnchor(bundle, hub, policy, report);
  const witnesses = "no independent witness has cosigned the checkpoints in this file";
  if (policy.quorum) report.cannotTell(`the policy asks for a quorum, but ${witnesses}`);
  else report.notChecked("witnesses", witnesses);
  report.notChecked("completeness", "that no record was left out");
  report.notChecked("truth", "that what was stated happened, and that the object at hand is the one recorded");
};

export async function verify(text, policyText) {
  const report = new Report();
  try {
    await checkAll(text, await parsePolicy(policyText), report);
    report.outcome = report.isUnsure ? "cannot tell" : "proved";
  } catch (error) {
    const isPolicy = error instanceof PolicyError;
    const detail = isPolicy || error instanceof Refuted ? error.message : "the file is malformed";
    report.checks.push([isPolicy ? "policy" : "refuted", "failed", detail]);
    report.outcome = isPolicy ? "cannot tell" : "refuted"; // an unreadable policy says nothing against the file
  }
  return report;
}

// --- the page -----------------------------------------------------------------------------------------------------

const WORDS = {
  zh: { proved: "已证实：记录在签名账本中", refuted: "不成立：文件被改动或不完整", "cannot tell": "无法判断：政策文件不足以检查全部内容", passed: "已检查", "not checked": "未检查", failed: "不符" },
  en: { proved: "Proved: the records are in the signed ledgers", refuted: "Refuted: the file was changed or is not whole", "cannot tell": "Cannot tell: the policy file does not cover everything in the file", passed: "checked", "not checked": "not checked", failed: "failed" },
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
