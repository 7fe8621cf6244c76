"""The key of a name, in which all spellings of one GS1 key are equal; a part of verify.py, from docs/formats/bundle-v2.md, "Names"."""

import re

HOST = "https://id.gs1.org/"
SCHEMES = {"id:sgtin": ("01/", 13, 1, "/21/"), "class:lgtin": ("01/", 13, 1, "/10/"), "id:upui": ("01/", 13, 1, "/235/"),
           "id:sscc": ("00/", 17, 1, None), "id:pgln": ("417/", 12, 0, None), "id:gsrn": ("8018/", 17, 0, None),
           "id:gsrnp": ("8017/", 17, 0, None), "id:gsin": ("402/", 16, 0, None)}
GTIN_ORDER = ("21", "235", "10", "22")
TRADE = (("22", "10", "21"), ("235",))
# Of each key: digits with the check digit, most characters after them, their form, and the lists of its qualifiers.
ANY = r'[A-Za-z0-9!"%&\'()*+,\-./:;<=>?_]*'
KEYS = {"00": (18, 0, "", ()), "01": (14, 0, "", TRADE), "253": (13, 17, ANY, ()), "255": (13, 12, "[0-9]*", ()),
        "401": (0, 30, ANY, ()), "402": (17, 0, "", ()), "414": (13, 0, "", (("254",), ("7040",))), "417": (13, 0, "", (("7040",),)),
        "8003": (14, 16, ANY, ()), "8004": (0, 30, ANY, (("7040",),)), "8006": (14, 4, "[0-9]{4}", (TRADE[0],)),
        "8010": (0, 30, "[0-9A-Z#/-]*", (("8011",),)), "8013": (0, 25, ANY, ()), "8017": (18, 0, "", (("8019",),)),
        "8018": (18, 0, "", (("8019",),))}
QUALIFIERS = {"235": ".{1,28}", "7040": "[0-9].{3}", "8011": "0|[1-9][0-9]{0,11}", "8019": "[0-9]{1,10}"}

def is_form(form, text): return re.fullmatch(form, text, re.ASCII) is not None
def is_digits(text): return is_form("[0-9]+", text)
def escape(text): return "".join(c if is_form(r"[A-Za-z0-9\-._~]", c) else f"%{ord(c):02X}" for c in text)
def unescape(text):
    if not re.fullmatch(r"(?:%[0-7][0-9A-Fa-f]|[\x00-\x24\x26-\x7f])*", text): return None
    return re.sub("%(..)", lambda found: chr(int(found[1], 16)), text, flags=re.DOTALL)
def check_digit(digits): return str(-sum(int(d) * (3, 1)[at % 2] for at, d in enumerate(reversed(digits))) % 10)
def keyed(digits, length): return digits + check_digit(digits) if len(digits) == length and is_digits(digits) else None

def path_of_urn(rest):
    if rest.count(":") < 2: return None
    kind, scheme, body = rest.split(":", 2)
    parts = [unescape(part) for part in body.split(".", 4 if scheme == "itip" else 2)]
    if None in parts or len(parts) < 2 or not is_digits(parts[0]): return None
    is_text = scheme in ("giai", "ginc")
    if len(parts) > 2 and parts[-1] == "" and not is_text: return None
    prefix, reference, last = parts[0], parts[1], parts[2] if len(parts) > 2 else None
    if kind == "idpat" and last == "*": last = None
    whole = lambda length: keyed(prefix + reference, length)
    led = lambda length: keyed(reference[0] + prefix + reference[1:], length) if reference else None
    if is_text:
        text = unescape(body.split(".", 1)[1])
        return ("8004/" if scheme == "giai" else "401/") + prefix + escape(text) if kind == "id" and text is not None else None
    if f"{kind}:{scheme}" in SCHEMES:
        start, length, is_led, end = SCHEMES[f"{kind}:{scheme}"]
        key = led(length) if is_led else whole(length)
        if key is None or (last is None) != (end is None): return None
        return start + key + (end + escape(last) if end else "")
    if (kind, scheme) == ("idpat", "sgtin"):
        return "01/" + led(13) + ("" if last is None else "/21/" + escape(last)) if led(13) else None
    if (kind, scheme) == ("id", "sgln"):
        return "414/" + whole(12) + ("" if last in (None, "0") else "/254/" + escape(last)) if whole(12) else None
    if kind not in ("id", "idpat"): return None
    if scheme == "cpi": return "8010/" + prefix + escape(reference) + ("" if last is None else "/8011/" + escape(last))
    if scheme in ("grai", "gdti", "sgcn"):
        start = {"grai": "8003/0", "gdti": "253/", "sgcn": "255/"}[scheme]
        return start + whole(12) + escape(last or "") if whole(12) else None
    if scheme != "itip" or len(parts) < 4 or not all(is_form("[0-9]{2}", text) for text in parts[2:4]) or not led(13): return None
    serial = parts[4] if len(parts) > 4 and not (kind == "idpat" and parts[4] == "*") else None
    return "8006/" + led(13) + parts[2] + parts[3] + ("" if serial is None else "/21/" + escape(serial))

def is_key(ai, value):
    digits, more, form, _ = KEYS[ai]
    head, tail = value[:digits], value[digits:]
    if not value or len(head) < digits or len(tail) > more or not is_form(form, tail) or (ai == "8003" and head[0] != "0"): return False
    return digits == 0 or (is_digits(head) and check_digit(head[:-1]) == head[-1])
def in_order(names, options):
    places = [options.index(name) for name in names if name in options]
    return len(places) == len(names) and all(a < b for a, b in zip(places, places[1:]))
def read_link(text):
    """Key, value, qualifiers and attributes of a plain link; None for anything else."""
    found = re.fullmatch("https?://(.*)", text, re.DOTALL)
    if not found: return None
    before, _, query = found[1].split("#")[0].partition("?")
    host, slash, path = before.partition("/")
    if not host or not slash: return None
    pairs = [pair.partition("=") for pair in re.split("[&;]", query) if "=" in pair]
    attributes = [(name, unescape(value)) for name, _, value in pairs if is_digits(name)]
    segments = path.rstrip("/").split("/")
    begin = len(segments) % 2
    while begin < len(segments) and segments[begin] not in KEYS: begin += 2
    if begin >= len(segments) or any(value is None for _, value in attributes): return None
    ai, value, *rest = segments[begin:]
    value = unescape(value)
    if value is None: return None
    if ai == "01" and is_digits(value) and len(value) in (8, 12, 13): value = value.zfill(14)
    names, values = rest[::2], [unescape(one) for one in rest[1::2]]
    fits = lambda name, one: one is not None and is_form(ANY, one) and is_form(QUALIFIERS.get(name, ".{1,20}"), one)
    if not is_key(ai, value) or not all(map(fits, names, values)): return None
    if names and not any(in_order(names, options) for options in KEYS[ai][3]): return None
    return ai, value, dict(zip(names, values)), attributes
def key_of_link(ai, value, qualifiers):
    order = {"01": GTIN_ORDER, "8006": GTIN_ORDER, "414": ("254",), "8010": ("8011",)}.get(ai, ())
    kept = [name for name in order if name in qualifiers and not (name == "254" and qualifiers[name] == "0")]
    return HOST + ai + "/" + escape(value) + (f"/{kept[0]}/{escape(qualifiers[kept[0]])}" if kept else "")
def hides_its_key(ai, value, qualifiers, attributes):
    for name, one in attributes:
        fits = any(name in options and all(other in options for other in qualifiers) for options in KEYS[ai][3])
        if fits and name not in qualifiers:
            if key_of_link(ai, value, {**qualifiers, name: one}) != key_of_link(ai, value, qualifiers): return True
    return False

def lowered(text):
    parts = text.split(":")
    colons = 4 if re.match("urn:epc:", text, re.IGNORECASE | re.ASCII) else 1
    if len(parts) <= colons: return text
    low = [re.sub("[A-Z]", lambda found: found[0].lower(), part) for part in parts[:colons]]
    return ":".join(low + parts[colons:])
def key_of(text):
    low = lowered(text)
    if low.startswith("urn:epc:"):
        path = None if low.startswith("urn:epc:tag:") else path_of_urn(low[8:])
        return text if path is None else HOST + path
    link = read_link(low)
    return text if link is None or hides_its_key(*link) else key_of_link(*link[:3])
def is_spelled(name, spelled):  # as a record shown spells it, or as its own key
    return name in spelled or key_of(name) == name
def digits_of(text):
    link = read_link(key_of(text))
    if link is None or hides_its_key(*link): return None
    ai, value = link[:2]
    spans = {"01": (1, 13), "8006": (1, 13), "8003": (1, 13), "00": (1, 17), "414": (0, 12), "417": (0, 12), "253": (0, 12),
             "255": (0, 12), "8017": (0, 17), "8018": (0, 17), "402": (0, 16), "8013": (0, 0)}
    digits = value[slice(*spans[ai])] if ai in spans else re.match("[0-9]*", value)[0]
    return digits if len(digits) >= 4 else None
