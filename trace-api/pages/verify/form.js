// Bytes, and the form of a bundle: canonical JSON, read strictly, and objects whose members are all known.
//
// Entry: parse(bytes) gives the value of a file, parseText(text) that of a value inside it: Map, Array, string,
// Digits, boolean or null; Members reads an object of known members one by one.
// What holds: what is accepted is canonical JSON to the byte, so that no second reader can see another value; a number
// keeps its digits; an unknown member and one of another type are refused. docs/formats/bundle-v2.md, "Form".
// Not here: what the members mean (verify.js).

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 64;

export class Refuted extends Error {}
// The file is no whole bundle of this version: nothing that it states can be told.
export class NoBundle extends Error {}
export const need = (condition, text) => { if (!condition) throw new Refuted(text); };

const utf8 = new TextEncoder();
export const toBytes = (text) => utf8.encode(text);
// Strings count as their UTF-8, arrays as bytes.
export const concat = (...parts) => {
  const bytes = parts.map((part) => (typeof part === "string" ? toBytes(part) : part));
  const out = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
  bytes.reduce((at, part) => (out.set(part, at), at + part.length), 0);
  return out;
};
export const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const same = (a, b) => a.length === b.length && a.every((byte, place) => byte === b[place]);
export const u64 = (number) => {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(number));
  return out;
};
const fromHex = (text) => {
  if (typeof text !== "string" || text.length % 2 !== 0 || /[^0-9a-f]/.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, place) => parseInt(text.slice(2 * place, 2 * place + 2), 16));
};
export const fromBase64 = (text) => {
  let binary;
  try { binary = atob(text); } catch { throw new Refuted("got a value that is not base64"); }
  need(btoa(binary) === text, "got a value that is not base64 with padding and no stray bits");
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
};
// Bytes of base64 without padding; undefined for anything else.
const fromUnpadded = (text) => {
  if (typeof text !== "string") return undefined;
  try {
    const binary = atob(text);
    return btoa(binary).replace(/=+$/, "") === text ? Uint8Array.from(binary, (c) => c.charCodeAt(0)) : undefined;
  } catch { return undefined; }
};
export const bytesOf = (place, value, length) => {
  const bytes = fromUnpadded(value);
  need(bytes !== undefined && (length === undefined || bytes.length === length), `${place}: expected ${length ?? ""} bytes in base64 without padding`);
  return bytes;
};
export const hashesOf = (place, values) => {
  need(Array.isArray(values), `${place}: expected an array of hashes`);
  return values.map((value) => bytesOf(place, value, 32));
};
// The text of bytes that are UTF-8; a byte order mark stays in it. Undefined for other bytes.
export const fromUtf8 = (bytes) => {
  try { return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes); } catch { return undefined; }
};

// --- canonical JSON ---------------------------------------------------------------------------------------------------

// A number as its digits.
export class Digits {
  constructor(text) { this.text = text; }
}

class Reader {
  constructor(text) { [this.text, this.at, this.depth] = [text, 0, 0]; }

  fail(wanted) { throw new Refuted(`not canonical JSON at character ${this.at}: expected ${wanted}`); }

  // Whether the next character is this one; if so, it is read.
  skip(character) {
    const found = this.text[this.at] === character;
    if (found) this.at += 1;
    return found;
  }

  value() {
    const first = this.text[this.at];
    if (first === "{") return this.nested(() => this.object());
    if (first === "[") return this.nested(() => this.array());
    if (first === "\"") return this.string();
    for (const [word, value] of [["true", true], ["false", false], ["null", null]]) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
    number.lastIndex = this.at;
    const found = number.exec(this.text);
    if (!found) this.fail("a value");
    this.at += found[0].length;
    return new Digits(found[0]);
  }

  nested(read) {
    if (this.depth >= MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} levels`);
    [this.depth, this.at] = [this.depth + 1, this.at + 1];
    const value = read();
    this.depth -= 1;
    return value;
  }

  array() {
    const items = [];
    if (this.skip("]")) return items;
    do items.push(this.value()); while (this.skip(","));
    return this.skip("]") ? items : this.fail("`,` or `]`");
  }

  // Names ascend by UTF-16 code units (RFC 8785), which also means that none is there twice.
  object() {
    const found = new Map();
    if (this.skip("}")) return found;
    let last;
    do {
      if (this.text[this.at] !== "\"") this.fail("a member's name");
      const name = this.string();
      if (last !== undefined && last >= name) this.fail("members in ascending order, each once");
      last = name;
      if (!this.skip(":")) this.fail("`:`");
      found.set(name, this.value());
    } while (this.skip(","));
    return this.skip("}") ? found : this.fail("`,` or `}`");
  }

  string() {
    let end = this.at + 1;
    while (end < this.text.length && this.text[end] !== "\"") end += this.text[end] === "\\" ? 2 : 1;
    const written = this.text.slice(this.at, end + 1);
    let value;
    try { value = JSON.parse(written); } catch { this.fail("a string"); }
    if (JSON.stringify(value) !== written) this.fail("the shortest escapes");
    if (/\p{Surrogate}/u.test(value)) this.fail("whole surrogate pairs");
    this.at = end + 1;
    return value;
  }
}

export const parseText = (text) => {
  const reader = new Reader(text);
  const value = reader.value();
  if (reader.at !== text.length) reader.fail("the end of the text");
  return value;
};
export const parse = (bytes) => {
  need(bytes.length <= MAX_BYTES, `got a file of ${bytes.length} bytes, expected at most ${MAX_BYTES}`);
  const text = fromUtf8(bytes);
  need(text !== undefined, "the file is not UTF-8");
  return parseText(text);
};

// --- objects whose members are all known --------------------------------------------------------------------------------

// A whole number below 2^53, as a BigInt.
export const numberOf = (place, value) => {
  const isWhole = value instanceof Digits && /^(0|[1-9][0-9]{0,15})$/.test(value.text) && BigInt(value.text) < 2n ** 53n;
  need(isWhole, `${place}: expected a whole number below 2^53`);
  return BigInt(value.text);
};

export class Members {
  constructor(place, value, known) {
    need(value instanceof Map, `${place}: expected an object`);
    for (const name of value.keys()) need(known.includes(name), `${place}/${name}: expected no member of this name`);
    [this.place, this.value] = [place, value];
  }

  has(name) { return this.value.has(name); }

  get(name) { return this.value.get(name); }

  take(name, wanted, accepted) {
    need(accepted !== undefined, `${this.place}/${name}: expected ${wanted}`);
    return accepted;
  }

  text(name) {
    const value = this.get(name);
    return this.take(name, "a string", typeof value === "string" ? value : undefined);
  }

  array(name) {
    const value = this.get(name);
    return this.take(name, "an array", Array.isArray(value) ? value : undefined);
  }

  number(name) { return numberOf(`${this.place}/${name}`, this.get(name)); }

  hex(name, value, length) {
    const bytes = fromHex(value);
    const fits = bytes !== undefined && (length === undefined || bytes.length === length);
    return this.take(name, length === undefined ? "lowercase hex" : `lowercase hex of ${length} bytes`, fits ? bytes : undefined);
  }

  unpadded(name, length) { return bytesOf(`${this.place}/${name}`, this.get(name), length); }

  hashes(name) { return hashesOf(`${this.place}/${name}`, this.get(name)); }

  bytes(name, length) { return this.hex(name, this.get(name), length); }

  listOfBytes(name, length) { return this.array(name).map((value) => this.hex(name, value, length)); }
}
