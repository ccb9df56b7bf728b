"""Check that a commit may be published under a tag.

Usage: python tools/check_release.py TAG
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Dict, Iterator

ROOT = Path(__file__).resolve().parent.parent
VERSION = re.compile(r'^VERSION = "(.+)"$', re.MULTILINE)

# Stands for the address of the repository where that is not known yet.
UNKNOWN_ADDRESS = "https://repository.invalid"
PROJECT_FILES = ("pyproject.toml", "README.md", "stubs/pyproject.toml", "stubs/README.md")
RECORD_COMMAND = ".venv-tools/bin/python tools/single_file.py --release"


def read(path: str) -> str:
    """Return the text of a file of the checkout."""
    return (ROOT / path).read_text(encoding="utf-8")


def find_faults(tag: str) -> Iterator[str]:
    """Yield what stands in the way, one line each."""
    (version,) = VERSION.findall(read("src/parca_scrape/version.py"))
    if tag != f"v{version}":
        yield f"the tag is {tag}, but the version is {version}"
    record: Dict[str, object] = json.loads(read("tools/libpatch.json"))
    released = record["released"]
    if not isinstance(released, dict) or record["digests"] not in released.values():
        yield f"the single files are not recorded: run {RECORD_COMMAND}"
    if f"## [{version}]" not in read("CHANGELOG.md"):
        yield f"CHANGELOG.md has no entry for {version}"
    if "@OWNER/" in read(".github/CODEOWNERS"):
        yield ".github/CODEOWNERS: @OWNER is no organisation: see RELEASING.md"
    pages = sorted(page.relative_to(ROOT).as_posix() for page in ROOT.glob("docs/**/*.md"))
    for path in (*PROJECT_FILES, *pages):
        if UNKNOWN_ADDRESS in read(path):
            yield f"{path}: {UNKNOWN_ADDRESS} is not an address: see RELEASING.md"
        if path.endswith(".toml") and "\nRepository = " not in read(path):
            yield f"{path}: there is no Repository: see RELEASING.md"


def main() -> int:
    """Print the faults."""
    if len(sys.argv) != 2:
        print("usage: python tools/check_release.py TAG", file=sys.stderr)
        return 2
    faults = list(find_faults(sys.argv[1]))
    for fault in faults:
        print(f"check_release: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
