"""Says of each line of a file, a JSON document, whether a JSON schema with its formats accepts it: `1` or `0`.

Usage: oracle.py SCHEMA FILE. One definition is completed: every type of event has persistentDisposition, as the standard's
text and its XML schema have it (decision 0035).
"""

import json
import sys

try:
    import rfc3339_validator  # noqa: F401  without it the format date-time would not be checked
    import rfc3986_validator  # noqa: F401  the same for uri
    from jsonschema import Draft7Validator, FormatChecker
except ImportError as error:
    sys.exit(f"missing: {error}")

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
definitions = schema["definitions"]
for name in ("AggregationEvent", "TransactionEvent", "AssociationEvent"):
    own = definitions[name]["allOf"][1]
    own["properties"]["persistentDisposition"] = {"$ref": "#/definitions/persistentDisposition"}
    own["propertyNames"]["anyOf"][1]["enum"].append("persistentDisposition")
validator = Draft7Validator(schema, format_checker=FormatChecker(["uri", "date-time"]))
with open(sys.argv[2], encoding="utf-8") as file:
    print("".join("1" if validator.is_valid(json.loads(line)) else "0" for line in file))
