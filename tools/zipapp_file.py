"""Build the command line as one executable file, which needs Python 3.8 and PyYAML only.

Usage: python tools/zipapp_file.py [FILE]

The default is dist/parca-scrape.pyz. The same source gives the same bytes.
"""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path
from typing import Dict, List, Optional

from modules import PACKAGE, ROOT, SOURCE

DEFAULT = ROOT / "dist" / "parca-scrape.pyz"
SHEBANG = b"#!/usr/bin/env python3\n"
SUFFIXES = (".py", ".json")
# The wheel has them at the same place: see pyproject.toml.
SINGLE_FILES = {"parca": "parca.py.txt", "parca_k8s": "parca_k8s.py.txt"}
# The earliest time that a zip can hold.
TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3
# Written for any Python 3, because older ones have to understand it.
MAIN = """\
import importlib.util
import sys

if sys.version_info < (3, 8) or importlib.util.find_spec("yaml") is None:
    line = "parca-scrape: error: needs Python 3.8 or newer with PyYAML (package python3-yaml)"
    print(line, file=sys.stderr)
    sys.exit(2)

from parca_scrape.cli.main import main

sys.exit(main())
"""


def list_members() -> Dict[str, bytes]:
    """Return the content of each file in the zip by its name, in order."""
    members = {"__main__.py": MAIN.encode("ascii")}
    for path in SOURCE.rglob("*"):
        if path.suffix in SUFFIXES:
            name = f"{PACKAGE}/{path.relative_to(SOURCE).as_posix()}"
            members[name] = path.read_bytes()
    for charm, name in SINGLE_FILES.items():
        path = ROOT / "lib" / "charms" / charm / "v0" / "parca_scrape.py"
        members[f"{PACKAGE}/vendored/{name}"] = path.read_bytes()
    return dict(sorted(members.items()))


def build(file: Path) -> None:
    """Write the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        stream.write(SHEBANG)
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in list_members().items():
                member = zipfile.ZipInfo(name, TIME)
                member.create_system = UNIX
                member.external_attr = 0o644 << 16
                archive.writestr(member, content, zipfile.ZIP_DEFLATED, 9)
    file.chmod(0o755)


def main(argv: Optional[List[str]] = None) -> int:
    """Build the file, and print its digest."""
    arguments = sys.argv[1:] if argv is None else argv
    file = Path(arguments[0]) if arguments else DEFAULT
    build(file)
    content = file.read_bytes()
    print(hashlib.sha256(content).hexdigest(), len(content), file.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
