"""Write the single files, lib/charms/*/v0/parca_scrape.py, for charms that vendor the library.

Usage: python tools/single_file.py [--check | --release]

A single file contains the modules that the package's `__init__` reaches, each after those that it
imports. `--check` writes nothing, and fails if a file is stale. `--release` records the files as
published; from then on, every change to them needs a new LIBPATCH.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Set

from modules import (
    PACKAGE,
    ROOT,
    GenerationError,
    Imports,
    Module,
    check_names,
    collect_modules,
    names_used,
)

from parca_scrape.cli.charmhub import LIBIDS
from parca_scrape.cli.single_files import compute_digest
from parca_scrape.version import VERSION

GUIDE = ROOT / "tools" / "guide.txt"
RECORD = ROOT / "tools" / "libpatch.json"
LINE_LENGTH = 99
LIBAPI = 0
THIRD_PARTY = "ops"
COMMAND = "make single-files"
NO_DIGEST = "0" * 64
HEADER = """\
# Licensed under the Apache License, Version 2.0: see http://www.apache.org/licenses/LICENSE-2.0
# parca-scrape {version} sha256:{digest}
# The digest is of all other lines. Made from the package: `parca-scrape vendor` writes a new one.

VERSION = "{version}"
# The unique identifier of this library on Charmhub
LIBID = "{libid}"
# The major version of its API, raised by breaking changes
LIBAPI = {libapi}
# The version within LIBAPI, raised by any change of this file
LIBPATCH = {libpatch}
"""


@dataclass(frozen=True)
class Record:
    """The LIBPATCH of the files, and what is published under which LIBPATCH."""

    libpatch: int
    digests: Dict[str, str]
    released: Dict[str, Dict[str, str]]
    """The digest of each charm's file, by LIBPATCH."""

    @classmethod
    def read(cls) -> Record:
        """Read the record."""
        return cls(**json.loads(RECORD.read_text(encoding="utf-8")))

    def write(self) -> None:
        """Write the record."""
        RECORD.write_text(json.dumps(self.__dict__, indent=2) + "\n", encoding="utf-8")

    def check(self) -> None:
        """Check that a published LIBPATCH keeps its files.

        Raises:
            GenerationError: the files differ from those published under their LIBPATCH.
        """
        if self.released.get(str(self.libpatch), self.digests) != self.digests:
            raise GenerationError(
                f"LIBPATCH {self.libpatch} is published and would change: raise it in"
                f" {RECORD.relative_to(ROOT)} and in src/charms/*/v0/{PACKAGE}.py"
            )


def format_imports(modules: Sequence[Module]) -> str:
    """Return all imports, sorted as ruff and isort do."""
    used = {name for module in modules for node in module.statements for name in names_used(node)}
    merged: Imports = defaultdict(set)
    for module in modules:
        for origin, names in module.imports.items():
            merged[origin] |= {
                name for name in names if (name or origin.partition(".")[0]) in used
            }
    groups: Dict[bool, List[str]] = {False: [], True: []}
    whole = sorted(origin for origin, names in merged.items() if "" in names)
    partly = sorted(origin for origin, names in merged.items() if names - {""})
    for origin in whole:
        groups[origin == THIRD_PARTY].append(f"import {origin}")
    for origin in partly:
        groups[origin == THIRD_PARTY].append(format_import(origin, merged[origin] - {""}))
    sections = ["from __future__ import annotations", *map("\n".join, groups.values())]
    return "\n\n".join(filter(None, sections))


def format_import(origin: str, names: Set[str]) -> str:
    """Return the import of names from a module, on several lines if it is long."""
    ordered = sorted(names, key=lambda name: (rank(name), name.lower()))
    line = f"from {origin} import {', '.join(ordered)}"
    if len(line) <= LINE_LENGTH:
        return line
    return "\n".join([f"from {origin} import (", *(f"    {name}," for name in ordered), ")"])


def rank(name: str) -> int:
    """Return the rank of a name in a sorted import: constants, then classes, then the rest."""
    return 0 if name.isupper() else 1 if name[0].isupper() else 2


def format_section(module: Module) -> str:
    """Return the body of a module, after its docstring as a comment."""
    comment = format_comment(module.docstring)
    begins_block = module.body.startswith(("def ", "class ", "@"))
    return comment + ("\n\n\n" if begins_block else "\n\n") + module.body


def format_comment(text: str) -> str:
    """Return a text as a comment, with each paragraph wrapped anew."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    wrap = textwrap.TextWrapper(
        LINE_LENGTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n#\n".join(map(wrap.fill, paragraphs))


def format_all(public: Sequence[str]) -> str:
    """Return the list of public names, in filled lines."""
    names = sorted({*public, "LIBAPI", "LIBID", "LIBPATCH"}, key=lambda name: (rank(name), name))
    wrap = textwrap.TextWrapper(LINE_LENGTH, initial_indent="    ", subsequent_indent="    ")
    quoted = wrap.fill(" ".join(f'"{name}",' for name in names))
    return f"# fmt: off\n__all__ = [\n{quoted}\n]\n# fmt: on"


def generate(libpatch: int) -> Dict[str, str]:
    """Return the text of each charm's file.

    Raises:
        GenerationError: the package does not fit into a single file.
    """
    modules, public = collect_modules()
    check_names(modules, public)
    guide = GUIDE.read_text(encoding="utf-8").rstrip("\n")
    files: Dict[str, str] = {}
    for charm, libid in LIBIDS.items():
        header = HEADER.format(
            version=VERSION, digest=NO_DIGEST, libid=libid, libapi=LIBAPI, libpatch=libpatch
        )
        head = [
            guide.replace("{import_path}", f"charms.{charm}.v0.{PACKAGE}"),
            format_imports(modules),
            header.rstrip("\n"),
            format_all(public),
        ]
        sections = ["\n\n".join(head), *map(format_section, modules)]
        text = "\n\n\n".join(sections) + "\n"
        files[charm] = text.replace(NO_DIGEST, compute_digest(text), 1)
    return files


def file_of(charm: str) -> Path:
    """Return the path of a charm's file."""
    return ROOT / "lib" / "charms" / charm / f"v{LIBAPI}" / f"{PACKAGE}.py"


def check(record: Record, files: Mapping[str, str]) -> None:
    """Check that the files and the record are up to date.

    Raises:
        GenerationError: one of them is stale.
    """
    for charm, text in files.items():
        path = file_of(charm)
        if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
            raise GenerationError(f"{path.relative_to(ROOT)} is stale: run {COMMAND}")
    if record.digests != {charm: compute_digest(text) for charm, text in files.items()}:
        raise GenerationError(f"{RECORD.relative_to(ROOT)} is stale: run {COMMAND}")


def write(record: Record, files: Mapping[str, str]) -> None:
    """Write the files and the record."""
    for charm, text in files.items():
        path = file_of(charm)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        print(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines, {len(text)} characters")
    record.write()


def main() -> int:
    """Write or check the files, or record them as published."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing, fail if stale")
    mode.add_argument("--release", action="store_true", help="record the files as published")
    options = parser.parse_args()
    try:
        record = Record.read()
        files = generate(record.libpatch)
        if options.check or options.release:
            check(record, files)
        record.digests.update({charm: compute_digest(text) for charm, text in files.items()})
        record.check()
        if options.release:
            record.released[str(record.libpatch)] = record.digests
        if not options.check:
            write(record, files)
    except GenerationError as error:
        print(f"single_file: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
