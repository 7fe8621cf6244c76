"""The directory's proof in a bundle; a part of verify.py, written from docs/formats/directory-v1.md and bundle-v2.md alone."""

import copy, re, types  # noqa: E401

from names import digits_of
from verify import (MAX_DEPTH, BadPolicy, Key, Members, Refuted, climb, is_key_name, need, open_checkpoint, parse_note,
                    read_json, sha256, verifies, write)

HEADING, ED25519, RSA = "chopmark.org/directory@v1\n", "Ed25519", "RSA-PSS-3072"
COMMON = ("kind", "subject", "seq", "prev", "evidence")
ROOT = ("version", "keys", "threshold", "next", "registrars", "registrar_threshold", "emergency", "auditors", "directory",
        "hub", "chains", "late_h", "from", "until")
STATE = ("size", "version", "count", "root", "policy_sha256", "at", "until")
KEYSET = ("origin", "ed25519", "rsa", "from_size", "until_size", "party", "record", "after", "last_good")
LICENCE = ("digits", "evidence", "from", "grade", "party", "record", "until")
GRADES = {"A": "proved by a licence of GS1", "B": "looked up in a registry", "C": "stated by the party itself"}

def is_name(text): return bool(re.fullmatch("[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", text))
def is_origin(text): return is_key_name(text) and bool(re.fullmatch("[!-~]+", text)) and not re.search(r'["\\`]', text)
def is_hash(text): return bool(re.fullmatch("[0-9a-f]{64}", text))
def is_grade(text): return text in GRADES
def is_time(text):
    found = re.fullmatch("([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z", text)
    if not found: return False
    year, month, day, hour, minute, second = map(int, found.groups())
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (0, 31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= month <= 12 and 1 <= day <= days[month] and hour < 24 and minute < 60 and second < 60

def text(members, name, accepts):
    need(accepts(members.text(name)), f"{name}: got a text of another form")
    return members.text(name)
def texts(members, name, accepts):
    found = members.array(name)
    need(all(isinstance(one, str) and accepts(one) for one in found), f"{name}: got a value of another form")
    need(len(set(found)) == len(found), f"{name}: got a value twice")
    return found
def objects(members, name, *known):
    need(len(members.array(name)) <= 1000, f"{name}: got more than 1,000 values")
    return [Members(one, *known) for one in members.array(name)]
def key_of(members, name, owner, kind):
    try: key = Key(members.text(name))
    except BadPolicy as error: raise Refuted(str(error)) from None
    need(key.name == owner and key.kind == kind, f"{name}: expected an {kind} key of {owner}")
    return key
def canonical(line):
    need(len(line.encode()) <= 2**20, "got a record that is too long")
    value = read_json(line)
    write(value, MAX_DEPTH - 8)  # at most 8 levels
    return value

class Entry:
    """A signed record: its members, its leaf and the lines of its signatures."""
    def __init__(self, note, kind, *known):
        self.text, self.signatures = parse_note(note)
        need(self.text.startswith(HEADING) and self.text.count("\n") == 2, "not a record of a directory")
        self.leaf = sha256(b"\0", note.encode())
        self.record = record = Members(canonical(self.text[len(HEADING):-1]), *COMMON, *known)
        need(record.text("kind") == kind and record.text("subject") == kind, f"expected a {kind}")
        self.seq, self.prev = record.number("seq"), None
        need("prev" in record.value and (record.value["prev"] is None) == (self.seq == 1) and self.seq > 0, "expected seq and prev")
        if self.seq > 1: self.prev = record.bytes("prev", 32)
        for one in objects(record, "evidence", "type", "sha256", "checked", "grade"):
            text(one, "type", is_name), one.bytes("sha256", 32), text(one, "checked", is_time), text(one, "grade", is_grade)

def people(record, office):
    found = []
    for person in objects(record, office, "holder", "party", "vkey"):
        holder = text(person, "holder", is_name)
        key, party = key_of(person, "vkey", holder, ED25519), text(person, "party", is_name)
        need(all(other[0] != holder and other[2].key != key.key for other in found), f"{office}: a holder or key is there twice")
        found.append((holder, party, key))
    return found
def threshold(record, name, most):
    need(1 <= record.number(name) <= most, f"{name}: expected 1 to {most}")
    return record.number(name)
def pair_of(members, origin):
    return key_of(members, "ed25519", origin, ED25519), key_of(members, "rsa", origin, RSA), members.number("from_size")
def pairs(record, name):
    found = []
    for one in objects(record, name, "origin", "ed25519", "rsa", "from_size"):
        pair = pair_of(one, text(one, "origin", is_origin))
        need(not found or (found[-1][0].name == pair[0].name and found[-1][2] < pair[2]), f"{name}: pairs are out of order")
        need(all(pair[0].text != other[0].text and pair[1].text != other[1].text for other in found), f"{name}: a key is there twice")
        found.append(pair)
    return found
def trusted(pair, until):
    if until is not None and pair[2] >= until: return []
    for key in pair[:2]: key.begin, key.end = pair[2], 2**64 if until is None else until
    return list(pair[:2])
def consecutive(found):
    return [key for at, pair in enumerate(found) for key in trusted(pair, found[at + 1][2] if at + 1 < len(found) else None)]

def read_root(note):
    entry = Entry(note, "root", *ROOT)
    record, root = entry.record, types.SimpleNamespace(entry=entry)
    root.version = record.number("version")
    need(root.version == entry.seq, "the version is not seq")
    root.keys, registrars, emergency = (people(record, office) for office in ("keys", "registrars", "emergency"))
    every = root.keys + registrars + emergency
    for holder, party, key in every:
        for other, others_party, others_key in every:
            is_same = holder == other
            need(is_same == (key.key == others_key.key) and (not is_same or party == others_party), "a person has two keys or parties")
    root.threshold = threshold(record, "threshold", len(root.keys))
    threshold(record, "registrar_threshold", len({party for _, party, _ in registrars}))
    root.next = texts(record, "next", is_hash)
    need(text(record, "from", is_time) < text(record, "until", is_time), "expected from before until")
    root.until = record.text("until")
    root.directory, root.hub = pairs(record, "directory"), pairs(record, "hub")
    need(root.directory, "the root has no keys of the directory")
    root.has_auditors = record.has("auditors")
    if root.has_auditors:
        group = Members(record.value["auditors"], "threshold", "members")
        members = objects(group, "members", "name", "vkey")
        for one in members: text(one, "name", is_name), text(one, "vkey", lambda key: key.count("+") >= 2 and is_name(key.split("+")[0]))
        threshold(group, "threshold", len(members))
    root.chains = set()
    for chain in objects(record, "chains", "chain_id", "contract"):
        contract = text(chain, "contract", lambda value: re.fullmatch("0x[0-9a-f]{40}", value))
        root.chains.add((chain.number("chain_id"), bytes.fromhex(contract[2:])))
    record.number("late_h")
    return root
def check_signed(entry, root, unsure):
    """Enough holders of `root` signed the entry."""
    counted = []
    for name, key_id, signature in entry.signatures:
        named = [person for person in root.keys if (person[0], person[2].id) == (name, key_id)]
        results = [(person, verifies(ED25519, person[2].key, entry.text.encode(), signature)) for person in named]
        need(not results or any(result is not False for _, result in results), f"the line of {name} does not verify")
        if any(result is None for _, result in results): unsure.append("Ed25519 cannot be computed here")
        new = [person for person, result in results if result is not False and person not in counted]
        counted += new[:1]
    need(len(counted) >= root.threshold, f"got {len(counted)} signatures of holders, expected {root.threshold}")
def last_root(notes, pin, unsure):
    last = None
    for note in notes:
        root = read_root(note)
        if last is None:
            need(root.version == pin[1] and root.directory[0][0].name == pin[0], "the first root is another")
            need(sha256(root.entry.text.encode()) == pin[2], "the first root is not the pinned one")
        else:
            need(root.version == last.version + 1 and root.entry.prev == last.entry.leaf, "a root does not follow the one before")
            need(root.directory[0][0].name == pin[0], "a root is of another directory")
            check_signed(root.entry, last, unsure)
            need(all(sha256(key.text.encode()).hex() in last.next for _, _, key in root.keys), "a key was not announced")
            for old, new in ((last.directory, root.directory), (last.hub, root.hub)):
                same = [(one[0].text, one[1].text, one[2]) for one in old] == [(one[0].text, one[1].text, one[2]) for one in new[:len(old)]]
                need(same, "a root does not keep the pairs of the one before")
        check_signed(root.entry, root, unsure)
        last = root
    need(last, "the proof has no root")
    return last

def intervals(value, *known): return [Members(one, *known) for one in Members(canonical(value), "intervals").array("intervals")]
def read_keyset(value, origin):
    need(is_origin(origin), "a keyset names no ledger")
    found = []
    for one in intervals(value, *KEYSET):
        need(one.text("origin") == origin, "a keyset is of another ledger")
        party, pair = text(one, "party", is_name), pair_of(one, origin)
        until, record = one.number("until_size") if one.has("until_size") else None, one.bytes("record", 32)
        places = [Members(one.value[name], "size", "root") if one.has(name) else None for name in ("after", "last_good")]
        sizes = [place and (place.number("size"), place.bytes("root", 32))[0] for place in places]
        found.append(types.SimpleNamespace(party=party, keys=trusted(pair, until), begin=sizes[0] or 0, good=sizes[1], record=record))
    return found
def read_licences(value):
    return [(text(one, "party", is_name), text(one, "grade", is_grade), text(one, "from", is_time), text(one, "until", is_time))
            for one in intervals(value, *LICENCE)]
def read_form(value):
    """The proof's members, each of its type."""
    proof = Members(value, "checkpoint", "hub", "roots", "state", "entries")
    state, hub = Members(proof.value.get("state"), "note", "index", "path"), None
    if proof.has("hub"):
        entry = Members(proof.value["hub"], "index", "path")
        hub = entry.number("index"), entry.list_of_bytes("path", 32)
    entries = [(one.text("key"), one.text("value"), one.number("index"), one.list_of_bytes("path", 32))
               for one in objects(proof, "entries", "key", "value", "index", "path")]
    return types.SimpleNamespace(checkpoint=proof.text("checkpoint"), hub=hub, roots=texts(proof, "roots", lambda _: True), entries=entries,
                                 state=(state.text("note"), state.number("index"), state.list_of_bytes("path", 32)))
def narrow(own, stated):
    found = []
    for key in stated:
        lines = [line for line in own if line.name == key.name]
        if not lines: found.append(key)
        for line in (line for line in lines if line.text == key.text):
            both = copy.copy(key)
            both.begin, both.end = max(key.begin, line.begin), min(key.end, line.end)
            if both.begin < both.end: found.append(both)
    return found
class Authority:
    """What the policy and the directory's proof say together: `policy`, and `notes` for people."""
    def __init__(self, value, policy, unsure):
        self.policy, self.proof, self.proved = policy, read_form(value) if value is not None else None, False
        self.notes = []
        if policy.directory is None: return self.notes.append("authority not checked: the policy pins no directory")
        self.root, self.ledgers, self.licences, stated = None, {}, {}, types.SimpleNamespace(log=[], hub=[], chains=set())
        if self.proof is None: unsure.append("the policy pins a directory, and the bundle holds no proof of it")
        else: self.prove(stated, unsure)
        self.policy = copy.copy(policy)
        self.policy.log, self.policy.hub = narrow(policy.log, stated.log), narrow(policy.hub, stated.hub)
        self.policy.chains = {chain for chain in stated.chains if not policy.chains or chain in policy.chains}
    def prove(self, stated, unsure):
        pin, proof = self.policy.directory, self.proof
        root = self.root = last_root(proof.roots, pin, unsure)
        stated.log, stated.hub, stated.chains = consecutive(root.directory), consecutive(root.hub), root.chains
        size, top = open_checkpoint(proof.checkpoint, pin[0], stated.log, unsure)
        note, index, path = proof.state
        entry = Entry(note, "state", *STATE)
        state = entry.record
        need(text(state, "at", is_time) < text(state, "until", is_time), "expected at before until")
        state.bytes("policy_sha256", 32)
        need(climb(index, entry.leaf, size, path) == top and index + 1 == size == state.number("size") + 1, "the state is not the last entry")
        need(state.number("version") == root.version, "the state is of another root")
        self.count, last = state.number("count"), None
        for key, value, index, path in proof.entries:
            need(re.fullmatch("[!-~]*", key), "a key is not printable ASCII")
            need(last is None or (last[0] < key and last[1] < index), "entries are out of order")
            last, leaf = (key, index), sha256(b"\0", key.encode(), b"\0", value.encode())
            need(climb(index, leaf, self.count, path) == state.bytes("root", 32), f"the entry {key} is not in the state")
            if key.startswith("keyset/"):
                self.ledgers[key[7:]] = read_keyset(value, key[7:])
                stated.log = stated.log + [one for interval in self.ledgers[key[7:]] for one in interval.keys]
            if key.startswith("prefix/"): self.licences[key] = read_licences(value)
        if not proof.entries: state.bytes("root", 32)
        self.proved = True
        self.notes.append(f"{pin[0]} as of {state.text('at')}, until {state.text('until')}; what holds after that, and auditors, were not checked")
    def check_in_hub(self, hub, unsure):
        if not self.proved: return
        if self.proof.hub is None: return unsure.append("the directory is in no hub") if hub else None
        leaf = sha256(b"\0", self.proof.checkpoint.encode())
        need(hub and climb(self.proof.hub[0], leaf, hub[0], self.proof.hub[1]) == hub[1], "the directory is not in the hub, or there is none")
    def speaker(self, origin, index):
        found = self.ledgers[origin]
        for at, one in enumerate(found):
            ends = [found[at + 1].begin] if at + 1 < len(found) else []
            if one.begin <= index and all(index < end for end in ends + ([] if one.good is None else [one.good])): return one.party
        return None
    def describe(self, item, histories, unsure):
        if not self.proved: return
        for origin, records in ((one["origin"], one["records"]) for one in histories if one["origin"] in self.ledgers):
            parties = {self.speaker(origin, Members(one, *one).number("index")) for one in records}
            if None in parties: unsure.append(f"a record of {origin} is nobody's")
            else: self.notes.append(f"{origin} is of {', '.join(sorted(parties))}")
        self.notes.append(self.licence(digits_of(item)))
    def licence(self, digits):
        if digits is None: return "the item has no key that can be licensed"
        entries, wanted = self.proof.entries, f"prefix/{digits}"
        below = [entry for entry in entries if entry[0] <= wanted]
        following = entries[len(below)][2] if len(below) < len(entries) else self.count
        if (below[-1][2] + 1 if below else 0) != following: return f"the proof does not show who is licensed for {digits}"
        found = below[-1][0] if below else ""
        if found not in self.licences or not wanted.startswith(found): return f"nobody is licensed for {digits}"
        return f"{found}: " + ", ".join(f"{party} (grade {grade}: {GRADES[grade]})" for party, grade, _, _ in self.licences[found])
