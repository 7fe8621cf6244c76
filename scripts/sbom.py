#!/usr/bin/env python3
"""Writes the list of components of the program `chopmark` as CycloneDX 1.5 JSON: scripts/sbom.py > FILE

What for: whoever runs the program can look up its components in databases of vulnerabilities and licences.

The way through: `cargo metadata` gives the graph of packages for this machine's target; what `chopmark` is linked with, directly or
through others, is a component. Hashes are those of Cargo.lock: SHA-256 of the package's archive.

What holds: what trace-api/scanner/package-lock.json has of the start page's reader of codes, which the Debian package carries, is a component
as well, with the hash of the npm archive. The same locks and SOURCE_DATE_EPOCH give the same bytes; nothing of tests, demo or fuzz targets is listed; a
package without a licence, or one of a registry without a hash, is an error.

Not here: what a package itself holds (SQLite in libsqlite3-sys, C of AWS-LC in aws-lc-sys); its own version says which.

Source: CycloneDX 1.5, https://cyclonedx.org/docs/1.5/json/
"""

import base64
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = "chopmark"


def cargo(*words):
    """What cargo prints; ends this program where cargo fails."""
    return subprocess.run(["cargo", *words], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def target():
    text = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return next(line.split(": ")[1] for line in text.splitlines() if line.startswith("host: "))


def linked(nodes, first):
    """The packages that `first` is linked with, itself included: by normal dependencies, not those of builds and tests."""
    below, waiting = {}, [first]
    while waiting:
        one = waiting.pop()
        if one in below:
            continue
        is_normal = lambda dependency: any(kind["kind"] is None for kind in dependency["dep_kinds"])
        below[one] = sorted(dependency["pkg"] for dependency in nodes[one]["deps"] if is_normal(dependency))
        waiting.extend(below[one])
    return below


def component(package, hashes):
    name, version, source = package["name"], package["version"], package["source"]
    if not package["license"]:
        sys.exit(f"sbom: {name} {version} names no licence")
    one = {
        "type": "application" if name == PROGRAM else "library",
        "bom-ref": f"pkg:cargo/{name}@{version}",
        "name": name,
        "version": version,
        "scope": "required",
        # Old packages write `MIT/Apache-2.0`.
        "licenses": [{"expression": package["license"].replace("/", " OR ")}],
        "purl": f"pkg:cargo/{name}@{version}",
    }
    if package["description"]:
        one["description"] = " ".join(package["description"].split())
    if source:
        if (name, version) not in hashes:
            sys.exit(f"sbom: Cargo.lock has no hash of {name} {version}")
        one["hashes"] = [{"alg": "SHA-256", "content": hashes[name, version]}]
    if source and package["repository"]:
        one["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return one


def scanner():
    """The npm package whose files the Debian package carries; pages load it, and the program is not linked with it."""
    lock = json.loads((ROOT / "trace-api/scanner/package-lock.json").read_text())
    name = "zxing-wasm"
    package = lock["packages"][f"node_modules/{name}"]
    algorithm, content = package["integrity"].split("-", 1)
    return {
        "type": "library",
        "bom-ref": f"pkg:npm/{name}@{package['version']}",
        "name": name,
        "version": package["version"],
        "scope": "optional",
        # Its own code; the WebAssembly is made from ZXing-C++, under Apache-2.0.
        "licenses": [{"expression": f"{package['license']} AND Apache-2.0"}],
        "purl": f"pkg:npm/{name}@{package['version']}",
        "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(content).hex()}],
    }


def main():
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if seconds is None:
        sys.exit("sbom: got no SOURCE_DATE_EPOCH, expected the seconds since 1970 of the commit")
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    hashes = {(p["name"], p["version"]): p["checksum"] for p in lock["package"] if "checksum" in p}
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", target()))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    (first,) = (id for id in metadata["workspace_members"] if packages[id]["name"] == PROGRAM)
    below = linked(nodes, first)
    components = {id: component(packages[id], hashes) for id in below}
    ref = lambda id: components[id]["bom-ref"]
    body = {
        "components": sorted([scanner(), *(c for id, c in components.items() if id != first)], key=lambda c: c["bom-ref"]),
        "dependencies": sorted(
            ({"ref": ref(id), "dependsOn": sorted({ref(other) for other in others})} for id, others in below.items()),
            key=lambda one: one["ref"],
        ),
    }
    at = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([seconds, components[first], body], sort_keys=True))
    print(json.dumps({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "scripts/sbom.py of chopmark"}]},
            "component": components[first],
        },
        **body,
    }, indent=1, ensure_ascii=False))


main()
