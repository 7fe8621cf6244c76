#!/usr/bin/env python3
"""Verifies an evidence pack; written from docs/formats/export-v1.md alone, with nothing of the project's code.

    pack.py PACK --policy POLICY

PACK is the archive, or the folder into which it was unpacked. Prints the outcome and the reason. Exit status: 0 proved, 1 refuted (the
file is named), 2 cannot tell or a file cannot be read. Needs Python 3.9 and the package `cryptography`. Asks no chain for a block."""
import hashlib, hmac, json, pathlib, re, sys, zipfile  # noqa: E401
import verify as bundles
from names import key_of
from verify import (BadPolicy, Digits, LISTS, Members, Policy, Refuted, climb, need, open_checkpoint, parse_note, read_hex, read_json,
                    read_number, read_record, u64, write)
FORMAT = "chopmark.org/export@v1"
UNCHECKED = ("README.en.md", "README.zh.md", "policy.txt", "verifier/")
BEHIND = ("files", "checkpoints", "bundles")
CONTEXT = '{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"chopmark":"urn:chopmark:epcis:"}],'
THINGS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")

class Wrong(Exception):
    """A file that does not hold: its name, and why."""
def sha256(data): return hashlib.sha256(data).hexdigest()
def in_file(name, work, *arguments):
    try: return work(*arguments)
    except (Refuted, UnicodeDecodeError, KeyError, TypeError, ValueError) as error: raise Wrong(name, error) from None

def read_archive(path):
    if path.is_dir(): return {file.relative_to(path).as_posix(): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file() and "__pycache__" not in file.parts}
    files = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.filename in files: raise Wrong(entry.filename, "it is there twice")
            try: files[entry.filename] = archive.read(entry)
            except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error: raise Wrong(entry.filename, error) from None
    return files

def check_files(files):
    for name in ("manifest.json", "SHA256SUMS"):
        if name not in files: raise Wrong(name, "the pack has no such file")
    manifest = in_file("manifest.json", lambda: read_json(files["manifest.json"].decode()))
    stated = manifest.get("files", {})
    for name in sorted(set(files) - {"manifest.json", "SHA256SUMS"}):
        if stated.get(name) != sha256(files[name]): raise Wrong(name, "it does not have the hash that the manifest states")
    for name in stated:
        if name not in files: raise Wrong(name, "the manifest names it, and the pack does not have it")
    hashes = dict(stated, **{"manifest.json": sha256(files["manifest.json"])})
    lines = "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes, key=str.encode))
    if files["SHA256SUMS"] != lines.encode(): raise Wrong("SHA256SUMS", "it does not list the hashes of the other files")
    return manifest

def check_id(manifest):
    need(manifest.get("format") == FORMAT, "expected another format")
    ledgers = [{name: value for name, value in ledger.items() if name != "signed"} for ledger in manifest["ledgers"]]
    own = {"format": FORMAT, "request": manifest["request"], "ledgers": ledgers, "masterData": manifest["masterData"]}
    need(manifest["id"] == sha256(write(own).encode()), "the id is not that of the request and the sizes")

def effective_policy(files, text, unsure):
    from directory import Authority
    proof = in_file("directory.json", lambda: read_json(files["directory.json"].decode())) if "directory.json" in files else None
    return in_file("directory.json", lambda: Authority(proof, Policy(text), unsure)).policy

def check_checkpoints(files, manifest, policy):
    found, unknown = {}, {}
    need(len(manifest["ledgers"]) == len(manifest["checkpoints"]), "expected a checkpoint of each ledger")
    for ledger, place in zip(manifest["ledgers"], manifest["checkpoints"]):
        origin, unsure = ledger["origin"], []
        keys = policy.hub if ledger["kind"] == "hub" else policy.log
        size, root = in_file(place["file"], lambda: open_checkpoint(files[place["file"]].decode(), origin, keys, unsure))
        stated = place["origin"] == origin and read_number(ledger["size"]) == size and ledger["root"] == root.hex()
        if not stated: raise Wrong(place["file"], "the manifest states another ledger, size or root")
        found[origin], unknown[origin] = (size, root), unsure
    return found, unknown

def leaf_of(text, secret):
    """The leaf of a whole record (docs/formats/record-v1.md), by the same way as one of which a part is shown."""
    import base64
    salt = lambda path: base64.b64encode(hmac.new(secret, path.encode(), hashlib.sha256).digest()[:16]).decode().rstrip("=")
    record, fields = read_json(text), []
    for name in sorted(record, key=str.encode):
        value = record[name]
        if name in LISTS:
            elements = [[Digits([str(at)]), salt(f"{name}/{at}"), write(one), []] for at, one in enumerate(value)]
            fields.append([name, Digits([str(len(value))]), elements])
        else: fields.append([name, salt(name), write(value)])
    return read_record(fields)[0], record

def check_events(files, manifest, checkpoints):
    events, origins, things = [], set(), set()
    lines = files["events.jsonl"].decode()
    need(not lines or lines.endswith("\n"), "the last line does not end")
    for number, line in enumerate(lines.split("\n")[:-1], 1):
        own = Members(read_json(line), "index", "origin", "path", "secret", "size", "text")
        origin, index = own.text("origin"), own.number("index")
        need(origin in checkpoints, f"line {number}: its ledger has no checkpoint")
        size, root = checkpoints[origin]
        leaf, record = leaf_of(own.text("text"), own.bytes("secret", 16))
        need(own.number("size") == size and index < size and climb(index, leaf, size, own.list_of_bytes("path", 32)) == root, f"line {number}: record {index} is not in {origin}")
        event = {name: value for name, value in record.items() if not name.startswith("chopmark:")}
        events.append(event)
        origins.add(origin)
        named = [value for name in THINGS for value in event.get(name, [])] + [event.get("parentID")]
        things.update(key_of(value) for value in named if isinstance(value, str))
    need(read_number(manifest["counts"]["events"]) == len(events), "the manifest states another number of events")
    return events, origins, things

def check_document(text, manifest, events):
    about = write({name: value for name, value in manifest.items() if name not in BEHIND})
    head = CONTEXT + '"type":"EPCISDocument","schemaVersion":"2.0","creationDate":' + write(manifest["at"]) + ',"epcisBody":{"eventList":['
    tail = '\n]},"chopmark:export":' + about + "}\n"
    need(text.startswith(head) and text.endswith(tail), "it does not begin or end as the manifest says")
    body = text[len(head):-len(tail)]
    lines = body[1:].split(",\n") if body else []
    need(len(lines) == len(events) and (not body or body[0] == "\n"), "it has another number of events")
    for line, event in zip(lines, events):
        shown = read_json(line)
        shown.pop("recordTime", None)
        need(shown == {name: value for name, value in event.items() if name != "recordTime"}, "it has another event than was proved")

def check_bundles(files, manifest, policy_data, things):
    unsure, keys = [], set()
    for place in manifest["bundles"]:
        keys.add(key_of(place["item"]))
        if place["file"] is None: continue
        outcome, reason = bundles.verify(files[place["file"]], policy_data)
        if outcome == "refuted": raise Wrong(place["file"], reason)
        own = json.loads(files[place["file"]])["item"]
        if key_of(own) != key_of(place["item"]): raise Wrong(place["file"], "it is the bundle of another item")
        if outcome != "proved": unsure.append(f"{place['file']}: {reason}")
    need(keys <= things, "a bundle is of an item that no event names")
    return unsure

def check(files, policy_data):
    manifest, unsure = check_files(files), []
    in_file("manifest.json", check_id, manifest)
    policy = effective_policy(files, policy_data.decode(), unsure)
    checkpoints, unknown = in_file("manifest.json", check_checkpoints, files, manifest, policy)
    events, origins, things = in_file("events.jsonl", check_events, files, manifest, checkpoints)
    for origin in sorted(origins): unsure += unknown[origin]
    if not events: unsure.append("it has no event, so it proves nothing")
    in_file("events.jsonld", lambda: check_document(files["events.jsonld"].decode(), manifest, events))
    unsure += in_file("manifest.json", check_bundles, files, manifest, policy_data, things)
    return unsure, f"{len(events)} events, {sum(one['file'] is not None for one in manifest['bundles'])} bundles"

def verify(path, policy_data):
    try: files = read_archive(path)
    except Wrong as error: return "refuted", "{}: {}".format(*error.args)
    except zipfile.BadZipFile as error: return "refuted", f"the archive: {error}"
    try: Policy(policy_data.decode())
    except (BadPolicy, UnicodeDecodeError) as error: return "policy", str(error)
    try: unsure, what = check(files, policy_data)
    except Wrong as error: return "refuted", "{}: {}".format(*error.args)
    if unsure: return "cannot tell", "; ".join(sorted(set(unsure)))
    return "proved", f"{what}; that nothing was left out, and the anchor's block, were not checked"

def main():
    if len(sys.argv) != 4 or sys.argv[2] != "--policy": sys.exit(print(__doc__, file=sys.stderr) or 2)
    try: outcome, reason = verify(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[3]).read_bytes())
    except OSError as error: outcome, reason = "no outcome", error
    print(ascii(f"{outcome}: {reason}")[1:-1])
    return {"proved": 0, "refuted": 1}.get(outcome, 2)
if __name__ == "__main__":
    sys.exit(main())
