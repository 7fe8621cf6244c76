// Verifies an evidence pack in the browser, with WebCrypto and the files beside this one and nothing else.
//
// Entry: verifyPack(bytes, policy) gives a report as verify() of verify.js does; a check that failed has the name of the file.
// What holds: the steps are those of docs/formats/export-v1.md, "Verification"; a failed check refutes; no file is believed because its hash is
// in the manifest; the policy is never the pack's.
// Not here: whether each event matches what was asked for, and whether each item that events name has a bundle: `chopmark verify` checks both,
// and the report says so.

import { Fault, readArchive } from "./archive.js";
import { climb, inPolicy, openCheckpoint, parsePolicy } from "./checkpoint.js";
import { Authority, readProof } from "./directory.js";
import { Digits, Members, Refuted, fromUtf8, need, numberOf, parse, parseText, sha256, toBytes, toHex } from "./form.js";
import { keyOf } from "./names.js";
import { LISTS, Report, ended, readLeaf, verify } from "./verify.js";

const FORMAT = "chopmark.org/export@v1";
const [MANIFEST, SUMS, DIRECTORY, EVENTS, DOCUMENT] = ["manifest.json", "SHA256SUMS", "directory.json", "events.jsonl", "events.jsonld"];
const MOST_BYTES = 512 * 1024 * 1024;
// Bundles that the report names one by one.
const MOST_NAMED = 20;
const CONTEXT = "{\"@context\":[\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\",{\"chopmark\":\"urn:chopmark:epcis:\"}],";
const THINGS = ["epcList", "childEPCs", "inputEPCList", "outputEPCList"];

// A value as canonical JSON; members have the order in which they were read.
const write = (value) => {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (value instanceof Map) return `{${[...value].map(([name, one]) => `${JSON.stringify(name)}:${write(one)}`).join(",")}}`;
  return JSON.stringify(value);
};
const without = (map, ...names) => new Map([...map].filter(([name]) => !names.includes(name)));
const objectOf = (...pairs) => new Map(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));

// What a check throws that the file itself does not name.
const inFile = async (file, work) => {
  try { return await work(); } catch (error) { throw error instanceof Refuted ? new Fault(file, error.message) : error; }
};
const textIn = (files, file) => {
  if (!files.has(file)) throw new Fault(file, "the pack has no such file");
  const text = fromUtf8(files.get(file));
  if (text === undefined) throw new Fault(file, "it is not UTF-8");
  return text;
};
const list = (manifest, name) => {
  const found = manifest.get(name);
  need(Array.isArray(found), `${name}: expected a list`);
  return found;
};

// Step 1: every file has the hash in the manifest, and there is no other.
const checkFiles = async (files, report) => {
  const manifest = await inFile(MANIFEST, () => parseText(textIn(files, MANIFEST)));
  if (!(manifest instanceof Map && manifest.get("files") instanceof Map)) throw new Fault(MANIFEST, "files: expected a hash of each");
  const stated = manifest.get("files");
  for (const [name, content] of files) {
    if (name === MANIFEST || name === SUMS) continue;
    if (!stated.has(name)) throw new Fault(name, "the manifest does not name it");
    const hash = toHex(await sha256(content));
    if (stated.get(name) !== hash) throw new Fault(name, `it has the hash ${hash}, the manifest states ${String(stated.get(name)).slice(0, 64)}`);
  }
  for (const name of stated.keys()) if (!files.has(name)) throw new Fault(name, "the manifest names it, and the pack does not have it");
  const hashes = [...stated, [MANIFEST, toHex(await sha256(files.get(MANIFEST)))]];
  const lines = hashes.sort(([a], [b]) => (toHex(toBytes(a)) < toHex(toBytes(b)) ? -1 : 1)).map(([name, hash]) => `${hash}  ${name}\n`);
  if (textIn(files, SUMS) !== lines.join("")) throw new Fault(SUMS, "it does not list the hashes of the other files");
  report.passed("files", `${files.size} files, each with the hash that the manifest states`);
  return manifest;
};
// Step 2.
const checkId = async (manifest, report) => {
  const ledgers = list(manifest, "ledgers").map((ledger) => {
    need(ledger instanceof Map, "ledgers: expected objects");
    return without(ledger, "signed");
  });
  const request = manifest.get("request");
  const own = objectOf(["format", FORMAT], ["request", request], ["ledgers", ledgers], ["masterData", manifest.get("masterData")]);
  need(manifest.get("id") === toHex(await sha256(write(own))), "its id is not that of its request and sizes");
  report.passed("id", "it is made of the request and of the sizes and roots of the ledgers");
};
// Step 3: whose keys count.
const effectivePolicy = async (files, policy, report) => {
  const proof = policy.directory && files.has(DIRECTORY) ? readProof("", parse(files.get(DIRECTORY))) : undefined;
  const authority = new Authority(proof, policy, report);
  await authority.establish();
  return authority.policy;
};
// Step 4; of a ledger that the policy has no key of it is remembered why.
const checkCheckpoints = async (files, manifest, policy, report) => {
  const [checkpoints, unsure] = [new Map(), new Map()];
  const [ledgers, places] = [list(manifest, "ledgers"), list(manifest, "checkpoints")];
  need(ledgers.length === places.length, "checkpoints: expected one of each ledger");
  for (const [at, ledger] of ledgers.entries()) {
    const [origin, file] = ["origin", "file"].map((name) => places[at] instanceof Map && places[at].get(name));
    need(typeof origin === "string" && typeof file === "string", "checkpoints: expected origin and file of each");
    const told = [];
    const own = { passed: (...check) => report.passed(...check), cannotTell: (detail) => told.push(detail) };
    const keys = ledger.get("kind") === "hub" ? policy.hub : policy.log;
    const checkpoint = await inFile(file, () => openCheckpoint(textIn(files, file), origin, keys, own));
    const isStated = ledger.get("origin") === origin && ledger.get("root") === toHex(checkpoint.root)
      && ledger.get("size") instanceof Digits && ledger.get("size").text === String(checkpoint.size);
    if (!isStated) throw new Fault(file, "the manifest states another ledger, size or root");
    checkpoints.set(origin, checkpoint);
    if (told.length > 0) unsure.set(origin, told);
  }
  return { checkpoints, unsure };
};

// The leaf of a whole record, whose salts follow from its secret (docs/formats/record-v1.md, "Salts").
const leafOf = async (record, secret) => {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const salt = async (path) => new Uint8Array(await crypto.subtle.sign("HMAC", key, toBytes(path))).slice(0, 16);
  const names = [...record.keys()].map((name) => [toHex(toBytes(name)), name]).sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = [];
  for (const [, name] of names) {
    const value = record.get(name);
    if (LISTS.has(name)) {
      need(Array.isArray(value), `${name}: expected a list`);
      const elements = value.map(async (one, at) => ({ index: BigInt(at), salt: await salt(`${name}/${at}`), value: write(one), path: [] }));
      fields.push({ name, count: BigInt(value.length), elements: await Promise.all(elements) });
    } else {
      fields.push({ name, salt: await salt(name), value: write(value) });
    }
  }
  return (await readLeaf({ fields })).leaf;
};
// Step 5: each event is in its checkpoint.
const checkEvents = async (files, manifest, checkpoints) => {
  const text = textIn(files, EVENTS);
  need(text === "" || text.endsWith("\n"), "the last line does not end");
  const [events, origins, things, places] = [[], new Set(), new Set(), new Set()];
  for (const [at, line] of text.split("\n").slice(0, -1).entries()) {
    const own = new Members(`line ${at + 1}`, parseText(line), ["index", "origin", "path", "secret", "size", "text"]);
    const [origin, index] = [own.text("origin"), own.number("index")];
    const checkpoint = checkpoints.get(origin);
    need(checkpoint, `line ${at + 1}: its ledger has no checkpoint`);
    need(own.number("size") === checkpoint.size, `line ${at + 1}: it is of another size than the checkpoint of ${origin}`);
    need(!places.has(`${origin} ${index}`), `line ${at + 1}: record ${index} of ${origin} is there twice`);
    places.add(`${origin} ${index}`);
    const record = parseText(own.text("text"));
    need(record instanceof Map, `line ${at + 1}: expected a record`);
    const leaf = await leafOf(record, own.bytes("secret", 16));
    const root = await climb(index, leaf, checkpoint.size, own.listOfBytes("path", 32));
    need(toHex(root) === toHex(checkpoint.root), `line ${at + 1}: record ${index} is not in the ledger ${origin}`);
    events.push(new Map([...record].filter(([name]) => !name.startsWith("chopmark:"))));
    origins.add(origin);
    for (const name of [...THINGS.flatMap((one) => record.get(one) ?? []), record.get("parentID")]) {
      if (typeof name === "string") things.add(keyOf(name));
    }
  }
  return { events, origins, things };
};
// Step 6: the document has these events and no others.
const checkDocument = (text, manifest, events) => {
  const about = write(without(manifest, "files", "checkpoints", "bundles"));
  const head = `${CONTEXT}"type":"EPCISDocument","schemaVersion":"2.0","creationDate":${write(manifest.get("at"))},"epcisBody":{"eventList":[`;
  const tail = `\n]},"chopmark:export":${about}}\n`;
  need(text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail), "it does not begin or end as the manifest says");
  const body = text.slice(head.length, text.length - tail.length);
  need(body === "" || body.startsWith("\n"), "it does not begin or end as the manifest says");
  const lines = body === "" ? [] : body.slice(1).split(",\n");
  need(lines.length === events.length, "it is not the document of the events that were proved");
  for (const [at, line] of lines.entries()) {
    const shown = parseText(line);
    const isSame = shown instanceof Map && write(without(shown, "recordTime")) === write(without(events[at], "recordTime"));
    need(isSame, "it is not the document of the events that were proved");
  }
};
// Step 7: each bundle is verified for itself, and is of its item.
const checkBundles = async (files, manifest, policyFile, things, report) => {
  let [proved, missing] = [0, 0];
  for (const place of list(manifest, "bundles")) {
    const [item, file] = ["item", "file"].map((name) => (place instanceof Map ? place.get(name) : undefined));
    need(typeof item === "string" && things.has(keyOf(item)), "bundles: one is of an item that no event names");
    if (file === null) {
      missing += 1;
      continue;
    }
    need(typeof file === "string", "bundles: expected item and file of each");
    textIn(files, file);
    const found = await verify(files.get(file), policyFile);
    const why = found.checks.find(([, outcome]) => outcome === (found.outcome === "refuted" ? "failed" : "not checked"));
    if (found.outcome === "refuted" || found.isNoBundle) throw new Fault(file, why?.[2] ?? "it is no bundle");
    const own = parse(files.get(file)).get("item");
    if (keyOf(own) !== keyOf(item)) throw new Fault(file, "it is the bundle of another item");
    if (found.outcome === "proved") {
      proved += 1;
      if (proved <= MOST_NAMED) report.passed(`bundle ${file}`, `the proof of ${item} holds`);
    } else {
      report.isUnsure = true;
      report.notChecked(`bundle ${file}`, `cannot tell: ${why?.[2] ?? ""}`);
    }
  }
  report.passed("bundles", `${proved} of ${proved + missing} items have a proof that holds`);
  if (missing > 0) report.notChecked("items without a bundle", `no record that counts names ${missing} of the items`);
};

const checkAll = async (bytes, policyFile, policy, report) => {
  const files = readArchive(bytes);
  const manifest = await checkFiles(files, report);
  if (manifest.get("format") !== FORMAT) {
    report.cannotTell("the manifest is of a format that this page does not know");
    return;
  }
  await inFile(MANIFEST, () => checkId(manifest, report));
  const effective = await inFile(DIRECTORY, () => effectivePolicy(files, policy, report));
  const { checkpoints, unsure } = await inFile(MANIFEST, () => checkCheckpoints(files, manifest, effective, report));
  const { events, origins, things } = await inFile(EVENTS, () => checkEvents(files, manifest, checkpoints));
  for (const origin of origins) for (const detail of unsure.get(origin) ?? []) report.cannotTell(detail);
  await inFile(DOCUMENT, () => checkDocument(textIn(files, DOCUMENT), manifest, events));
  const stated = await inFile(MANIFEST, () => numberOf("counts/events", manifest.get("counts")?.get("events")));
  if (stated !== BigInt(events.length)) throw new Fault(MANIFEST, "counts: it states another number of events");
  if (events.length === 0) report.cannotTell("the pack has no event, so it proves nothing");
  else report.passed("events", `${events.length} records lead to the roots of the checkpoints`);
  await inFile(MANIFEST, () => checkBundles(files, manifest, policyFile, things, report));
  report.notChecked("what was asked for", "that each event matches the search, and that each item has its proof; chopmark verify checks both");
  report.notChecked("other files", "what the README files and the verifier in the pack say, and its policy.txt, which no verifier believes");
  report.notChecked("completeness of the pack", "that the search left no event out");
  report.notChecked("blocks of anchors", "whether the blocks of the anchors in the proofs are on their chains; no endpoint was asked");
};

export const verifyPack = async (bytes, policyFile) => ended(new Report(), async (report) => {
  const text = fromUtf8(policyFile);
  inPolicy(text !== undefined, "the policy is not UTF-8");
  const policy = await parsePolicy(text);
  if (globalThis.crypto?.subtle === undefined) report.cannotTell("this browser offers no WebCrypto on this page");
  else if (bytes.length > MOST_BYTES) report.cannotTell(`the pack has ${bytes.length} bytes, this page reads at most ${MOST_BYTES}; chopmark verify reads all`);
  else await checkAll(bytes, policyFile, policy, report);
});
