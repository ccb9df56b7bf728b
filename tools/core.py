"""The core of the package: what runs without ops and is in every single file.

Usage: python tools/core.py

Prints the files of the core and the `__init__` that loads them, in the form that
`coverage report --include` takes.
"""

from __future__ import annotations

import sys
from typing import List

from modules import PACKAGE, collect_modules


def core_modules() -> List[str]:
    """Return the names of the core's modules, in reading order."""
    modules, _ = collect_modules()
    return [module.name for module in modules if module.is_core]


def main() -> int:
    """Print the files."""
    print(",".join(f"src/{PACKAGE}/{name}.py" for name in ("__init__", *core_modules())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
