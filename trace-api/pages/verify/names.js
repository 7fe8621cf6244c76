// The key of a name: what two spellings of one thing, a URN and a GS1 Digital Link, have in common.
//
// Entry: keyOf(text) is equal for all spellings of one GS1 key; digitsOf(text) are the digits of the key that begin with the
// company prefix, undefined if it has none.
// What holds: a text without a key that can be read is its own key; nothing here throws.
// Not here: bits in links and tag URIs, which no verifier reads. docs/formats/bundle-v2.md, "Names".

const HOST = "https://id.gs1.org/";
const isDigits = (text) => /^[0-9]+$/.test(text);
const isGs1Text = (text) => /^[A-Za-z0-9!"%&'()*+,\-./:;<=>?_]*$/.test(text);
const escape = (text) => text.replace(/[^A-Za-z0-9\-._~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
// Undefined unless all of it is ASCII with whole escapes.
const unescape = (text) => {
  if (!/^(?:%[0-7][0-9A-Fa-f]|[\x00-\x24\x26-\x7f])*$/.test(text)) return undefined;
  return text.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
};
const checkDigit = (digits) => {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) sum += Number(digits[digits.length - 1 - at]) * (at % 2 === 0 ? 3 : 1);
  return String((10 - (sum % 10)) % 10);
};
// The digits with their check digit; undefined unless they are that many.
const keyed = (digits, length) => (digits.length === length && isDigits(digits) ? digits + checkDigit(digits) : undefined);
// The parts in one; undefined if one of them is.
const joined = (...parts) => (parts.includes(undefined) ? undefined : parts.join(""));

// --- URNs ---------------------------------------------------------------------------------------------------------

// At most `count` parts, the last of which keeps its dots.
const splitParts = (body, count) => {
  const parts = body.split(".");
  return parts.length > count ? [...parts.slice(0, count - 1), parts.slice(count - 1).join(".")] : parts;
};
const SERIAL_IN_KEY = new Map([["grai", "8003/0"], ["gdti", "253/"], ["sgcn", "255/"]]);
const WHOLE = ["sscc", "pgln", "gsrn", "gsrnp", "gsin"];
// The path of the canonical link of `id:sgtin:…`, `class:lgtin:…` or `idpat:sgtin:…`.
const pathOfUrn = (rest) => {
  const found = /^([^:]*):([^:]*):([^]*)$/.exec(rest);
  if (!found) return undefined;
  const [, kind, scheme, body] = found;
  const parts = splitParts(body, scheme === "itip" ? 5 : 3).map(unescape);
  if (parts.includes(undefined) || parts.length < 2 || !isDigits(parts[0])) return undefined;
  const isText = scheme === "giai" || scheme === "ginc";
  if (parts.length > 2 && (WHOLE.includes(scheme) || (parts.at(-1) === "" && !isText))) return undefined;
  const [prefix, reference, third] = parts;
  const last = third === undefined || (kind === "idpat" && third === "*") ? undefined : escape(third);
  const whole = (length) => keyed(prefix + reference, length);
  const led = (length) => (reference === "" ? undefined : keyed(reference[0] + prefix + reference.slice(1), length));
  const isThing = kind === "id" || kind === "idpat";
  if (isText) {
    const text = unescape(body.slice(body.indexOf(".") + 1));
    return kind === "id" && text !== undefined ? `${scheme === "giai" ? "8004" : "401"}/${prefix}${escape(text)}` : undefined;
  }
  switch (`${kind}:${scheme}`) {
    case "id:sgtin": return joined("01/", led(13), "/21/", last);
    case "idpat:sgtin": return joined("01/", led(13), last === undefined ? "" : `/21/${last}`);
    case "class:lgtin": return joined("01/", led(13), "/10/", last);
    case "id:upui": return joined("01/", led(13), "/235/", last);
    case "id:sscc": return joined("00/", led(17));
    case "id:sgln": return joined("414/", whole(12), last === undefined || last === "0" ? "" : `/254/${last}`);
    case "id:pgln": return joined("417/", whole(12));
    case "id:gsrn": return joined("8018/", whole(17));
    case "id:gsrnp": return joined("8017/", whole(17));
    case "id:gsin": return joined("402/", whole(16));
    default:
  }
  if (!isThing) return undefined;
  if (scheme === "cpi") return `8010/${prefix}${escape(reference)}${last === undefined ? "" : `/8011/${last}`}`;
  if (SERIAL_IN_KEY.has(scheme)) return joined(SERIAL_IN_KEY.get(scheme), whole(12), last ?? "");
  if (scheme !== "itip" || ![parts[2], parts[3]].every((text) => text !== undefined && /^[0-9]{2}$/.test(text))) return undefined;
  const serial = parts[4] === undefined || (kind === "idpat" && parts[4] === "*") ? "" : `/21/${escape(parts[4])}`;
  return joined("8006/", led(13), parts[2] + parts[3] + serial);
};

// --- links --------------------------------------------------------------------------------------------------------

// The lists of qualifiers that may follow each key.
const KEYS = new Map(Object.entries({
  "00": [], "01": [["22", "10", "21"], ["235"]], 253: [], 255: [], 401: [], 402: [], 414: [["254"], ["7040"]],
  417: [["7040"]], 8003: [], 8004: [["7040"]], 8006: [["22", "10", "21"]], 8010: [["8011"]], 8013: [], 8017: [["8019"]],
  8018: [["8019"]],
}));
// How many digits a key begins with, the check digit among them, and how many characters may follow.
const SHAPES = {
  "00": [18, 0], 8017: [18, 0], 8018: [18, 0], "01": [14, 0], 402: [17, 0], 414: [13, 0], 417: [13, 0], 253: [13, 17],
  255: [13, 12], 8003: [14, 16], 8006: [14, 4], 8010: [0, 30], 8013: [0, 25], 401: [0, 30], 8004: [0, 30],
};
const isKey = (ai, value) => {
  const [digits, more] = SHAPES[ai];
  const [head, tail] = [value.slice(0, digits), value.slice(digits)];
  const isFormed = {
    255: () => tail === "" || isDigits(tail), 8006: () => /^[0-9]{4}$/.test(tail),
    8003: () => head.startsWith("0") && isGs1Text(tail), 8010: () => /^[0-9A-Z#\-/]*$/.test(tail),
  }[ai] ?? (() => isGs1Text(tail));
  if (value === "" || head.length < digits || tail.length > more || !isFormed()) return false;
  return digits === 0 || (isDigits(head) && checkDigit(head.slice(0, -1)) === head.at(-1));
};
const QUALIFIERS = new Map([
  ["235", /^.{1,28}$/], ["7040", /^[0-9].{3}$/], ["8011", /^(?:0|[1-9][0-9]{0,11})$/], ["8019", /^[0-9]{1,10}$/],
]);
const isQualifier = (ai, value) => isGs1Text(value) && (QUALIFIERS.get(ai) ?? /^.{1,20}$/).test(value);
const isInOrder = (list, names) => {
  let from = 0;
  return names.every((name) => { from = list.indexOf(name, from) + 1; return from > 0; });
};

// Key, qualifiers and attributes of a plain link; undefined for anything else.
const readLink = (text) => {
  const found = /^https?:\/\/([^]*)$/.exec(text);
  if (!found) return undefined;
  const address = found[1].split("#", 1)[0];
  const mark = address.indexOf("?");
  const [before, query] = mark < 0 ? [address, ""] : [address.slice(0, mark), address.slice(mark + 1)];
  const slash = before.indexOf("/");
  if (slash < 1) return undefined;
  const attributes = query.split(/[&;]/).filter((pair) => pair.includes("="))
    .map((pair) => [pair.slice(0, pair.indexOf("=")), unescape(pair.slice(pair.indexOf("=") + 1))])
    .filter(([name]) => isDigits(name));
  const segments = before.slice(slash + 1).replace(/\/+$/, "").split("/");
  let begin = segments.length % 2;
  while (begin < segments.length && !KEYS.has(segments[begin])) begin += 2;
  if (begin >= segments.length || attributes.some(([, value]) => value === undefined)) return undefined;
  const ai = segments[begin];
  let value = unescape(segments[begin + 1]);
  if (value === undefined) return undefined;
  if (ai === "01" && isDigits(value) && [8, 12, 13].includes(value.length)) value = value.padStart(14, "0");
  const qualifiers = [];
  for (let at = begin + 2; at < segments.length; at += 2) qualifiers.push([segments[at], unescape(segments[at + 1])]);
  const isWhole = qualifiers.every(([name, one]) => one !== undefined && isQualifier(name, one));
  const names = qualifiers.map(([name]) => name);
  if (!isWhole || !isKey(ai, value)) return undefined;
  if (names.length > 0 && !KEYS.get(ai).some((list) => isInOrder(list, names))) return undefined;
  return { ai, value, qualifiers: new Map(qualifiers), attributes };
};
const keyOfLink = ({ ai, value, qualifiers }) => {
  const order = { "01": ["21", "235", "10", "22"], 8006: ["21", "235", "10", "22"], 414: ["254"], 8010: ["8011"] }[ai] ?? [];
  const name = order.find((one) => qualifiers.has(one) && !(one === "254" && qualifiers.get(one) === "0"));
  return `${HOST}${ai}/${escape(value)}${name === undefined ? "" : `/${name}/${escape(qualifiers.get(name))}`}`;
};
// Whether a qualifier that changes the key stands among the attributes.
const hidesItsKey = (link) => link.attributes.some(([name, value]) => {
  const names = [...link.qualifiers.keys()];
  const list = KEYS.get(link.ai).find((one) => one.includes(name) && names.every((other) => one.includes(other)));
  if (list === undefined || names.includes(name)) return false;
  return keyOfLink({ ...link, qualifiers: new Map([...link.qualifiers, [name, value]]) }) !== keyOfLink(link);
});

// --- both ---------------------------------------------------------------------------------------------------------

// The text with what stands before its key in small letters.
const lowered = (text) => {
  const colons = /^urn:epc:/i.test(text) ? 4 : 1;
  const start = text.split(":").slice(0, colons).join(":");
  const hasAll = text.split(":").length > colons;
  return hasAll ? start.replace(/[A-Z]/g, (char) => char.toLowerCase()) + text.slice(start.length) : text;
};
export const keyOf = (text) => {
  const low = lowered(text);
  if (low.startsWith("urn:epc:")) {
    const path = low.startsWith("urn:epc:tag:") ? undefined : pathOfUrn(low.slice(8));
    return path === undefined ? text : HOST + path;
  }
  const link = readLink(low);
  return link === undefined || hidesItsKey(link) ? text : keyOfLink(link);
};
export const digitsOf = (text) => {
  const link = readLink(keyOf(text));
  if (link === undefined || hidesItsKey(link)) return undefined;
  const { ai, value } = link;
  const [from, to] = {
    "01": [1, 13], 8006: [1, 13], 8003: [1, 13], "00": [1, 17], 414: [0, 12], 417: [0, 12], 253: [0, 12], 255: [0, 12],
    8017: [0, 17], 8018: [0, 17], 402: [0, 16], 8013: [0, 0],
  }[ai] ?? [0, /^[0-9]*/.exec(value)[0].length];
  return to - from >= 4 ? value.slice(from, to) : undefined;
};
