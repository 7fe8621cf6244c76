// Reads the archive of an evidence pack: stored entries, written in one way only.
//
// Entry: isArchive(bytes); readArchive(bytes) gives a Map of names and contents, in order, or throws a Fault that names the entry.
// What holds: every byte of an archive that is taken is determined by names and contents of its entries, so whatever is changed in a header, or
// stands between entries, is found here; a changed content has another checksum. docs/formats/export-v1.md, "Evidence pack".
// Not here: other archives: one that was packed again by another program is refused, as every verifier refuses it.

import { concat, fromUtf8, same } from "./form.js";

// What is wrong with which file.
export class Fault extends Error {
  constructor(file, problem) {
    super(problem);
    this.file = file;
  }
}

const [LOCAL, CENTRAL, END] = [[0x50, 0x4b, 3, 4], [0x50, 0x4b, 1, 2], [0x50, 0x4b, 5, 6]].map((bytes) => Uint8Array.from(bytes));
const [LOCAL_BYTES, CENTRAL_BYTES, END_BYTES] = [30, 46, 22];
const LONGEST_NAME = 200;
const WHOLE = "the end of the archive";

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum >>> 0;
});
const checksum = (bytes) => {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
};

const numbers = (...values) => {
  const out = new DataView(new ArrayBuffer(values.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of values) {
    if (size === 2) out.setUint16(at, value, true);
    else out.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(out.buffer);
};
// Version, flags (names are UTF-8), method (stored), time, 1 January 1980, checksum, both sizes, length of the name, no extra fields.
const common = ({ crc, size, name }) =>
  numbers([2, 20], [2, 0x800], [2, 0], [2, 0], [2, 0x21], [4, crc], [4, size], [4, size], [2, name.length], [2, 0]);
const localOf = (entry) => concat(LOCAL, common(entry), entry.name);
const centralOf = (entry, offset) =>
  concat(CENTRAL, numbers([2, 20]), common(entry), numbers([2, 0], [4, 0], [4, 0], [4, offset]), entry.name);
const endOf = (count, size, offset) => concat(END, numbers([4, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]));

const isPlain = (name) => name.length <= LONGEST_NAME
  && name.split("/").every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(part));
const must = (condition, file, problem) => { if (!condition) throw new Fault(file, problem); };

// Whether a file is meant as an archive: one changed bit does not make it anything else.
export const isArchive = (bytes) => [[0, LOCAL], [bytes.length - END_BYTES, END]]
  .some(([at, mark]) => at >= 0 && same(bytes.subarray(at, at + mark.length), mark));

export const readArchive = (bytes) => {
  must(bytes.length >= END_BYTES, WHOLE, `got ${bytes.length} bytes, expected a whole archive`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = bytes.length - END_BYTES;
  const [count, size, begin] = [view.getUint16(last + 8, true), view.getUint32(last + 12, true), view.getUint32(last + 16, true)];
  must(same(bytes.subarray(last), endOf(count, size, begin)) && begin + size === last, WHOLE, "it is not as it was written");
  const files = new Map();
  let [listed, at] = [begin, 0];
  for (let number = 0; number < count; number += 1) {
    const named = `entry ${number} of the directory`;
    must(listed + CENTRAL_BYTES <= last, named, "it is cut off");
    const length = view.getUint16(listed + 28, true);
    must(listed + CENTRAL_BYTES + length <= last, named, "its name is cut off");
    const own = bytes.subarray(listed, listed + CENTRAL_BYTES + length);
    const entry = { crc: view.getUint32(listed + 16, true), size: view.getUint32(listed + 24, true), name: own.subarray(CENTRAL_BYTES) };
    const name = fromUtf8(entry.name) ?? "";
    must(isPlain(name), named, "expected a plain name");
    must(same(own, centralOf(entry, at)), `${name} (${named})`, "its entry in the directory is not as it was written");
    const local = localOf(entry);
    must(same(bytes.subarray(at, at + local.length), local), `${name} (${named})`, "its header differs from the one in the directory");
    const content = at + LOCAL_BYTES + length;
    must(content + entry.size <= begin, name, "it ends behind the end of all contents");
    must(!files.has(name), name, "it is there twice");
    files.set(name, { content: bytes.subarray(content, content + entry.size), crc: entry.crc });
    [listed, at] = [listed + own.length, content + entry.size];
  }
  must(listed === last && at === begin, WHOLE, "something stands between the entries and it");
  for (const [name, { content, crc }] of files) {
    must(checksum(content) === crc, name, "it was changed: its content does not have the checksum in its header");
    files.set(name, content);
  }
  return files;
};
