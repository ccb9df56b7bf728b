"""The files of a charm, as far as they can be read and belong to the charm itself."""

from __future__ import annotations

import io
import os
import re
import stat
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from parca_scrape.cli.console import show
from parca_scrape.cli.single_files import CHARM_FILES

# The folder of the journal; it is never part of the charm.
JOURNAL = ".parca-scrape-migrate"
SKIPPED = frozenset(
    {".git", ".venv", "venv", ".tox", ".nox", "node_modules", "__pycache__", JOURNAL}
)
# What charmcraft leaves in the root of a charm.
SKIPPED_IN_ROOT = frozenset({"build", "parts", "prime", "stage"})
CACHE = re.compile(r"\..*_cache")
# A larger file is neither code nor a lock.
MAX_SIZE = 4 << 20
BOM = "\ufeff"
LIBRARY = b"parca_scrape"


@dataclass(frozen=True)
class Leftover:
    """Something that a person has to look at."""

    path: str
    """Relative to the charm."""
    line: int
    """Counted from 1; 0 for the whole file."""
    what: str
    advice: str

    def describe(self) -> str:
        """Return one line that says where, what and what to do."""
        place = f"{show(self.path)}:{self.line}" if self.line else show(self.path)
        return f"{place}: {show(self.what)}: {self.advice}"


class CharmTree:
    """The files of a charm, each under its own path relative to the charm."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.contents: Dict[str, bytes] = {}
        self.links: Dict[str, str] = {}
        """The paths of the files to which links in the charm lead, by the path of the link."""
        self.leftovers: List[Leftover] = []

    def list_python(self) -> List[str]:
        """Return the paths of all Python files."""
        return [path for path in self.contents if path.endswith((".py", ".pyi"))]

    def read_text(self, path: str) -> Optional[str]:
        """Return the text of a file without its byte order mark; None if it cannot be decoded.

        Nor can it if it would not be the same when it is encoded again.
        """
        content = self.contents[path]
        try:
            text = content.decode(find_encoding(path, content))
            return text if self.encode(path, text) == content else None
        except (SyntaxError, ValueError, LookupError):
            return None

    def decode(self, path: str) -> str:
        """Return the text of a file, with a sign in the place of what cannot be decoded."""
        text = self.read_text(path) if path in self.contents else ""
        return self.contents[path].decode("utf-8", errors="replace") if text is None else text

    def encode(self, path: str, text: str) -> bytes:
        """Return text in the encoding of a file."""
        return text.encode(find_encoding(path, self.contents[path]))


def find_encoding(path: str, content: bytes) -> str:
    """Return the encoding of a file: what Python's own rule says for code, UTF-8 for the rest.

    Raises:
        SyntaxError: the encoding that the file names is unknown.
    """
    if path.endswith((".py", ".pyi")):
        return tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    return "utf-8-sig" if content.startswith(BOM.encode()) else "utf-8"


def read_tree(root: Path) -> CharmTree:
    """Read a charm."""
    tree = CharmTree(root)
    for path in find_files(tree):
        content = read_file(tree, path)
        if content is not None:
            tree.contents[name_in(root, path)] = content
    return tree


def find_files(tree: CharmTree) -> Iterator[str]:
    """Yield the path of every file, and note folders that are not entered."""

    def note(error: OSError) -> None:
        tree.leftovers.append(describe_error(tree, str(error.filename), error))

    for folder, names, files in os.walk(str(tree.root), onerror=note):
        names[:] = sorted(name for name in names if is_entered(tree, folder, name))
        yield from (os.path.join(folder, name) for name in sorted(files))


def is_entered(tree: CharmTree, folder: str, name: str) -> bool:
    """Return whether a folder belongs to the charm; note one that may be of interest."""
    path = os.path.join(folder, name)
    is_top = Path(folder) == tree.root
    if name in SKIPPED or CACHE.fullmatch(name) or (is_top and name in SKIPPED_IN_ROOT):
        return False
    if os.path.islink(path):
        if not is_inside(tree.root, path):
            note_link(tree, path)
        return False
    if os.path.exists(os.path.join(path, "pyvenv.cfg")):
        return False
    # Unlike Path.is_file, isfile allows for a folder that cannot be read.
    is_charm = any(os.path.isfile(os.path.join(path, name)) for name in CHARM_FILES)
    if is_charm and os.path.isdir(os.path.join(path, "src")):
        note_charm(tree, path)
        return False
    return True


def read_file(tree: CharmTree, path: str) -> Optional[bytes]:
    """Return the content of a file of the charm; None if it is none, or cannot be read."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_SIZE:
            return None
        is_link = os.path.islink(path)
        if is_link and is_inside(tree.root, path):
            real = name_in(tree.root, os.path.realpath(path))
            tree.links[name_in(tree.root, path)] = real
            return None
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        tree.leftovers.append(describe_error(tree, path, error))
        return None
    if is_link:
        if LIBRARY in content:
            note_link(tree, path)
        return None
    return None if b"\0" in content else content


def is_inside(root: Path, path: str) -> bool:
    """Return whether a path leads to something inside a folder."""
    real = os.path.realpath(path)
    return real == str(root) or real.startswith(os.path.join(str(root), ""))


def note_link(tree: CharmTree, path: str) -> None:
    """Note a link that leaves the charm."""
    advice = "change what it leads to, if that uses the library"
    name = name_in(tree.root, path)
    tree.leftovers.append(Leftover(name, 0, "a link that leaves the charm", advice))


def note_charm(tree: CharmTree, path: str) -> None:
    """Note another charm inside this one if it uses the library."""
    inner = CharmTree(Path(path))
    paths = [file for file in find_files(inner) if file.endswith((".py", ".yaml"))]
    contents = [read_file(inner, file) or b"" for file in paths]
    if any(b"v0.parca_scrape" in content or b".parca_scrape\n" in content for content in contents):
        advice = "run the command for it, too"
        name = name_in(tree.root, path)
        tree.leftovers.append(Leftover(name, 0, "another charm that uses the library", advice))


def describe_error(tree: CharmTree, path: str, error: OSError) -> Leftover:
    """Return the line for a file that cannot be read."""
    what = f"cannot be read: {error.strerror}"
    return Leftover(name_in(tree.root, path), 0, what, "check whether it uses the library")


def name_in(root: Path, path: str) -> str:
    """Return a path relative to a folder, as it is in messages."""
    return Path(os.path.relpath(path, str(root))).as_posix()


def number_line(text: str, index: int) -> int:
    """Return the number of the line of a character, counted from 1."""
    return text.count("\n", 0, index) + 1


def split_lines(text: str) -> List[str]:
    """Return lines with their ends, as other tools count them, which know only the line feed."""
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])
