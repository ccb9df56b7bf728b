"""Check that a commit may be published under a tag.

Usage: python tools/check_release.py TAG
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Dict, List

ROOT = Path(__file__).resolve().parent.parent
VERSION = re.compile(r'^VERSION = "(.+)"$', re.MULTILINE)


def find_faults(tag: str) -> List[str]:
    """Give what is in the way, one line each."""
    faults: List[str] = []
    version_text = (ROOT / "src" / "parca_scrape" / "version.py").read_text(encoding="utf-8")
    (version,) = VERSION.findall(version_text)
    if tag != f"v{version}":
        faults.append(f"the tag is {tag}, the version is {version}")
    record: Dict[str, object] = json.loads((ROOT / "tools" / "libpatch.json").read_text())
    released = record["released"]
    if not isinstance(released, dict) or record["digests"] not in released.values():
        faults.append("the single files are not recorded: python tools/single_file.py --release")
    if f"## [{version}]" not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        faults.append(f"CHANGELOG.md has no entry for {version}")
    return faults


def main() -> int:
    """Check and report."""
    if len(sys.argv) != 2:
        print("usage: python tools/check_release.py TAG", file=sys.stderr)
        return 2
    faults = find_faults(sys.argv[1])
    for fault in faults:
        print(f"check_release: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
