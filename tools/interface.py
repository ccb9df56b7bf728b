"""Write the schema of a provider in interface/ from those of its databags in the package.

Usage: python tools/interface.py [--check]

`--check` writes nothing and fails if the schema is stale.
"""

from __future__ import annotations

import argparse
import sys
import textwrap

from modules import ROOT, SOURCE

SCHEMA = ROOT / "interface" / "parca_scrape" / "v0" / "schemas" / "provider.json"
# Both databags in one document, each with the address that it has on its own: a validator finds
# them there and loads nothing.
TEMPLATE = """\
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:parca-scrape:interface-provider",
  "title": "Databags of a provider",
  "description": "What a profiled charm publishes on the interface parca_scrape: the application \
databag, and the databag of one unit.",
  "type": "object",
  "properties": {
    "app": { "$ref": "urn:parca-scrape:app-databag" },
    "unit": { "$ref": "urn:parca-scrape:unit-databag" }
  },
  "additionalProperties": false,
  "$defs": {
    "app-databag": @app-databag@,
    "unit-databag": @unit-databag@
  }
}
"""


def main() -> int:
    """Write the schema or compare it, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the schema is stale")
    schema = make_schema()
    if not parser.parse_args().check:
        SCHEMA.write_text(schema, encoding="utf-8")
    elif SCHEMA.read_text(encoding="utf-8") != schema:
        stale = SCHEMA.relative_to(ROOT)
        print(f"interface: {stale} is stale: run make reference", file=sys.stderr)
        return 1
    return 0


def make_schema() -> str:
    """Return the text of the schema."""
    text = TEMPLATE
    for name in ("app-databag", "unit-databag"):
        path = SOURCE / "cli" / "schemas" / f"{name}.json"
        schema = path.read_text(encoding="utf-8").rstrip("\n")
        text = text.replace(f"@{name}@", textwrap.indent(schema, " " * 4).lstrip())
    return text


if __name__ == "__main__":
    sys.exit(main())
