// Verifies a bundle in the browser, with WebCrypto and the files beside this one and nothing else.
//
// Entry: verify(file, policy), both bytes or text -> { outcome, checks: [[name, "passed" | "failed" | "not checked", detail]] }.
// What holds: the steps are those of docs/formats/bundle-v2.md, the policy file and the decision whether a checkpoint is
// signed those of checkpoint-v1.md; the outcome is that of every other verifier, or "cannot tell" where this browser
// lacks an algorithm; nothing in the bundle is trusted because it is in the bundle.
// Not here: whether the anchor's block is on the chain; `chopmark verify --rpc` asks. Packs (pack.js); what a page shows (page.js).

import { findReceipt, hasAnchored, readBlock } from "./evm.js";
import { PolicyError, climb, inPolicy, openCheckpoint, parsePolicy, root, wholePath } from "./checkpoint.js";
import { Authority, readProof } from "./directory.js";
import { Members, NoBundle, Refuted, bytesOf, fromUtf8, hashesOf, need, numberOf, parse, parseText, same, sha256, toBytes, toHex, u64 } from "./form.js";
import { keyOf } from "./names.js";

export const LISTS = new Set(["epcList", "childEPCs", "inputEPCList", "outputEPCList", "quantityList",
  "childQuantityList", "inputQuantityList", "outputQuantityList", "sensorElementList"]);
const MANDATORY = new Set(["type", "action", "bizStep", "disposition", "persistentDisposition", "eventTime",
  "eventTimeZoneOffset", "errorDeclaration", "chopmark:by"]);
const FORMAT = "chopmark.org/bundle@v2";

// --- the file, step 1 ---------------------------------------------------------------------------------------------

const readField = (place, value) => {
  need(Array.isArray(value) && typeof value[0] === "string", `${place}: expected a field`);
  const [name, second, third] = value;
  if (value.length === 2) return { name, digest: bytesOf(place, second, 32) };
  need(value.length === 3, `${place}: expected a field of two or three parts`);
  if (typeof third === "string") return { name, salt: bytesOf(place, second, 16), value: third };
  need(Array.isArray(third), `${place}: expected a value or elements`);
  const elements = third.map((one, at) => {
    need(Array.isArray(one) && one.length === 4 && typeof one[2] === "string", `${place}/2/${at}: expected an element`);
    return { index: numberOf(place, one[0]), salt: bytesOf(place, one[1], 16), value: one[2], path: hashesOf(place, one[3]) };
  });
  return { name, count: numberOf(place, second), elements };
};
const readRecord = (place, value) => {
  const record = new Members(place, value, ["fields", "index", "path", "names", "of"]);
  const isOfItem = record.text("names") === "item";
  need(isOfItem ? !record.has("of") : record.text("names") === "container",
    `${place}/names: expected item, or container with its \`of\``);
  return {
    fields: record.array("fields").map((field, at) => readField(`${place}/fields/${at}`, field)),
    index: record.number("index"),
    path: record.hashes("path"),
    of: isOfItem ? undefined : record.text("of"),
  };
};
const readHistory = (place, value) => {
  const history = new Members(place, value, ["origin", "records", "history_root", "checkpoint", "hub"]);
  const entry = history.has("hub") ? new Members(`${place}/hub`, history.get("hub"), ["index", "path"]) : undefined;
  return {
    origin: history.text("origin"),
    records: history.array("records").map((record, at) => readRecord(`${place}/records/${at}`, record)),
    root: history.unpadded("history_root", 32),
    checkpoint: history.text("checkpoint"),
    entry: entry && { index: entry.number("index"), path: entry.hashes("path") },
  };
};
const ANCHOR = ["chain_id", "contract", "hub_id", "size", "block_hash", "header", "transaction_index", "receipt", "proof"];
const readAnchor = (value) => {
  const anchor = new Members("/anchor", value, ANCHOR);
  return {
    chainId: anchor.number("chain_id"), contract: anchor.unpadded("contract", 20), hubId: anchor.unpadded("hub_id", 32),
    size: anchor.number("size"), blockHash: anchor.unpadded("block_hash", 32), header: anchor.unpadded("header"),
    index: anchor.number("transaction_index"), receipt: anchor.unpadded("receipt"),
    proof: anchor.array("proof").map((node) => bytesOf("/anchor/proof", node)),
  };
};
// The file's value, which names this format; anything else is no bundle, and neither proved nor refuted.
const readFile = (bytes) => {
  let value;
  try { value = parse(bytes); } catch (error) { throw error instanceof Refuted ? new NoBundle(error.message) : error; }
  const format = value instanceof Map ? value.get("format") : undefined;
  if (format !== FORMAT) throw new NoBundle(`got format ${typeof format === "string" ? format.slice(0, 80) : "none"}, expected ${FORMAT}`);
  return value;
};
const readBundle = (bytes) => {
  const bundle = new Members("", readFile(bytes), ["format", "item", "histories", "hub", "anchor", "directory"]);
  const histories = bundle.array("histories").map((history, at) => readHistory(`/histories/${at}`, history));
  histories.slice(1).forEach(({ origin }, at) => {
    need(toHex(toBytes(histories[at].origin)) < toHex(toBytes(origin)), "histories are not in ascending order of origin, each once");
  });
  const hub = bundle.has("hub") ? new Members("/hub", bundle.get("hub"), ["origin", "checkpoint"]) : undefined;
  return {
    item: bundle.text("item"),
    histories,
    hub: hub && { origin: hub.text("origin"), checkpoint: hub.text("checkpoint") },
    anchor: bundle.has("anchor") ? readAnchor(bundle.get("anchor")) : undefined,
    proof: bundle.has("directory") ? readProof("/directory", bundle.get("directory")) : undefined,
  };
};

// --- records, step 3 ----------------------------------------------------------------------------------------------

const listRoot = async ({ name, count, elements }) => {
  elements.forEach(({ index }, at) => {
    need(index < count && (at === 0 || elements[at - 1].index < index), `elements of list ${name} are not in ascending order below its count`);
  });
  const leaves = await Promise.all(elements.map(async ({ salt, value }) => sha256([0], await sha256([0x11], salt, value))));
  if (BigInt(leaves.length) === count) {
    need(elements.every(({ path }) => path.length === 0), `got paths in list ${name}, whose elements are all disclosed`);
    return root(leaves);
  }
  need(leaves.length > 0, `no element of list ${name} is disclosed`);
  const roots = await Promise.all(elements.map(({ index, path }, at) => climb(index, leaves[at], count, path)));
  need(roots.every((one) => same(one, roots[0])), `elements of list ${name} lead to different roots`);
  return roots[0];
};
const fieldDigest = async (field) => {
  const name = toBytes(field.name);
  if (field.digest) {
    need(!MANDATORY.has(field.name), `field ${field.name} is hidden, expected its value`);
    return field.digest;
  }
  need(LISTS.has(field.name) === (field.elements !== undefined), `field ${field.name} has the form of another kind of field`);
  if (field.elements) return sha256([0x12], u64(name.length), name, u64(field.count), await listRoot(field));
  return sha256([0x10], field.salt, u64(name.length), name, field.value);
};
// The leaf of a record, and what it shows: values by name, of lists the disclosed elements.
export const readLeaf = async ({ fields }) => {
  need(fields.length > 0, "got a record without fields");
  const [parts, shown] = [[], new Map()];
  let last;
  for (const field of fields) {
    const name = toBytes(field.name);
    need(last === undefined || toHex(last) < toHex(name), `field ${field.name} is not above the field before`);
    last = name;
    parts.push(u64(name.length), name, await fieldDigest(field));
    if (field.elements) shown.set(field.name, field.elements.map(({ value }) => parseText(value)));
    else if (!field.digest) shown.set(field.name, parseText(field.value));
  }
  const leaf = await sha256([0], await sha256([0x13], u64(fields.length), ...parts));
  return { leaf, shown };
};
const NAMING = [["epcList"], ["childEPCs"], ["inputEPCList"], ["outputEPCList"], ["quantityList", "epcClass"],
  ["childQuantityList", "epcClass"], ["inputQuantityList", "epcClass"], ["outputQuantityList", "epcClass"]];
// The names in the shown part of a record.
const namesIn = (shown) => [shown.get("parentID"), ...NAMING.flatMap(([list, inner]) =>
  (shown.get(list) ?? []).map((value) => (inner ? value instanceof Map && value.get(inner) : value)))]
  .filter((name) => typeof name === "string");

// --- the whole ----------------------------------------------------------------------------------------------------

export class Report {
  constructor() { this.checks = []; this.isUnsure = false; }
  passed(name, detail) { this.checks.push([name, "passed", detail]); }
  notChecked(name, detail) { this.checks.push([name, "not checked", detail]); }
  cannotTell(detail) { this.isUnsure = true; this.notChecked("trust", detail); }
}

// `hubPath`: the whole path into the hub of the history before, as an object's `whole`; that of this one afterwards.
const checkHistory = async (history, bundle, hub, hubPath, policy, report) => {
  const { origin, records, entry } = history;
  const signed = await openCheckpoint(history.checkpoint, origin, policy.log, report);
  need(records.length > 0, `got a history of ${origin} without records`);
  const checked = [];
  let path = [];
  for (const [at, record] of records.entries()) {
    need(at === 0 || records[at - 1].index < record.index, "records are not in ascending order");
    const { leaf, shown } = await readLeaf(record);
    path = wholePath(record.path, path, record.index, signed.size);
    need(same(await climb(record.index, leaf, signed.size, path), signed.root), `record ${record.index} is not in the ledger ${origin}`);
    checked.push({ record, leaf, shown });
  }
  const own = checked.filter(({ record }) => record.of === undefined).map(({ leaf }) => leaf);
  need(same(await root(own), history.root), `got history root ${toHex(history.root)}, but the records give another`);
  report.passed("ledger", `${origin}: ${records.length} records are in the tree of size ${signed.size}`);
  need(entry || !bundle.anchor, `${origin} is in no hub, but the bundle holds an anchor, which must cover all ledgers`);
  if (entry) {
    need(hub, "got a path into a hub without the checkpoint of the hub");
    const leaf = await sha256([0], history.checkpoint);
    hubPath.whole = wholePath(entry.path, hubPath.whole, entry.index, hub.size);
    need(same(await climb(entry.index, leaf, hub.size, hubPath.whole), hub.root), `the checkpoint of ${origin} is not in the hub`);
    report.passed("hub entry", `the checkpoint of ${origin} is entry ${entry.index}`);
  } else if (hub) {
    report.notChecked("hub entry", `the bundle holds no path from ${origin} into the hub`);
  }
  return checked;
};
// Step 4: every record names the item, or a container that the records put it into.
const checkNames = (checked, item, report) => {
  const own = keyOf(item);
  const spelled = new Set(checked.flatMap(({ shown }) => namesIn(shown)));
  const inside = new Set([own]);
  for (let before = 0; before < inside.size;) {
    before = inside.size;
    for (const { shown } of checked) {
      const parent = shown.get("parentID");
      const holds = (child) => typeof child === "string" && inside.has(keyOf(child));
      if (typeof parent === "string" && (shown.get("childEPCs") ?? []).some(holds)) inside.add(keyOf(parent));
    }
  }
  inside.delete(own);
  for (const { record: { of, index }, shown } of checked) {
    need(of === undefined || inside.has(keyOf(of)), `no record puts the item into ${of}`);
    const named = of ?? item;
    const key = keyOf(named);
    need(named === key || spelled.has(named), `no record shown spells a name as ${named}, which is not its key ${key}`);
    need(namesIn(shown).some((name) => keyOf(name) === key), `record ${index} does not name ${named}`);
  }
  if (checked.every(({ record }) => record.of !== undefined)) report.cannotTell("the bundle holds no record that names the item");
};
const checkAnchor = async ({ anchor }, hub, policy, report) => {
  need(hub, "got an anchor without the checkpoint of the hub");
  if (policy.chain.length === 0) report.cannotTell("the policy names no chain and contract");
  else need(policy.chain.includes(`${anchor.chainId} 0x${toHex(anchor.contract)}`), "the anchor is on a chain or contract that the policy does not name");
  need(same(anchor.hubId, await sha256(hub.origin)) && anchor.size === hub.size, "the anchor publishes another hub or another size");
  const block = readBlock(anchor.header);
  need(same(block.hash, anchor.blockHash), "got a block hash that is not the hash of the header");
  findReceipt(block, anchor.index, anchor.receipt, anchor.proof);
  need(hasAnchored(anchor.receipt, anchor.contract, anchor.hubId, hub.root, hub.size), "the receipt has no event of the contract with this size and root");
  report.notChecked("anchor", `transaction ${anchor.index} of block ${block.number} (${toHex(block.hash)}) publishes size ${hub.size} and root of ${hub.origin}; no endpoint was asked whether that block is on chain ${anchor.chainId}`);
};
const listUnproved = (checked, policy, report) => {
  const fields = checked.flatMap(({ record }) => record.fields);
  const hidden = fields.filter(({ digest }) => digest).length;
  const left = fields.reduce((sum, { elements, count }) => (elements ? sum + count - BigInt(elements.length) : sum), 0n);
  report.notChecked("what the file does not show", `of ${checked.length} records ${hidden} fields are hidden and ${left} elements of lists are left out`);
  if (policy.quorum) report.cannotTell("the policy asks for a quorum, but no independent witness has cosigned the checkpoints in this file");
  else report.notChecked("witnesses", "no independent witness has cosigned the checkpoints in this file");
  report.notChecked("completeness", "that no record was left out");
  report.notChecked("truth", "that what was stated happened, and that the object at hand is the one recorded");
};
const checkAll = async (bytes, policyFile, report) => {
  const bundle = readBundle(bytes);
  report.passed("form", "the file is canonical JSON of the format that this verifier knows");
  const authority = new Authority(bundle.proof, policyFile, report);
  await authority.establish();
  const { policy } = authority;
  const hub = bundle.hub && await openCheckpoint(bundle.hub.checkpoint, bundle.hub.origin, policy.hub, report);
  const [checked, hubPath] = [[], { whole: [] }];
  for (const history of bundle.histories) checked.push(...await checkHistory(history, bundle, hub, hubPath, policy, report));
  checkNames(checked, bundle.item, report);
  await authority.checkInHub(hub);
  authority.describe(bundle);
  if (bundle.anchor) await checkAnchor(bundle, hub, policy, report);
  else report.notChecked("anchor", "the bundle holds no anchor on a public chain");
  if (!hub) report.notChecked("hub", "the bundle holds no checkpoint of a hub");
  listUnproved(checked, policy, report);
};

// Makes checks into a report; what they throw is told as the outcome that it means.
export const ended = async (report, work) => {
  try {
    await work(report);
    report.outcome = report.isUnsure ? "cannot tell" : "proved";
  } catch (error) {
    if (error instanceof NoBundle) {
      report.notChecked("form", `${error.message}; this is no whole bundle, so that nothing in it was checked; expected the file as it was downloaded, unchanged`);
      return Object.assign(report, { outcome: "cannot tell", isNoBundle: true });
    }
    // Of a pack it is said which file is at fault.
    const isRefuted = error instanceof Refuted || error.file !== undefined;
    const [name, detail] = error instanceof PolicyError ? ["policy", error.message] : ["this verifier failed", String(error)];
    report.checks.push(isRefuted ? [error.file ?? "refuted", "failed", error.message] : [name, "failed", detail]);
    // A policy that cannot be read, and a fault of the verifier, say nothing against the file.
    report.outcome = isRefuted ? "refuted" : "cannot tell";
  }
  return report;
};

export async function verify(file, policyFile) {
  return ended(new Report(), async (report) => {
    const bytesOf = (input) => (typeof input === "string" ? toBytes(input) : input);
    const policyText = fromUtf8(bytesOf(policyFile));
    inPolicy(policyText !== undefined, "the policy is not UTF-8");
    if (globalThis.crypto?.subtle === undefined) report.cannotTell("this browser offers no WebCrypto on this page");
    else await checkAll(bytesOf(file), await parsePolicy(policyText), report);
  });
}
