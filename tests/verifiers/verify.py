#!/usr/bin/env python3
"""Verifies a Chopmark bundle; written from docs/formats alone, with nothing of the project's code.

    verify.py BUNDLE --policy POLICY

Prints the outcome and the first reason. Exit status: 0 proved, 1 refuted, 2 cannot tell, or a file could not be read.
Sources: docs/formats/bundle-v1.md (the steps), record-v1.md (digests, names), checkpoint-v1.md (notes, policy files).
Needs Python 3.9 and the package `cryptography`. Does not ask a chain whether the anchor's block is on it.
"""

import argparse
import base64
import binascii
import functools
import hashlib
import json
import re
import sys

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "chopmark.org/bundle@v1"
MAX_BYTES, MAX_DEPTH = 16 * 1024 * 1024, 64
RSA_NAME = b"chopmark.org/rsa-pss-3072-sha256\n"
RSA_HEAD = bytes.fromhex("308201a2300d06092a864886f70d01010105000382018f003082018a0282018100")
RSA_TAIL = bytes.fromhex("0203010001")
PLAIN_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
CLASS_LISTS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
LISTS = PLAIN_LISTS + CLASS_LISTS + ("sensorElementList",)
MANDATORY = ("type", "action", "bizStep", "disposition", "persistentDisposition", "eventTime",
             "eventTimeZoneOffset", "errorDeclaration", "chopmark:by")
# Unicode's White_Space, and as a class of characters for `re`.
WHITE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
NO_KEY_NAME = re.compile("[" + WHITE + r"+\x00-\x1f\x7f-\x9f]")

class Refuted(Exception):
    """The file does not hold."""

class BadPolicy(Exception):
    """The policy file is not understood; that says nothing against the bundle."""

def need(condition, text, error=Refuted):
    if not condition:
        raise error(text)

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def u64(number):
    return number.to_bytes(8, "big")

def from_base64(text):
    """The bytes of padded base64 without stray bits, or None."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode() == text else None

def decimal(text):
    """A number of 64 bits without leading zeros, or None."""
    is_number = re.fullmatch("0|[1-9][0-9]{0,19}", text) and int(text) < 2**64
    return int(text) if is_number else None

class Digits:
    """A number as it is written."""

    def __init__(self, text):
        self.text = text

def unique(pairs):
    found = dict(pairs)
    need(len(found) == len(pairs), "a member is there twice")
    return found

def write(value, depth=0):
    """The canonical text, RFC 8785 with numbers as they are."""
    if isinstance(value, Digits):
        return value.text
    if not isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    need(depth < MAX_DEPTH, "nested too deep")
    if isinstance(value, list):
        return "[" + ",".join(write(item, depth + 1) for item in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(write(name) + ":" + write(value[name], depth + 1) for name in names) + "}"

def no_constant(text):
    raise Refuted(f"got {text}, which is not JSON")

def read_json(text):
    try:
        value = json.loads(text, object_pairs_hook=unique, parse_int=Digits, parse_float=Digits, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Refuted("not JSON") from None
    need(write(value) == text, "not canonical JSON")
    return value

class Members:
    """An object of which all members are known."""

    def __init__(self, value, *known):
        need(isinstance(value, dict), "expected an object")
        need(set(value) <= set(known), "got a member of an unknown name")
        self.value = value

    def has(self, name):
        return name in self.value

    def of_type(self, name, kind):
        value = self.value.get(name)
        need(isinstance(value, kind), f"{name}: expected another type")
        return value

    def text(self, name):
        return self.of_type(name, str)

    def array(self, name):
        return self.of_type(name, list)

    def number(self, name):
        text = self.of_type(name, Digits).text
        number = decimal(text)
        need(number is not None and number < 2**53, f"{name}: expected a whole number below 2^53")
        return number

    def bytes(self, name, length=None):
        return read_hex(self.text(name), length)

    def list_of_bytes(self, name, length=None):
        return [read_hex(value, length) for value in self.array(name)]

def read_hex(value, length):
    need(isinstance(value, str) and re.fullmatch("([0-9a-f]{2})*", value), "expected lowercase hex")
    need(length is None or len(value) == 2 * length, f"expected {length} bytes")
    return bytes.fromhex(value)

def node(left, right):
    return sha256(b"\x01", left, right)

def tree_root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node(tree_root(leaves[:split]), tree_root(leaves[split:]))

def climb(index, leaf, size, path):
    need(index < size, f"leaf {index} is not in a tree of {size} leaves")
    below = (index ^ (size - 1)).bit_length()
    need(len(path) == below + bin(index >> below).count("1"), "a path has the wrong length")
    last = size - 1
    for sibling in path:
        leaf = node(sibling, leaf) if index % 2 == 1 or index == last else node(leaf, sibling)
        index, last = index // 2, last // 2
    return leaf

def is_key_name(name):
    return 0 < len(name.encode()) <= 255 and not NO_KEY_NAME.search(name)

class Key:
    def __init__(self, text, *words):
        words = list(words)
        parts = text.split("+", 2)
        need(len(parts) == 3, "expected name+id+key", BadPolicy)
        self.text, self.name = text, parts[0]
        typed = from_base64(parts[2])
        need(typed and is_key_name(self.name), "expected a name and base64", BadPolicy)
        rsa = typed[1 + len(RSA_NAME):]
        if typed[0] == 1 and len(typed) == 33:
            self.kind, self.key = "Ed25519", typed[1:]
        else:
            need(typed.startswith(b"\xff" + RSA_NAME) and len(rsa) == 422 and rsa.startswith(RSA_HEAD)
                 and rsa.endswith(RSA_TAIL) and rsa[33] >= 0x80, "expected a key of a known algorithm", BadPolicy)
            self.kind, self.key = "RSA-PSS-3072", rsa
        self.id = sha256(self.name.encode(), b"\n", typed)[:4]
        need(parts[1] == self.id.hex(), "expected the id of name and key", BadPolicy)
        need(words[::2] in ([], ["from"], ["until"], ["from", "until"]) and len(words) % 2 == 0, "expected from and until", BadPolicy)
        sizes = [decimal(word) for word in words[1::2]]
        need(None not in sizes, "expected sizes", BadPolicy)
        bounds = dict(zip(words[::2], sizes))
        self.begin, self.end = bounds.get("from", 0), bounds.get("until", 2**64)
        need(self.begin < self.end, "expected from below until", BadPolicy)

    def verifies(self, message, signature):
        return signature_verifies(self.kind, self.key, message, signature)

@functools.lru_cache(maxsize=4096)
def signature_verifies(kind, key, message, signature):
    try:
        if kind == "Ed25519":
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        else:
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
            serialization.load_der_public_key(key).verify(signature, message, pss, hashes.SHA256())
        return True
    except UnsupportedAlgorithm:
        return None
    except (InvalidSignature, ValueError):
        return False

class Policy:
    def __init__(self, text):
        self.log, self.hub, self.chains, self.names, self.quorum = [], [], set(), set(), None
        for line in text.split("\n"):
            line = line.strip(WHITE)
            if line and not line.startswith("#"):
                self.read(*re.split("[ \t\f\r]+", line))

    def add_key(self, keys, text, words):
        key = Key(text, *words)
        need(not any(other.text == text and other.begin < key.end and key.begin < other.end for other in keys),
             "a key is listed twice", BadPolicy)
        keys.append(key)

    def add_name(self, name):
        need(name != "none" and name not in self.names, "a name is taken", BadPolicy)
        self.names.add(name)

    def read(self, word, *rest):
        if word == "log" and rest:
            self.add_key(self.log, rest[0], rest[2:] if len(rest) > 1 and "://" in rest[1] else rest[1:])
        elif word == "hub" and rest:
            self.add_key(self.hub, rest[0], rest[1:])
        elif word == "chain" and len(rest) == 2:
            need(decimal(rest[0]) is not None and re.fullmatch("0x[0-9a-fA-F]{40}", rest[1]), "expected a chain", BadPolicy)
            self.chains.add((decimal(rest[0]), bytes.fromhex(rest[1][2:])))
        elif word == "witness" and len(rest) in (2, 3):
            self.add_name(rest[0])
            need(rest[1].count("+") >= 2 and is_key_name(rest[1].split("+")[0]), "expected name+id+key", BadPolicy)
        elif word == "group" and len(rest) > 2:
            need(set(rest[2:]) <= self.names, "expected names of lines above", BadPolicy)
            count = decimal(rest[1]) or 0
            need(rest[1] in ("any", "all") or 1 <= count <= len(rest) - 2, "expected a threshold", BadPolicy)
            self.add_name(rest[0])
        elif word == "quorum" and len(rest) == 1:
            if rest[0] != "none":
                need(self.quorum is None and rest[0] in self.names, "expected one known name", BadPolicy)
                self.quorum = rest[0]
        else:
            raise BadPolicy(f"got `{word}`")

def open_checkpoint(text, origin, keys, unsure):
    """Size and root, or refuted; adds to `unsure` what cannot be told."""
    need(len(text.encode()) <= 64 * 1024 and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), "not a note")
    split = text.rfind("\n\n")
    need(split >= 0 and text.endswith("\n") and len(text) > split + 2, "not a note")
    body, lines = text[:split + 1], text[split + 2:-1].split("\n")
    need(len(lines) <= 100, "got too many signature lines")
    signatures = []
    for line in lines:
        words = line.split(" ", 2)
        need(len(words) == 3 and words[0] == "—" and is_key_name(words[1]), "not a signature line")
        found = from_base64(words[2])
        need(found is not None and len(found) > 4, "not a signature line")
        signatures.append((words[1], found[:4], found[4:]))
    parts = body.split("\n")
    need(len(parts) == 4 and is_key_name(parts[0]) and decimal(parts[1]) is not None, "not a checkpoint")
    size, root = decimal(parts[1]), from_base64(parts[2])
    need(root is not None and len(root) == 32, "not a checkpoint")
    need(parts[0] == origin, f"got a checkpoint of {parts[0]}, expected one of {origin}")
    known = [key for key in keys if key.name == origin]
    if not known:
        unsure.append(f"the policy has no key of {origin}")
        return size, root
    in_force = [key for key in known if key.begin <= size < key.end]
    need(in_force, f"no key of {origin} is in force at size {size}")
    signed, missing = set(), set()
    for name, key_id, signature in signatures:
        results = [(key.kind, key.verifies(body.encode(), signature)) for key in in_force if (key.name, key.id) == (name, key_id)]
        need(not results or any(result is not False for _, result in results), f"a signature of {origin} does not verify")
        signed |= {kind for kind, result in results if result}
        missing |= {kind for kind, result in results if result is None}
    for kind in {key.kind for key in in_force} - signed:
        need(kind in missing, f"{origin} has no valid {kind} signature at size {size}")
        unsure.append(f"{kind} cannot be computed here")
    return size, root

def list_root(field):
    count, indexes, leaves, paths = field.number("count"), [], [], []
    for value in field.array("elements"):
        element = Members(value, "index", "salt", "value", "path")
        indexes.append(element.number("index"))
        leaves.append(sha256(b"\0", sha256(b"\x11", element.bytes("salt", 16), element.text("value").encode())))
        paths.append(element.list_of_bytes("path", 32))
    need(indexes == sorted(set(indexes)) and all(index < count for index in indexes), "elements are out of order")
    if len(leaves) == count:
        need(not any(paths), "got paths in a list that is shown whole")
        return count, tree_root(leaves)
    roots = {climb(index, leaf, count, path) for index, leaf, path in zip(indexes, leaves, paths)}
    need(len(roots) == 1, "elements lead to no root or to several")
    return count, roots.pop()

def read_record(fields):
    """The leaf of a record, and what is shown of it."""
    need(fields, "got a record without fields")
    last, content, shown = None, [], {}
    for value in fields:
        need(isinstance(value, dict), "expected an object")
        forms = (("digest", ("name", "digest")), ("elements", ("name", "count", "elements")), ("", ("name", "salt", "value")))
        form, known = next((form, known) for form, known in forms if form in value or not form)
        field = Members(value, *known)
        name = field.text("name")
        raw = name.encode()
        need(last is None or last < raw, "names of fields do not ascend")
        last = raw
        head = u64(len(raw)) + raw
        need(form == "digest" or (form == "elements") == (name in LISTS), f"{name} has the form of another kind of field")
        if form == "digest":
            need(name not in MANDATORY, f"{name} is hidden")
            digest = field.bytes("digest", 32)
        elif form == "elements":
            count, root = list_root(field)
            digest = sha256(b"\x12", head, u64(count), root)
            shown[name] = [read_json(element["value"]) for element in field.array("elements")]
        else:
            digest = sha256(b"\x10", field.bytes("salt", 16), head, field.text("value").encode())
            shown[name] = read_json(field.text("value"))
        content.append(head + digest)
    return sha256(b"\0", sha256(b"\x13", u64(len(fields)), *content)), shown

def names_of(shown):
    values = [shown.get("parentID")] + [value for name in PLAIN_LISTS for value in shown.get(name, [])]
    elements = [element for name in CLASS_LISTS for element in shown.get(name, [])]
    values += [element.get("epcClass") for element in elements if isinstance(element, dict)]
    return {value for value in values if isinstance(value, str)}

def check_names(item, checked, unsure):
    inside, before = {item}, 0
    while before < len(inside):
        before = len(inside)
        for _, shown in checked:
            children = [child for child in shown.get("childEPCs", []) if isinstance(child, str)]
            if isinstance(shown.get("parentID"), str) and inside.intersection(children):
                inside.add(shown["parentID"])
    for of, shown in checked:
        need(of is None or of in inside - {item}, "a record names no container of the item")
        need((item if of is None else of) in names_of(shown), "a record does not name what it must")
    if all(of is not None for of, _ in checked):
        unsure.append("no record names the item")

def check_history(value, bundle_has_anchor, hub, policy, unsure):
    history = Members(value, "origin", "records", "history_root", "checkpoint", "hub")
    size, root = open_checkpoint(history.text("checkpoint"), history.text("origin"), policy.log, unsure)
    need(history.array("records"), "got a history without records")
    last, own, checked = -1, [], []
    for found in history.array("records"):
        record = Members(found, "disclosed", "index", "path", "names", "of")
        names, index = record.text("names"), record.number("index")
        need(names in ("item", "container") and (names == "container") == record.has("of"), "expected item, or container and of")
        need(last < index, "records are out of order")
        last = index
        leaf, shown = read_record(Members(record.value.get("disclosed"), "fields").array("fields"))
        need(climb(index, leaf, size, record.list_of_bytes("path", 32)) == root, f"record {index} is not in its ledger")
        checked.append((record.text("of") if names == "container" else None, shown))
        own += [leaf] if names == "item" else []
    need(tree_root(own) == history.bytes("history_root", 32), "the history root is another")
    need(history.has("hub") or not bundle_has_anchor, "a ledger is in no hub, but there is an anchor")
    if history.has("hub"):
        entry = Members(history.value["hub"], "index", "path")
        index, path = entry.number("index"), entry.list_of_bytes("path", 32)
        need(hub is not None, "got a path into a hub without the hub")
        need(climb(index, sha256(b"\0", history.text("checkpoint").encode()), hub[0], path) == hub[1], "a checkpoint is not in the hub")
    return checked

@functools.lru_cache(maxsize=4096)
def keccak256(data):
    size, lanes = 136, [[0] * 5 for _ in range(5)]
    data += b"\x01"
    data += b"\0" * (-len(data) % size)
    data = data[:-1] + bytes([data[-1] ^ 0x80])
    rotate = lambda lane, count: (lane << count | lane >> (64 - count)) & (2**64 - 1)
    for block in range(0, len(data), size):
        for i in range(size // 8):
            lanes[i % 5][i // 5] ^= int.from_bytes(data[block + 8 * i:block + 8 * i + 8], "little")
        lfsr = 1
        for _ in range(24):
            c = [column[0] ^ column[1] ^ column[2] ^ column[3] ^ column[4] for column in lanes]
            d = [c[x - 1] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
            lanes = [[lane ^ d[x] for lane in lanes[x]] for x in range(5)]
            x, y, moved = 1, 0, lanes[1][0]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                moved, lanes[x][y] = lanes[x][y], rotate(moved, (t + 1) * (t + 2) // 2 % 64)
            lanes = [[lanes[x][y] ^ (~lanes[(x + 1) % 5][y] & lanes[(x + 2) % 5][y]) for y in range(5)] for x in range(5)]
            for j in range(7):
                lfsr = (lfsr << 1 ^ (lfsr >> 7) * 0x171) & 0xFF
                lanes[0][0] ^= (lfsr >> 1 & 1) << ((1 << j) - 1)
    return b"".join(lanes[x][0].to_bytes(8, "little") for x in range(4))

class RlpList(list):
    encoded = b""

def read_one(data, at, end, depth):
    need(at < end, "RLP ends too early")
    start, first, at = at, data[at], at + 1
    if first < 0x80:
        return data[start:at], at
    length = first - (0xC0 if first >= 0xC0 else 0x80)
    if length > 55:
        digits = data[at:at + length - 55]
        need(at + length - 55 <= end and digits[0] != 0, "RLP is not in its shortest form")
        at, length = at + length - 55, int.from_bytes(digits, "big")
        need(length > 55, "RLP is not in its shortest form")
    after = at + length
    need(after <= end, "RLP ends too early")
    if first < 0xC0:
        need(length != 1 or data[at] >= 0x80, "RLP is not in its shortest form")
        return data[at:after], after
    need(depth < 8, "RLP is nested too deep")
    items = RlpList()
    items.encoded = data[start:after]
    while at < after:
        item, at = read_one(data, at, after, depth + 1)
        items.append(item)
    return items, after

def read_rlp(data):
    value, end = read_one(data, 0, len(data), 0)
    need(end == len(data), "RLP has bytes behind its end")
    return value

def rlp_bytes(value, length=None):
    need(isinstance(value, bytes) and length in (None, len(value)), "RLP has a value of another shape")
    return value

def rlp_list(value, *lengths):
    need(isinstance(value, RlpList) and (not lengths or len(value) in lengths), "RLP has a list of another shape")
    return value

def rlp_number(value):
    need(len(rlp_bytes(value)) <= 8 and value[:1] != b"\0", "RLP has a number of another shape")
    return int.from_bytes(value, "big")

def walk(found, rest):
    """From a node, through those embedded in it, to the hash of the next one or to the value."""
    items = rlp_list(found, 2, 17)
    if len(items) == 17:
        if not rest:
            return True, rlp_bytes(items[16]), rest
        following, rest = items[int(rest[0], 16)], rest[1:]
    else:
        path = rlp_bytes(items[0]).hex()
        need(path and path[0] in "0123" and (path[0] in "13" or path[1] == "0"), "a node has a malformed path")
        shared = path[1 if path[0] in "13" else 2:]
        need(rest.startswith(shared), "a node is not on the way")
        following, rest = items[1], rest[len(shared):]
        if path[0] in "23":
            need(not rest, "a node is not on the way")
            return True, rlp_bytes(following), rest
    if isinstance(following, RlpList):
        need(len(following.encoded) < 32, "a node is embedded that is too long")
        return walk(following, rest)
    return False, rlp_bytes(following, 32), rest

def look_up(root, rest, nodes):
    expected, is_value = root, False
    for found in nodes:
        need(not is_value and keccak256(found) == expected, "a node does not lead to the receipt")
        is_value, expected, rest = walk(read_rlp(found), rest)
    need(is_value, "a node is missing")
    return expected

def check_anchor(value, hub_origin, hub, policy, unsure):
    anchor = Members(value, "chain_id", "contract", "hub_id", "size", "block_hash", "header", "transaction_index", "receipt", "proof")
    contract, hub_id, size = anchor.bytes("contract", 20), anchor.bytes("hub_id", 32), anchor.number("size")
    chain, index, nodes = anchor.number("chain_id"), anchor.number("transaction_index"), anchor.list_of_bytes("proof")
    header, block_hash, receipt = anchor.bytes("header"), anchor.bytes("block_hash", 32), anchor.bytes("receipt")
    if not policy.chains:
        unsure.append("the policy names no chain")
    need(not policy.chains or (chain, contract) in policy.chains, "the policy does not name the anchor's contract")
    need(hub_id == sha256(hub_origin.encode()) and size == hub[0], "the anchor is of another hub or size")
    fields = rlp_list(read_rlp(header))
    need(len(fields) >= 15 and keccak256(header) == block_hash, "the header is another")
    rlp_number(fields[8]), rlp_number(fields[11])
    digits = index.to_bytes((index.bit_length() + 7) // 8, "big")
    key = digits if 0 < index < 0x80 else bytes([0x80 + len(digits)]) + digits
    need(look_up(rlp_bytes(fields[5], 32), key.hex(), nodes) == receipt, "the proof leads to another receipt")
    status, _, _, logs = rlp_list(read_rlp(receipt[1:] if receipt[:1] < b"\x80" else receipt), 4)
    need(rlp_number(status) == 1, "the transaction failed")
    wanted = (contract, [keccak256(b"Anchored(bytes32,bytes32,uint64)"), hub_id, hub[1]], size.to_bytes(32, "big"))
    found = [(rlp_bytes(address, 20), [rlp_bytes(topic, 32) for topic in rlp_list(topics)], rlp_bytes(data))
             for address, topics, data in (rlp_list(log, 3) for log in rlp_list(logs))]
    need(wanted in found, "the receipt has no event of this size and root")

def check(data, policy):
    """Refuted, or what cannot be told."""
    unsure = []
    need(len(data) <= MAX_BYTES, "the file is too large")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refuted("the file is not UTF-8") from None
    bundle = Members(read_json(text), "format", "item", "histories", "hub", "anchor")
    need(bundle.text("format") == FORMAT, f"expected format {FORMAT}")
    item, hub, hub_origin = bundle.text("item"), None, None
    if bundle.has("hub"):
        members = Members(bundle.value["hub"], "origin", "checkpoint")
        hub_origin = members.text("origin")
        hub = open_checkpoint(members.text("checkpoint"), hub_origin, policy.hub, unsure)
    origins, checked = [], []
    for history in bundle.array("histories"):
        checked += check_history(history, bundle.has("anchor"), hub, policy, unsure)
        origins.append(history["origin"].encode())
    need(origins == sorted(set(origins)), "histories are out of order, or two are of one ledger")
    check_names(item, checked, unsure)
    if bundle.has("anchor"):
        need(hub is not None, "got an anchor without the hub")
        check_anchor(bundle.value["anchor"], hub_origin, hub, policy, unsure)
    if policy.quorum:
        unsure.append("the policy asks for a quorum of witnesses, and no bundle has their signatures")
    return unsure

def verify(data, policy_data):
    """("proved" | "refuted" | "cannot tell" | "policy", reason)"""
    try:
        policy = Policy(policy_data.decode())
    except (BadPolicy, UnicodeDecodeError) as error:
        return "policy", str(error)
    try:
        unsure = check(data, policy)
    except Refuted as error:
        return "refuted", str(error)
    return ("cannot tell", "; ".join(unsure)) if unsure else ("proved", "what is not shown, and the anchor's block, were not checked")

def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle")
    parser.add_argument("--policy", required=True)
    arguments = parser.parse_args()
    try:
        files = [open(path, "rb").read() for path in (arguments.bundle, arguments.policy)]
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    outcome, reason = verify(*files)
    print(ascii(f"{outcome}: {reason}")[1:-1])
    return {"proved": 0, "refuted": 1}.get(outcome, 2)

if __name__ == "__main__":
    sys.exit(main())
