#!/usr/bin/env python3
"""Verifies a Chopmark bundle; written from docs/formats alone, with nothing of the project's code.

    verify.py BUNDLE --policy POLICY

Prints the outcome and the first reason. Exit status: 0 proved, 1 refuted, 2 cannot tell or a file cannot be read.
Needs Python 3.9 and the package `cryptography`. Asks no chain whether the anchor's block is on it."""
import base64, functools, hashlib, json, pathlib, re, sys  # noqa: E401
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding
from names import is_spelled, key_of
FORMAT, MAX_BYTES, MAX_DEPTH = "chopmark.org/bundle@v2", 16 * 1024 * 1024, 64
RSA_NAME = b"chopmark.org/rsa-pss-3072-sha256\n"
RSA_HEAD, RSA_TAIL = bytes.fromhex("308201a2300d06092a864886f70d01010105000382018f003082018a0282018100"), b"\2\3\1\0\1"
PLAIN_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
CLASS_LISTS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
LISTS = PLAIN_LISTS + CLASS_LISTS + ("sensorElementList",)
MANDATORY = "type action bizStep disposition persistentDisposition eventTime eventTimeZoneOffset errorDeclaration chopmark:by".split()
# Unicode's White_Space, and as a class of characters for `re`.
WHITE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
NO_KEY_NAME = re.compile("[" + WHITE + r"+\x00-\x1f\x7f-\x9f]")
class Refuted(Exception): "The file does not hold."
class BadPolicy(Exception): "The policy file is not understood; that says nothing against the bundle."
class NoBundle(Exception): "The file is no whole bundle of this version; nothing that it states can be told."
def need(condition, text, error=Refuted):
    if not condition: raise error(text)
def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()
def u64(number): return number.to_bytes(8, "big")
def node(left, right): return sha256(b"\x01", left, right)
def from_base64(text):  # padded base64 without stray bits, or None
    try: found = base64.b64decode(text, validate=True)
    except ValueError: return None
    return found if base64.b64encode(found).decode() == text else None
def read_bytes(value, length=None):  # base64 without padding
    found = from_base64(value + "=" * (-len(value) % 4)) if isinstance(value, str) and "=" not in value else None
    need(found is not None and length in (None, len(found)), "expected base64 without padding")
    return found
def read_hashes(values): return [read_bytes(one, 32) for one in values]
def decimal(text):  # a number of 64 bits without leading zeros, or None
    return int(text) if re.fullmatch("0|[1-9][0-9]{0,19}", text) and int(text) < 2**64 else None
class Digits(tuple): "A number as it is written: its text, alone."
def unique(pairs):
    need(len(dict(pairs)) == len(pairs), "a member is there twice")
    return dict(pairs)
def write(value, depth=0):
    if isinstance(value, Digits): return value[0]
    if not isinstance(value, (dict, list)): return json.dumps(value, ensure_ascii=False)
    need(depth < MAX_DEPTH, "nested too deep")
    if isinstance(value, list): return "[" + ",".join(write(item, depth + 1) for item in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(write(name) + ":" + write(value[name], depth + 1) for name in names) + "}"
def read_json(text):
    digits = lambda text: Digits([text])
    # NaN and the like are read as a text, which differs from what is written.
    try: value = json.loads(text, object_pairs_hook=unique, parse_int=digits, parse_float=digits, parse_constant=str)
    except (ValueError, RecursionError): raise Refuted("not JSON") from None
    need(write(value) == text, "not canonical JSON")
    return value
def read_hex(value, length):
    need(isinstance(value, str) and re.fullmatch("([0-9a-f]{2})*", value) and length in (None, len(value) // 2), "expected lowercase hex")
    return bytes.fromhex(value)
def read_number(value):
    number = decimal(value[0]) if isinstance(value, Digits) else None
    need(number is not None and number < 2**53, "expected a whole number below 2^53")
    return number
class Members:
    """An object of which all members are known."""
    def __init__(self, value, *known):
        need(isinstance(value, dict) and set(value) <= set(known), "expected an object of known members")
        self.value = value
    def get(self, name, kind):
        need(isinstance(self.value.get(name), kind), f"{name}: expected another type")
        return self.value[name]
    def has(self, name): return name in self.value
    def text(self, name): return self.get(name, str)
    def array(self, name): return self.get(name, list)
    def bytes(self, name, length=None): return read_hex(self.text(name), length)
    def list_of_bytes(self, name, length=None): return [read_hex(value, length) for value in self.array(name)]
    def number(self, name): return read_number(self.value.get(name))
def tree_root(leaves):
    if len(leaves) < 2: return leaves[0] if leaves else sha256()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node(tree_root(leaves[:split]), tree_root(leaves[split:]))
def path_length(index, size):
    need(index < size, f"leaf {index} is not in a tree of {size} leaves")
    below = (index ^ (size - 1)).bit_length()
    return below + bin(index >> below).count("1")
def whole_path(own, before, index, size):  # `own` has it without what the path before it ends with
    left = len(before) + len(own) - path_length(index, size)
    need(0 <= left <= len(before), "a path has the wrong length")
    need(not own or own[-1:] != before[:left][-1:], "a path repeats hashes of the path before it")
    return own + before[left:]
def climb(index, leaf, size, path):
    need(len(path) == path_length(index, size), "a path has the wrong length")
    for level, sibling in enumerate(path):
        is_right = index >> level & 1 or index >> level == (size - 1) >> level
        leaf = node(sibling, leaf) if is_right else node(leaf, sibling)
    return leaf
def is_key_name(name): return 0 < len(name.encode()) <= 255 and not NO_KEY_NAME.search(name)
class Key:
    def __init__(self, text, *words):
        name, key_id, encoded = (text.split("+", 2) + ["", ""])[:3]
        typed = from_base64(encoded)
        need(typed and is_key_name(name), "expected name+id+key", BadPolicy)
        rsa = typed[1 + len(RSA_NAME):]
        is_rsa = typed.startswith(b"\xff" + RSA_NAME + RSA_HEAD) and len(rsa) == 422 and rsa.endswith(RSA_TAIL) and rsa[33] >= 0x80
        need(is_rsa or typed[0] == 1 and len(typed) == 33, "expected a key of a known algorithm", BadPolicy)
        self.kind, self.key = ("RSA-PSS-3072", rsa) if is_rsa else ("Ed25519", typed[1:])
        self.text, self.name, self.id = text, name, sha256(name.encode(), b"\n", typed)[:4]
        need(key_id == self.id.hex(), "expected the id of name and key", BadPolicy)
        bounds, forms = dict(zip(words[::2], map(decimal, words[1::2]))), ((), ("from",), ("until",), ("from", "until"))
        need(words[::2] in forms and len(words) % 2 == 0 and None not in bounds.values(), "expected from and until", BadPolicy)
        self.begin, self.end = bounds.get("from", 0), bounds.get("until", 2**64)
        need(self.begin < self.end, "expected from below until", BadPolicy)
@functools.lru_cache(maxsize=4096)
def verifies(kind, key, message, signature):  # None if there is no such algorithm here
    try:
        if kind == "Ed25519": ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        else:
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
            serialization.load_der_public_key(key).verify(signature, message, pss, hashes.SHA256())
        return True
    except UnsupportedAlgorithm: return None
    except (InvalidSignature, ValueError): return False
class Policy:
    def __init__(self, text):
        self.log, self.hub, self.chains, self.names, self.quorum, self.directory = [], [], set(), set(), None, None
        for line in text.split("\n"):
            line = line.strip(WHITE)
            if line and not line.startswith("#"): self.read(*re.split("[ \t\f\r]+", line))
    def add_key(self, keys, text, words):
        key, others = Key(text, *words), [other for other in keys if other.text == text]
        need(all(other.end <= key.begin or key.end <= other.begin for other in others), "a key is listed twice", BadPolicy)
        keys.append(key)
    def add_name(self, name):
        need(name != "none" and name not in self.names, "a name is taken", BadPolicy)
        self.names.add(name)
    def read(self, word, *rest):
        if word == "log" and rest: self.add_key(self.log, rest[0], rest[2:] if len(rest) > 1 and "://" in rest[1] else rest[1:])
        elif word == "hub" and rest: self.add_key(self.hub, rest[0], rest[1:])
        elif word == "chain" and len(rest) == 2:
            need(decimal(rest[0]) is not None and re.fullmatch("0x[0-9a-fA-F]{40}", rest[1]), "expected a chain", BadPolicy)
            self.chains.add((decimal(rest[0]), bytes.fromhex(rest[1][2:])))
        elif word == "witness" and len(rest) in (2, 3):
            self.add_name(rest[0])
            need(rest[1].count("+") >= 2 and is_key_name(rest[1].split("+")[0]), "expected name+id+key", BadPolicy)
        elif word == "group" and len(rest) > 2:
            need(set(rest[2:]) <= self.names, "expected names of lines above", BadPolicy)
            need(rest[1] in ("any", "all") or 1 <= (decimal(rest[1]) or 0) <= len(rest) - 2, "expected a threshold", BadPolicy)
            self.add_name(rest[0])
        elif word == "quorum" and len(rest) == 1:
            if rest[0] != "none":
                need(self.quorum is None and rest[0] in self.names, "expected one known name", BadPolicy)
                self.quorum = rest[0]
        elif word == "directory" and len(rest) == 3:
            is_pin = is_key_name(rest[0]) and decimal(rest[1]) and re.fullmatch("[0-9a-f]{64}", rest[2])
            need(self.directory is None and is_pin, "expected one directory, its version and the SHA-256 of its root", BadPolicy)
            self.directory = rest[0], decimal(rest[1]), bytes.fromhex(rest[2])
        else: raise BadPolicy(f"got `{word}`")
def parse_note(text):
    need(len(text.encode()) <= 64 * 1024 and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), "not a note")
    need((split := text.rfind("\n\n")) >= 0 and text.endswith("\n") and len(text) > split + 2, "not a note")
    body, lines = text[:split + 1], text[split + 2:-1].split("\n")
    need(len(lines) <= 100, "got too many signature lines")
    signatures = []
    for dash, name, encoded in ((line.split(" ", 2) + ["", ""])[:3] for line in lines):
        found = from_base64(encoded)
        need(dash == "—" and is_key_name(name) and found is not None and len(found) > 4, "not a signature line")
        signatures.append((name, found[:4], found[4:]))
    return body, signatures
def open_checkpoint(text, origin, keys, unsure):
    """Size and root, or refuted; adds to `unsure` what cannot be told."""
    body, signatures = parse_note(text)
    name, size, root, rest = (body.split("\n", 3) + ["", "", ""])[:4]
    size, root = decimal(size), from_base64(root)
    need(rest == "" and is_key_name(name) and size is not None and root is not None and len(root) == 32, "not a checkpoint")
    need(body.count("\n") == 3 and name == origin, f"got a checkpoint of {name}, expected one of {origin}")
    known = [key for key in keys if key.name == origin]
    if not known: unsure.append(f"the policy has no key of {origin}")
    in_force = [key for key in known if key.begin <= size < key.end]
    need(in_force or not known, f"no key of {origin} is in force at size {size}")
    signed, missing = set(), set()
    for name, key_id, signature in signatures:
        found = [key for key in in_force if (key.name, key.id) == (name, key_id)]
        results = [(key.kind, verifies(key.kind, key.key, body.encode(), signature)) for key in found]
        need(not results or any(result is not False for _, result in results), f"a signature of {origin} does not verify")
        signed |= {kind for kind, result in results if result}
        missing |= {kind for kind, result in results if result is None}
    for kind in {key.kind for key in in_force} - signed:
        need(kind in missing, f"{origin} has no valid {kind} signature at size {size}")
        unsure.append(f"{kind} cannot be computed here")
    return size, root
def list_root(count, elements):
    need(all(isinstance(one, list) and list(map(type, one[2:])) == [str, list] for one in elements), "expected elements")
    indexes, paths = [read_number(one[0]) for one in elements], [read_hashes(one[3]) for one in elements]
    leaves = [sha256(b"\0", sha256(b"\x11", read_bytes(salt, 16), value.encode())) for _, salt, value, _ in elements]
    need(indexes == sorted(set(indexes)) and all(index < count for index in indexes), "elements are out of order")
    if len(leaves) == count:
        need(not any(paths), "got paths in a list that is shown whole")
        return tree_root(leaves)
    roots = {climb(index, leaf, count, path) for index, leaf, path in zip(indexes, leaves, paths)}
    need(len(roots) == 1, "elements lead to no root or to several")
    return roots.pop()
def read_record(fields):
    """The leaf of a record, and what is shown of it."""
    need(fields, "got a record without fields")
    last, content, shown = None, [], {}
    for value in fields:
        need(isinstance(value, list) and [*map(type, value)] in ([str, str], [str, str, str], [str, Digits, list]), "expected a field")
        (name, second, *third), raw, is_list = value, value[0].encode(), isinstance(value[-1], list)
        need(last is None or last < raw, "names of fields do not ascend")
        last, head = raw, u64(len(raw)) + raw
        need(not third or is_list == (name in LISTS), f"{name} has the form of another kind of field")
        if not third:
            need(name not in MANDATORY, f"{name} is hidden")
            digest = read_bytes(second, 32)
        elif is_list:
            digest = sha256(b"\x12", head, u64(read_number(second)), list_root(read_number(second), third[0]))
            shown[name] = [read_json(element[2]) for element in third[0]]
        else:
            digest = sha256(b"\x10", read_bytes(second, 16), head, third[0].encode())
            shown[name] = read_json(third[0])
        content.append(head + digest)
    return sha256(b"\0", sha256(b"\x13", u64(len(fields)), *content)), shown
def names_of(shown):
    values = [shown.get("parentID")] + [value for name in PLAIN_LISTS for value in shown.get(name, [])]
    values += [element.get("epcClass") for name in CLASS_LISTS for element in shown.get(name, []) if isinstance(element, dict)]
    return {value for value in values if isinstance(value, str)}
def check_names(item, checked, unsure):
    own, inside, before, spelled = key_of(item), {key_of(item)}, 0, set().union(*(names_of(shown) for _, shown in checked))
    while before < len(inside):
        before = len(inside)
        for parent, children in ((shown.get("parentID"), shown.get("childEPCs", [])) for _, shown in checked):
            if isinstance(parent, str) and any(isinstance(child, str) and key_of(child) in inside for child in children): inside.add(key_of(parent))
    for of, shown in checked:
        need(of is None or key_of(of) in inside - {own}, "a record names no container of the item")
        need((own if of is None else key_of(of)) in map(key_of, names_of(shown)) and is_spelled(of or item, spelled), "a record does not name what it must")
    if all(of is not None for of, _ in checked): unsure.append("no record names the item")
def check_history(value, bundle_has_anchor, hub, hub_path, policy, unsure):
    history = Members(value, "origin", "records", "history_root", "checkpoint", "hub")
    size, root = open_checkpoint(history.text("checkpoint"), history.text("origin"), policy.log, unsure)
    need(history.array("records"), "got a history without records")
    last, own, checked, path = -1, [], [], []
    for found in history.array("records"):
        record = Members(found, "fields", "index", "path", "names", "of")
        names, index = record.text("names"), record.number("index")
        need(names in ("item", "container") and (names == "container") == record.has("of"), "expected item, or container and of")
        need(last < index, "records are out of order")
        last = index
        leaf, shown = read_record(record.array("fields"))
        path = whole_path(read_hashes(record.array("path")), path, index, size)
        need(climb(index, leaf, size, path) == root, f"record {index} is not in its ledger")
        checked.append((record.text("of") if names == "container" else None, shown))
        own += [leaf] if names == "item" else []
    need(tree_root(own) == read_bytes(history.text("history_root"), 32), "the history root is another")
    need(history.has("hub") or not bundle_has_anchor, "a ledger is in no hub, but there is an anchor")
    if history.has("hub"):
        entry = Members(history.value["hub"], "index", "path")
        need(hub, "got a path into a hub, and no hub")
        index, leaf = entry.number("index"), sha256(b"\0", history.text("checkpoint").encode())
        hub_path[:] = whole_path(read_hashes(entry.array("path")), hub_path, index, hub[0])
        need(climb(index, leaf, hub[0], hub_path) == hub[1], "a checkpoint is not in the hub")
    return checked
@functools.lru_cache(maxsize=4096)
def keccak256(data):
    size, lanes = 136, [[0] * 5 for _ in range(5)]
    data += b"\x01" + b"\0" * (-(len(data) + 1) % size)
    data = data[:-1] + bytes([data[-1] ^ 0x80])
    rotate = lambda lane, count: (lane << count | lane >> (64 - count)) & (2**64 - 1)
    for block in range(0, len(data), size):
        for i in range(size // 8): lanes[i % 5][i // 5] ^= int.from_bytes(data[block + 8 * i:block + 8 * i + 8], "little")
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
class RlpList(list): "A list, with its own encoding in `encoded`."
def read_one(data, at, end, depth):
    start, first, at = at, data[at] if at < end else None, at + 1
    need(first is not None, "RLP ends too early")
    if first < 0x80: return data[start:at], at
    length = first - (0xC0 if first >= 0xC0 else 0x80)
    if length > 55:
        digits, at = data[at:at + length - 55], at + length - 55
        length = int.from_bytes(digits, "big")
        need(at <= end and digits[0] != 0 and length > 55, "RLP is not in its shortest form")
    after = at + length
    need(after <= end and (first >= 0xC0 or length != 1 or data[at] >= 0x80), "RLP ends too early or is not in its shortest form")
    if first < 0xC0: return data[at:after], after
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
def rlp(value, kind, *lengths):
    need(isinstance(value, kind) and (not lengths or len(value) in lengths), "RLP has a value of another shape")
    return value
def rlp_number(value):
    need(len(rlp(value, bytes)) <= 8 and value[:1] != b"\0", "RLP has a number of another shape")
    return int.from_bytes(value, "big")
def walk(found, rest):
    """Through embedded nodes: whether it is the value; the value, or the next node's hash; what is left of the path."""
    items = rlp(found, RlpList, 2, 17)
    if len(items) == 17:
        if not rest: return True, rlp(items[16], bytes), rest
        following, rest = items[int(rest[0], 16)], rest[1:]
    else:
        path = rlp(items[0], bytes).hex()
        need(path and path[0] in "0123" and (path[0] in "13" or path[1] == "0"), "a node has a malformed path")
        shared, is_leaf, following = path[1 if path[0] in "13" else 2:], path[0] in "23", items[1]
        need(rest == shared if is_leaf else rest.startswith(shared), "a node is not on the way")
        if is_leaf: return True, rlp(following, bytes), ""
        rest = rest[len(shared):]
    if not isinstance(following, RlpList): return False, rlp(following, bytes, 32), rest
    need(len(following.encoded) < 32, "a node is embedded that is too long")
    return walk(following, rest)
def look_up(expected, rest, nodes):
    is_value = False
    for found in nodes:
        need(not is_value and keccak256(found) == expected, "a node does not lead to the receipt")
        is_value, expected, rest = walk(read_rlp(found), rest)
    need(is_value, "a node is missing")
    return expected
def check_anchor(value, hub_origin, hub, policy, unsure):
    anchor = Members(value, "chain_id", "contract", "hub_id", "size", "block_hash", "header", "transaction_index", "receipt", "proof")
    contract, hub_id, block_hash = (read_bytes(anchor.text(name), length) for name, length in (("contract", 20), ("hub_id", 32), ("block_hash", 32)))
    chain, index, size = (anchor.number(name) for name in ("chain_id", "transaction_index", "size"))
    header, receipt, nodes = read_bytes(anchor.text("header")), read_bytes(anchor.text("receipt")), [read_bytes(one) for one in anchor.array("proof")]
    if not policy.chains: unsure.append("the policy names no chain")
    need(not policy.chains or (chain, contract) in policy.chains, "the policy does not name the anchor's contract")
    need(hub_id == sha256(hub_origin.encode()) and size == hub[0], "the anchor is of another hub or size")
    fields = rlp(read_rlp(header), RlpList)
    need(len(fields) >= 15 and keccak256(header) == block_hash, "the header is another")
    rlp_number(fields[8]), rlp_number(fields[11])
    digits = index.to_bytes((index.bit_length() + 7) // 8, "big")
    key = digits if 0 < index < 0x80 else bytes([0x80 + len(digits)]) + digits
    need(look_up(rlp(fields[5], bytes, 32), key.hex(), nodes) == receipt, "the proof leads to another receipt")
    status, _, _, logs = rlp(read_rlp(receipt[1:] if receipt[:1] < b"\x80" else receipt), RlpList, 4)
    wanted = (contract, [keccak256(b"Anchored(bytes32,bytes32,uint64)"), hub_id, hub[1]], size.to_bytes(32, "big"))
    found = [(rlp(address, bytes, 20), [rlp(topic, bytes, 32) for topic in rlp(topics, RlpList)], rlp(data, bytes))
             for address, topics, data in (rlp(log, RlpList, 3) for log in rlp(logs, RlpList))]
    need(rlp_number(status) == 1 and wanted in found, "the transaction failed, or has no event of this size and root")
def check(data, policy):
    """Refuted, or what cannot be told, and notes for people."""
    from directory import Authority  # which imports this file
    need(len(data) <= MAX_BYTES, "the file is too large", NoBundle)
    try: value = read_json(data.decode())
    except (Refuted, UnicodeDecodeError) as error: raise NoBundle(error) from None
    need(isinstance(value, dict) and value.get("format") == FORMAT, f"expected format {FORMAT}", NoBundle)
    bundle, unsure = Members(value, "format", "item", "histories", "hub", "anchor", "directory"), []
    item, hub, hub_origin, hub_path = bundle.text("item"), None, None, []
    need(bundle.value.get("directory", "") is not None, "directory: expected an object")
    policy = (authority := Authority(bundle.value.get("directory"), policy, unsure)).policy
    if bundle.has("hub"):
        members = Members(bundle.value["hub"], "origin", "checkpoint")
        hub_origin, hub = members.text("origin"), open_checkpoint(members.text("checkpoint"), members.text("origin"), policy.hub, unsure)
    checked = [one for value in bundle.array("histories") for one in check_history(value, bundle.has("anchor"), hub, hub_path, policy, unsure)]
    origins = [history["origin"].encode() for history in bundle.array("histories")]
    need(origins == sorted(set(origins)), "histories are out of order, or two are of one ledger")
    check_names(item, checked, unsure)
    authority.check_in_hub(hub, unsure)
    authority.describe(item, bundle.array("histories"), unsure)
    if bundle.has("anchor"):
        need(hub, "got an anchor without the hub")
        check_anchor(bundle.value["anchor"], hub_origin, hub, policy, unsure)
    if policy.quorum: unsure.append("the policy asks for a quorum of witnesses, and no bundle has their signatures")
    return unsure, authority.notes
def verify(data, policy_data):
    """("proved" | "refuted" | "cannot tell" | "policy", reason)"""
    try: policy = Policy(policy_data.decode())
    except (BadPolicy, UnicodeDecodeError) as error: return "policy", str(error)
    try: unsure, notes = check(data, policy)
    except NoBundle as error: return "cannot tell", f"no whole bundle: {error}"
    except Refuted as error: return "refuted", str(error)
    return ("cannot tell", "; ".join(unsure)) if unsure else ("proved", "; ".join(notes) + "; what is not shown, and the anchor's block, were not checked")
def main():
    if len(sys.argv) != 4 or sys.argv[2] != "--policy": sys.exit(print(__doc__, file=sys.stderr) or 2)
    try: outcome, reason = verify(*(pathlib.Path(path).read_bytes() for path in sys.argv[1::2]))
    except OSError as error: outcome, reason = "no outcome", error
    print(ascii(f"{outcome}: {reason}")[1:-1])
    return {"proved": 0, "refuted": 1}.get(outcome, 2)
if __name__ == "__main__":
    from verify import main  # directory.py imports that module, and not this run of it
    sys.exit(main())
