// What an anchor needs of an EVM chain: Keccak-256, RLP, the receipt trie, the event.
//
// Entry: readBlock(header), findReceipt(block, index, receipt, nodes), hasAnchored(receipt, ...).
// What holds: RLP is accepted in its shortest form only; every node is bound to its parent by hash or is embedded in
// it, and every node of a proof is used. The steps are those of docs/formats/bundle-v2.md, "Anchor".
// Not here: whether the block is on the chain; that needs an endpoint.

import { concat, need, same, toBytes, u64 } from "./form.js";

const RATE = 136;
const MAX_DEPTH = 8;

// --- Keccak-256: the original padding, not that of SHA3-256 -------------------------------------------------------------

// Rotates the 64 bits of [low, high] to the left.
const rotate = (low, high, count) => {
  if (count >= 32) [low, high, count] = [high, low, count - 32];
  if (count === 0) return [low, high];
  return [(low << count) | (high >>> (32 - count)), (high << count) | (low >>> (32 - count))];
};
// Keccak-f[1600]; lane (x, y) has its low half at 2 (x + 5 y), its high half behind it.
const permute = (s) => {
  const c = new Int32Array(10);
  let lfsr = 1;
  for (let round = 0; round < 24; round += 1) {
    for (let i = 0; i < 10; i += 1) c[i] = s[i] ^ s[i + 10] ^ s[i + 20] ^ s[i + 30] ^ s[i + 40];
    for (let x = 0; x < 5; x += 1) {
      const [low, high] = rotate(c[(2 * x + 2) % 10], c[(2 * x + 3) % 10], 1);
      for (let i = 2 * x; i < 50; i += 10) {
        s[i] ^= low ^ c[(2 * x + 8) % 10];
        s[i + 1] ^= high ^ c[(2 * x + 9) % 10];
      }
    }
    let [x, y, low, high] = [1, 0, s[2], s[3]];
    for (let t = 0; t < 24; t += 1) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      const place = 2 * (x + 5 * y);
      const moved = rotate(low, high, (((t + 1) * (t + 2)) / 2) % 64);
      [low, high] = [s[place], s[place + 1]];
      [s[place], s[place + 1]] = moved;
    }
    for (let row = 0; row < 50; row += 10) {
      const before = s.slice(row, row + 10);
      for (let i = 0; i < 10; i += 1) s[row + i] = before[i] ^ (~before[(i + 2) % 10] & before[(i + 4) % 10]);
    }
    for (let j = 0; j < 7; j += 1) {
      lfsr = ((lfsr << 1) ^ ((lfsr >> 7) * 0x171)) & 0xff;
      const bit = (1 << j) - 1;
      if (lfsr & 2) s[bit >> 5] ^= 1 << (bit & 31);
    }
  }
};
export const keccak256 = (bytes) => {
  const padded = new Uint8Array((Math.floor(bytes.length / RATE) + 1) * RATE);
  padded.set(bytes);
  padded[bytes.length] ^= 0x01;
  padded[padded.length - 1] ^= 0x80;
  const [state, view] = [new Int32Array(50), new DataView(padded.buffer)];
  for (let block = 0; block < padded.length; block += RATE) {
    for (let i = 0; i < RATE / 4; i += 1) state[i] ^= view.getInt32(block + 4 * i, true);
    permute(state);
  }
  const out = new DataView(new ArrayBuffer(32));
  for (let i = 0; i < 8; i += 1) out.setInt32(4 * i, state[i], true);
  return new Uint8Array(out.buffer);
};

// --- RLP: a value is { bytes } or { items, encoded } -------------------------------------------------------------------

const readOne = (bytes, start, end, depth) => {
  need(start < end, "RLP ends too early");
  const first = bytes[start];
  if (first < 0x80) return [{ bytes: bytes.subarray(start, start + 1) }, start + 1];
  const isList = first >= 0xc0;
  let length = first - (isList ? 0xc0 : 0x80);
  let at = start + 1;
  if (length > 55) {
    const digits = bytes.subarray(at, at + length - 55);
    need(at + length - 55 <= end && digits[0] !== 0, "RLP has a length that is not in its shortest form");
    at += length - 55;
    length = digits.reduce((sum, digit) => sum * 256 + digit, 0);
    need(length > 55, "RLP has a length that is not in its shortest form");
  }
  need(length <= end - at, "RLP ends too early");
  const after = at + length;
  if (!isList) {
    need(length !== 1 || bytes[at] >= 0x80, "RLP has a byte that is not in its shortest form");
    return [{ bytes: bytes.subarray(at, after) }, after];
  }
  need(depth < MAX_DEPTH, `RLP is nested deeper than ${MAX_DEPTH}`);
  const items = [];
  while (at < after) {
    const [item, behind] = readOne(bytes, at, after, depth + 1);
    items.push(item);
    at = behind;
  }
  return [{ items, encoded: bytes.subarray(start, after) }, after];
};
const readRlp = (bytes) => {
  const [value, end] = readOne(bytes, 0, bytes.length, 0);
  need(end === bytes.length, "RLP has bytes behind its end");
  return value;
};
const bytesOf = (value, length) => {
  need(value.bytes && (length === undefined || value.bytes.length === length), "RLP has a value of another shape");
  return value.bytes;
};
const listOf = (value, fits) => {
  need(value.items && fits(value.items.length), "RLP has a list of another shape");
  return value.items;
};
const numberOf = (value) => {
  const bytes = bytesOf(value);
  need(bytes.length <= 8 && bytes[0] !== 0, "RLP has a number of another shape");
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
};
const encodeNumber = (number) => {
  const bytes = u64(number).subarray(8 - Math.ceil(number.toString(2).length / 8));
  if (number === 0n) return Uint8Array.of(0x80);
  return number < 0x80n ? bytes : concat([0x80 + bytes.length], bytes);
};

// --- the receipt trie ----------------------------------------------------------------------------------------------------

const nibbles = (bytes) => Array.from(bytes).flatMap((byte) => [byte >> 4, byte & 15]);
// Goes from a node, through those embedded in it, to { hash, rest } of the next node or to { value }.
const walk = (node, rest) => {
  const items = listOf(node, (count) => count === 2 || count === 17);
  if (items.length === 17) {
    return rest.length === 0 ? { value: bytesOf(items[16]) } : follow(items[rest[0]], rest.slice(1));
  }
  const path = nibbles(bytesOf(items[0]));
  need(path.length > 0 && path[0] <= 3 && (path[0] % 2 === 1 || path[1] === 0), "a node has a malformed path");
  const shared = path.slice(path[0] % 2 === 1 ? 1 : 2);
  need(shared.every((nibble, place) => nibble === rest[place]), "a node is not on the way to the receipt");
  const left = rest.slice(shared.length);
  if (path[0] < 2) return follow(items[1], left);
  need(left.length === 0, "a node is not on the way to the receipt");
  return { value: bytesOf(items[1]) };
};
const follow = (next, rest) => {
  if (next.bytes) return { hash: bytesOf(next, 32), rest };
  need(next.encoded.length < 32, "a node is embedded that is too long for it");
  return walk(next, rest);
};
const lookUp = (root, key, nodes) => {
  let [expected, rest] = [root, nibbles(key)];
  for (const [place, node] of nodes.entries()) {
    need(same(keccak256(node), expected), `node ${place} of the receipt proof does not lead from the root to the receipt`);
    const step = walk(readRlp(node), rest);
    if (step.value) {
      need(place + 1 === nodes.length, "the receipt proof has a node too many");
      return step.value;
    }
    [expected, rest] = [step.hash, step.rest];
  }
  need(false, "the receipt proof has a node too few");
};

// --- block and receipt ---------------------------------------------------------------------------------------------------

export const readBlock = (header) => {
  const fields = listOf(readRlp(header), (count) => count >= 15);
  return { hash: keccak256(header), receiptsRoot: bytesOf(fields[5], 32), number: numberOf(fields[8]), time: numberOf(fields[11]) };
};
// Refuted unless the receipt is that of the transaction `index` (a BigInt) of the block.
export const findReceipt = (block, index, receipt, nodes) => {
  need(same(lookUp(block.receiptsRoot, encodeNumber(index), nodes), receipt), "the proof leads to another receipt");
};
// Whether the transaction succeeded and `contract` emitted Anchored(hubId, root, size), the first two indexed.
export const hasAnchored = (receipt, contract, hubId, root, size) => {
  const [status, , , logs] = listOf(readRlp(receipt[0] < 0x80 ? receipt.subarray(1) : receipt), (count) => count === 4);
  need(numberOf(status) === 1n, "the transaction failed");
  const topics = [keccak256(toBytes("Anchored(bytes32,bytes32,uint64)")), hubId, root];
  const data = concat(new Uint8Array(24), u64(size));
  return listOf(logs, () => true).map((log) => {
    const parts = listOf(log, (count) => count === 3);
    const found = listOf(parts[1], () => true).map((topic) => bytesOf(topic, 32));
    return same(bytesOf(parts[0], 20), contract) && found.length === topics.length
      && found.every((topic, place) => same(topic, topics[place])) && same(bytesOf(parts[2]), data);
  }).some(Boolean);
};
