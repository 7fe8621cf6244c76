// The tree, the policy file, and whether a checkpoint is signed.
//
// Entry: parsePolicy(text), openCheckpoint(note, origin, keys, report), climb and root of a tree.
// What holds: the rules are those of docs/formats/checkpoint-v1.md and RFC 9162 section 2.1; a policy that is not
// understood is a PolicyError, which says nothing against a bundle.
// Not here: which keys a directory states (directory.js), what the file says (verify.js).

import { Refuted, concat, fromBase64, need, same, sha256, toBytes, toHex } from "./form.js";

const RSA_NAME = "chopmark.org/rsa-pss-3072-sha256\n";

// --- the tree, RFC 9162 section 2.1 ------------------------------------------------------------------------------

const node = (left, right) => sha256([1], left, right);
export const root = async (leaves) => {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return node(await root(leaves.slice(0, split)), await root(leaves.slice(split)));
};
// The whole path of which `own` is left without what the path before it ends with.
export const wholePath = (own, before, index, size) => {
  need(index < size, `leaf index ${index} is not in a tree of ${size} leaves`);
  let length = 0;
  for (let [place, last] = [index, size - 1n]; last > 0n; [place, last] = [place / 2n, last / 2n]) {
    if (place % 2n === 1n || place !== last) length += 1;
  }
  const left = before.length + own.length - length;
  need(left >= 0 && left <= before.length, `got a path of ${own.length} hashes of its own, which ${before.length} of the path before cannot make ${length}`);
  need(own.length === 0 || left === 0 || !same(own[own.length - 1], before[left - 1]), "a path repeats hashes of the path before it");
  return [...own, ...before.slice(left)];
};
// The root that an inclusion path leads to; index and size are BigInts, the path's hashes bytes.
export const climb = async (index, leaf, size, path) => {
  need(index < size, `leaf index ${index} is not in a tree of ${size} leaves`);
  let [place, last, current, used] = [index, size - 1n, leaf, 0];
  for (; last > 0n; [place, last] = [place / 2n, last / 2n]) {
    const isLeft = place % 2n === 0n;
    if (isLeft && place === last) continue; // no sibling at this level
    need(used < path.length, "a path is too short");
    const sibling = path[used++];
    current = await (isLeft ? node(current, sibling) : node(sibling, current));
  }
  need(used === path.length, "a path is too long");
  return current;
};

// --- the policy file ----------------------------------------------------------------------------------------------

export class PolicyError extends Error {}
export const inPolicy = (condition, text) => { if (!condition) throw new PolicyError(text); };
const byteLength = (text) => toBytes(text).length;
export const isKeyName = (name) => name !== "" && byteLength(name) <= 255 && !/[\p{White_Space}\p{Cc}+]/u.test(name);

// A number of 64 bits without leading zeros, as a BigInt; undefined for any other text.
const decimal = (text) => {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text) || BigInt(text) >= 2n ** 64n) return undefined;
  return BigInt(text);
};
// A public key of 3072 bits with exponent 65537, as SubjectPublicKeyInfo.
const isRsaKey = (key) => key.length === 422 && key[33] >= 0x80 && toHex(key.slice(-5)) === "0203010001"
  && toHex(key.slice(0, 33)) === "308201a2300d06092a864886f70d01010105000382018f003082018a0282018100";
export const parseKey = async (text) => {
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
export const inForce = ({ from, until }, size) => from <= size && (until === undefined || size < until);
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
  } else if (word === "directory" && rest.length === 3) {
    const [origin, version, hash] = rest;
    inPolicy(!policy.directory, "got a second directory, expected one at most");
    inPolicy(isKeyName(origin), `got directory \`${origin}\`, expected the name of a ledger`);
    inPolicy(decimal(version) > 0n, `got root version \`${version}\`, expected a decimal number from 1`);
    inPolicy(/^[0-9a-f]{64}$/.test(hash), `got \`${hash}\`, expected the SHA-256 of a root`);
    policy.directory = { origin, version: decimal(version), hash };
  } else {
    throw new PolicyError(`got \`${word}\` with ${rest.length} words, expected log, hub, chain, directory, witness, group or quorum`);
  }
};
export const parsePolicy = async (text) => {
  const policy = { log: [], hub: [], chain: [], names: new Set(), quorum: undefined, directory: undefined };
  for (const [place, line] of text.split("\n").entries()) {
    const trimmed = line.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
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

export const parseNote = (note) => {
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
// The imported key; undefined if this browser has no such algorithm, null if it is no key of that algorithm.
const importKey = async (key) => {
  const [format, algorithm] = key.kind === "Ed25519" ? ["raw", { name: "Ed25519" }] : ["spki", { name: "RSA-PSS", hash: "SHA-256" }];
  try {
    return await crypto.subtle.importKey(format, key.key, algorithm, false, ["verify"]);
  } catch (error) {
    return error.name === "NotSupportedError" ? undefined : null;
  }
};
// Whether a signature verifies; undefined if this browser has no such algorithm.
export const verifies = async (key, message, signature) => {
  key.imported ??= importKey(key);
  const imported = await key.imported;
  if (!imported) return imported === null ? false : undefined;
  const parameters = key.kind === "Ed25519" ? { name: "Ed25519" } : { name: "RSA-PSS", saltLength: 32 };
  return crypto.subtle.verify(parameters, imported, signature, message).catch(() => false);
};
export const openCheckpoint = async (text, expected, keys, report) => {
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
      const result = await verifies(key, toBytes(note.text), line.bytes);
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
  return { origin, size, root };
};
