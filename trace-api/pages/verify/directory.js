// The directory's proof in a bundle: whose keys count, who keeps the ledgers, who may issue the item.
//
// Entry: readProof(place, value) reads its form; new Authority(proof, policy, report), establish() gives the policy that
// follows, then checkInHub(hub) and describe(bundle).
// What holds: the steps are those of docs/formats/directory-v1.md, "Verification"; with a pin no key counts that the
// directory does not state, and lines of the policy only narrow.
// Not here: what holds today; cosignatures of auditors.

import { PolicyError, climb, isKeyName, openCheckpoint, parseKey, parseNote, verifies } from "./checkpoint.js";
import { Members, Refuted, need, parseText, same, sha256, toBytes, toHex } from "./form.js";
import { digitsOf } from "./names.js";

const HEADING = "chopmark.org/directory@v1\n";
const COMMON = ["kind", "subject", "seq", "prev", "evidence"];
const ROOT = ["version", "keys", "threshold", "next", "registrars", "registrar_threshold", "emergency", "auditors", "directory",
  "hub", "chains", "late_h", "from", "until"];
const STATE = ["size", "version", "count", "root", "policy_sha256", "at", "until"];
const KEYSET = ["origin", "ed25519", "rsa", "from_size", "until_size", "party", "record", "after", "last_good"];
const LICENCE = ["digits", "evidence", "from", "grade", "party", "record", "until"];
const GRADES = { A: "proved by a licence of GS1", B: "looked up in a registry", C: "stated by the party itself" };

// --- forms of values ----------------------------------------------------------------------------------------------

const isName = (text) => /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/.test(text);
const isOrigin = (text) => isKeyName(text) && /^[!-~]+$/.test(text) && !/["\\`]/.test(text);
const isHash = (text) => /^[0-9a-f]{64}$/.test(text);
const isGrade = (text) => ["A", "B", "C"].includes(text);
const isTime = (text) => {
  const found = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$/.exec(text);
  if (!found) return false;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [0, 31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return month >= 1 && month <= 12 && day >= 1 && day <= days[month] && hour < 24 && minute < 60 && second < 60;
};
const textOf = (members, name, accepts) => {
  const found = members.text(name);
  return members.take(name, "a text of another form", accepts(found) ? found : undefined);
};
const texts = (members, name, accepts) => {
  const found = members.array(name);
  const fit = found.every((one) => typeof one === "string" && accepts(one)) && new Set(found).size === found.length;
  return members.take(name, "texts of another form, each once", fit ? found : undefined);
};
const objects = (members, name, known) => {
  const found = members.array(name);
  need(found.length <= 1000, `${members.place}/${name}: got ${found.length} values, expected at most 1,000`);
  return found.map((one, at) => new Members(`${members.place}/${name}/${at}`, one, known));
};
const keyOf = async (members, name, owner, kind) => {
  let key;
  try {
    key = await parseKey(members.text(name));
  } catch (error) {
    throw error instanceof PolicyError ? new Refuted(error.message) : error;
  }
  need(key.name === owner && key.kind === kind, `${members.place}/${name}: expected an ${kind} key of \`${owner}\``);
  return key;
};
const depthOf = (value) => {
  if (value instanceof Map) return 1 + Math.max(0, ...[...value.values()].map(depthOf));
  return Array.isArray(value) ? 1 + value.reduce((most, one) => Math.max(most, depthOf(one)), 0) : 0;
};
const canonical = (line) => {
  need(toBytes(line).length <= 2 ** 20, "got a record of more than 1 MiB");
  const value = parseText(line);
  need(depthOf(value) <= 8, "got a record of more than 8 levels");
  return value;
};

// --- the proof's form ---------------------------------------------------------------------------------------------

const readPlace = (place, value) => {
  const found = new Members(place, value, ["index", "path"]);
  return { index: found.number("index"), path: found.listOfBytes("path", 32) };
};
export const readProof = (place, value) => {
  const proof = new Members(place, value, ["checkpoint", "hub", "roots", "state", "entries"]);
  const state = new Members(`${place}/state`, proof.get("state"), ["note", "index", "path"]);
  const entries = objects(proof, "entries", ["key", "value", "index", "path"]);
  return {
    checkpoint: proof.text("checkpoint"),
    hub: proof.has("hub") ? readPlace(`${place}/hub`, proof.get("hub")) : undefined,
    roots: texts(proof, "roots", () => true),
    state: { note: state.text("note"), index: state.number("index"), path: state.listOfBytes("path", 32) },
    entries: entries.map((one) => ({ key: one.text("key"), value: one.text("value"), index: one.number("index"), path: one.listOfBytes("path", 32) })),
  };
};

// --- records of the directory --------------------------------------------------------------------------------------

// A signed record of one of the two kinds that a verifier reads.
const readEntry = async (note, kind, known) => {
  const { text, signatures } = parseNote(note);
  need(text.startsWith(HEADING) && text.split("\n").length === 3, "got a note that is no record of a directory");
  const record = new Members(kind, canonical(text.slice(HEADING.length, -1)), [...COMMON, ...known]);
  need(record.text("kind") === kind && record.text("subject") === kind, `got a record of another kind, expected a ${kind}`);
  const seq = record.number("seq");
  need(seq > 0n && (record.get("prev") === null) === (seq === 1n), `${kind}: expected \`seq\` 1 with \`prev\` null, or more with \`prev\``);
  const prev = seq === 1n ? undefined : record.bytes("prev", 32);
  for (const one of objects(record, "evidence", ["type", "sha256", "checked", "grade"])) {
    textOf(one, "type", isName);
    one.bytes("sha256", 32);
    textOf(one, "checked", isTime);
    textOf(one, "grade", isGrade);
  }
  return { text, signatures, record, seq, prev, leaf: await sha256([0], note) };
};
const readPeople = async (record, office) => {
  const found = [];
  for (const one of objects(record, office, ["holder", "party", "vkey"])) {
    const holder = textOf(one, "holder", isName);
    const person = { holder, key: await keyOf(one, "vkey", holder, "Ed25519"), party: textOf(one, "party", isName) };
    need(found.every((other) => other.holder !== holder && !same(other.key.key, person.key.key)), `${office}: expected each holder and each key once`);
    found.push(person);
  }
  return found;
};
const threshold = (record, name, most) => {
  const found = record.number(name);
  need(found >= 1n && found <= BigInt(most), `${name}: got ${found}, expected 1 to ${most}`);
  return found;
};
const readPair = async (members, origin) => ({
  ed25519: await keyOf(members, "ed25519", origin, "Ed25519"), rsa: await keyOf(members, "rsa", origin, "RSA-PSS-3072"), from: members.number("from_size"),
});
const samePair = (one, other) => other !== undefined && one.ed25519.text === other.ed25519.text && one.rsa.text === other.rsa.text && one.from === other.from;
const readPairs = async (record, name) => {
  const found = [];
  for (const one of objects(record, name, ["origin", "ed25519", "rsa", "from_size"])) {
    const pair = await readPair(one, textOf(one, "origin", isOrigin));
    const last = found.at(-1);
    need(!last || (last.ed25519.name === pair.ed25519.name && last.from < pair.from), `${name}: expected pairs of one ledger, each from a larger size`);
    need(found.every((other) => other.ed25519.text !== pair.ed25519.text && other.rsa.text !== pair.rsa.text), `${name}: got a key twice`);
    found.push(pair);
  }
  return found;
};
const trusted = ({ ed25519, rsa, from }, until) => {
  if (until !== undefined && from >= until) return [];
  return [ed25519, rsa].map((key) => ({ ...key, window: { from, until } }));
};
const consecutive = (pairs) => pairs.flatMap((pair, at) => trusted(pair, pairs[at + 1]?.from));

const readRoot = async (note) => {
  const entry = await readEntry(note, "root", ROOT);
  const { record } = entry;
  need(record.number("version") === entry.seq, "root: got a version that is not `seq`");
  const [keys, registrars, emergency] = [await readPeople(record, "keys"), await readPeople(record, "registrars"), await readPeople(record, "emergency")];
  const every = [...keys, ...registrars, ...emergency];
  for (const one of every) {
    for (const other of every) {
      const isSame = one.holder === other.holder;
      need(isSame === same(one.key.key, other.key.key) && (!isSame || one.party === other.party), `root: expected one key and one party for ${one.holder}`);
    }
  }
  threshold(record, "registrar_threshold", new Set(registrars.map(({ party }) => party)).size);
  need(textOf(record, "from", isTime) < textOf(record, "until", isTime), "root: expected `until` after `from`");
  record.number("late_h");
  if (record.has("auditors")) {
    const group = new Members("root/auditors", record.get("auditors"), ["threshold", "members"]);
    const members = objects(group, "members", ["name", "vkey"]);
    for (const one of members) {
      textOf(one, "name", isName);
      textOf(one, "vkey", (key) => key.split("+").length > 2 && isName(key.split("+")[0]));
    }
    threshold(group, "threshold", members.length);
  }
  const chains = objects(record, "chains", ["chain_id", "contract"]).map((chain) =>
    `${chain.number("chain_id")} ${textOf(chain, "contract", (text) => /^0x[0-9a-f]{40}$/.test(text))}`);
  const directory = await readPairs(record, "directory");
  need(directory.length > 0, "root: expected the keys of the directory");
  return {
    entry, keys, chains, directory, hub: await readPairs(record, "hub"), next: texts(record, "next", isHash), version: entry.seq,
    threshold: threshold(record, "threshold", keys.length), until: record.text("until"), hasAuditors: record.has("auditors"),
  };
};
// Enough holders of `root` signed the record; each person and each key counts once.
const checkSigned = async ({ text, signatures }, root, report) => {
  const counted = new Set();
  for (const line of signatures) {
    const named = root.keys.filter(({ holder, key }) => holder === line.name && key.id === line.id);
    let [accepted, isCounted] = [named.length === 0, false];
    for (const { holder, key } of named) {
      const result = await verifies(key, toBytes(text), line.bytes);
      if (result === undefined) report.cannotTell("this browser cannot check the Ed25519 signatures of the directory's root");
      accepted ||= result !== false;
      if (result !== false && !isCounted && !counted.has(holder)) isCounted = counted.add(holder).has(holder);
    }
    need(accepted, `root: the signature line of ${line.name} does not verify`);
  }
  need(BigInt(counted.size) >= root.threshold, `root: got ${counted.size} signatures of holders of version ${root.version}, expected ${root.threshold}`);
};
const lastRoot = async (notes, pin, report) => {
  let last;
  for (const note of notes) {
    const root = await readRoot(note);
    need(root.directory[0].ed25519.name === pin.origin, `got a root of another directory, expected ${pin.origin}`);
    if (last === undefined) {
      need(root.version === pin.version, `the first root has version ${root.version}, expected ${pin.version}, the pinned one`);
      need(toHex(await sha256(root.entry.text)) === pin.hash, "the first root is not the pinned one");
    } else {
      need(root.version === last.version + 1n && same(root.entry.prev, last.entry.leaf), `root version ${root.version} does not follow the one before`);
      await checkSigned(root.entry, last, report);
      for (const { holder, key } of root.keys) {
        need(last.next.includes(toHex(await sha256(key.text))), `root: the key of ${holder} was not announced`);
      }
      for (const name of ["directory", "hub"]) {
        need(last[name].every((pair, at) => samePair(pair, root[name][at])), `root version ${root.version} does not keep the pairs of the ${name}`);
      }
    }
    await checkSigned(root.entry, root, report);
    last = root;
  }
  need(last, "the directory's proof has no root");
  return last;
};

// --- entries of the state -----------------------------------------------------------------------------------------

const intervals = ({ key, value }, known) => {
  const found = new Members(key, canonical(value), ["intervals"]).array("intervals");
  return found.map((one, at) => new Members(`${key}/${at}`, one, known));
};
const readSize = (members, name) => {
  if (!members.has(name)) return undefined;
  const place = new Members(`${members.place}/${name}`, members.get(name), ["size", "root"]);
  place.bytes("root", 32);
  return place.number("size");
};
const readKeyset = async (entry, origin) => {
  need(isOrigin(origin), "a keyset names no ledger");
  const found = [];
  for (const one of intervals(entry, KEYSET)) {
    need(one.text("origin") === origin, `a keyset of ${origin} is of another ledger`);
    one.bytes("record", 32);
    const until = one.has("until_size") ? one.number("until_size") : undefined;
    const keys = trusted(await readPair(one, origin), until);
    found.push({ party: textOf(one, "party", isName), keys, begin: readSize(one, "after") ?? 0n, good: readSize(one, "last_good") });
  }
  return found;
};
const readLicences = (entry) => intervals(entry, LICENCE).map((one) => ({
  party: textOf(one, "party", isName), grade: textOf(one, "grade", isGrade), from: textOf(one, "from", isTime), until: textOf(one, "until", isTime),
}));

// Of keys that the directory states: those that the policy's lines of the same ledger state too, at the same sizes.
const narrow = (own, stated) => stated.flatMap((key) => {
  const lines = own.filter((line) => line.name === key.name);
  if (lines.length === 0) return [key];
  const ends = (line) => [key.window.until, line.window.until].filter((end) => end !== undefined);
  const both = (line) => ({
    from: key.window.from > line.window.from ? key.window.from : line.window.from,
    until: ends(line).reduce((least, end) => (least === undefined || end < least ? end : least), undefined),
  });
  const windows = lines.filter((line) => line.text === key.text).map(both);
  return windows.filter(({ from, until }) => until === undefined || from < until).map((window) => ({ ...key, window }));
});

// --- the whole ----------------------------------------------------------------------------------------------------

export class Authority {
  constructor(proof, policy, report) { Object.assign(this, { proof, policy, report, proved: undefined }); }

  async establish() {
    const { policy, proof, report } = this;
    if (!policy.directory) {
      report.notChecked("authority", "the policy pins no directory: who keeps a ledger, and who may issue the item, was not checked");
      return;
    }
    if (proof) this.proved = await this.prove();
    else report.cannotTell(`the policy pins ${policy.directory.origin}, and the bundle holds no proof of it`);
    const stated = this.proved ?? { log: [], hub: [], chain: [] };
    this.policy = {
      ...policy, log: narrow(policy.log, stated.log), hub: narrow(policy.hub, stated.hub),
      chain: stated.chain.filter((chain) => policy.chain.length === 0 || policy.chain.includes(chain)),
    };
  }

  async prove() {
    const { policy: { directory: pin }, proof, report } = this;
    const root = await lastRoot(proof.roots, pin, report);
    const log = consecutive(root.directory);
    const top = await openCheckpoint(proof.checkpoint, pin.origin, log, report);
    const entry = await readEntry(proof.state.note, "state", STATE);
    const { record } = entry;
    const [at, until, count, stateRoot] = [textOf(record, "at", isTime), textOf(record, "until", isTime), record.number("count"), record.bytes("root", 32)];
    record.bytes("policy_sha256", 32);
    need(at < until, "state: expected `until` after `at`");
    const { index, path } = proof.state;
    need(same(await climb(index, entry.leaf, top.size, path), top.root), "the state is not in the directory");
    need(index + 1n === top.size && record.number("size") === index, "the state is not the last entry of the directory");
    need(record.number("version") === root.version, "the state was written under another root");
    const [ledgers, licences] = [new Map(), new Map()];
    for (const [place, one] of proof.entries.entries()) {
      const last = proof.entries[place - 1];
      need(/^[!-~]*$/.test(one.key), "the key of an entry is not printable ASCII");
      need(!last || (last.key < one.key && last.index < one.index), "entries are not in ascending order");
      const leaf = await sha256([0], one.key, [0], one.value);
      need(same(await climb(one.index, leaf, count, one.path), stateRoot), `the entry ${one.key} is not in the state`);
      if (one.key.startsWith("keyset/")) {
        const origin = one.key.slice("keyset/".length);
        ledgers.set(origin, await readKeyset(one, origin));
        log.push(...ledgers.get(origin).flatMap(({ keys }) => keys));
      }
      if (one.key.startsWith("prefix/")) licences.set(one.key, readLicences(one));
    }
    report.passed("directory", `${pin.origin} of root version ${root.version}, as of ${at}`);
    return { log, hub: consecutive(root.hub), chain: root.chains, ledgers, licences, count, at, until, rootUntil: root.until, hasAuditors: root.hasAuditors };
  }

  async checkInHub(hub) {
    const { proof, proved, report } = this;
    if (!proved) return;
    if (proof.hub) {
      need(hub, "got a path of the directory into a hub without the checkpoint of the hub");
      const leaf = await sha256([0], proof.checkpoint);
      need(same(await climb(proof.hub.index, leaf, hub.size, proof.hub.path), hub.root), "the directory's checkpoint is not in the hub");
      report.passed("directory in the hub", `its checkpoint is entry ${proof.hub.index}`);
    } else if (hub) {
      report.cannotTell("the bundle holds no path from the directory into the hub: others may be shown another directory");
    }
  }

  speaker(origin, index) {
    const found = this.proved.ledgers.get(origin);
    const isOf = ({ begin, good }, at) => begin <= index && (good === undefined || index < good)
      && (found[at + 1] === undefined || index < found[at + 1].begin);
    return found.find(isOf)?.party;
  }

  describe({ item, histories }) {
    const { proved, report } = this;
    if (!proved) return;
    for (const { origin, records } of histories) {
      if (!proved.ledgers.has(origin)) {
        report.notChecked(`who keeps ${origin}`, "the proof does not show this ledger");
        continue;
      }
      const parties = new Set(records.map(({ index }) => this.speaker(origin, index)));
      if (parties.has(undefined)) report.cannotTell(`a record of ${origin} is above the last good checkpoint of a revoked pair, which is nobody's`);
      else report.passed(`who keeps ${origin}`, `its records here are of ${[...parties].sort().slice(0, 10).join(", ")}`);
    }
    this.describeLicence(digitsOf(item));
    report.notChecked("what holds today", `the directory is as of ${proved.at}; it tells what holds until ${proved.until}, its root until ${proved.rootUntil}; after that nobody can tell`);
    if (proved.hasAuditors) report.notChecked("auditors", "the root names auditors, whose cosignatures are not checked");
  }

  describeLicence(digits) {
    const { proof: { entries }, proved: { licences, count }, report } = this;
    const name = "who may issue the item";
    if (digits === undefined) return report.notChecked(name, "the item has no GS1 key, so no licence can be looked up");
    const below = entries.filter(({ key }) => key <= `prefix/${digits}`);
    const [found, next] = [below.at(-1), entries[below.length]];
    if ((found ? found.index + 1n : 0n) !== (next ? next.index : count)) return report.notChecked(name, `the proof does not show who is licensed for ${digits}`);
    if (!found || !licences.has(found.key) || !`prefix/${digits}`.startsWith(found.key)) return report.passed(name, `nobody is or was licensed for ${digits}`);
    const parts = licences.get(found.key).slice(0, 10).map(({ party, grade, from, until }) => `${party} from ${from} until ${until} (grade ${grade}: ${GRADES[grade]})`);
    return report.passed(name, `prefix ${found.key.slice("prefix/".length)}: ${parts.join("; ")}`);
  }
}
