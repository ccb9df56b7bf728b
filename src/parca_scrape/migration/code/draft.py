"""What becomes of a charm: the new text of its files, and what is left to a person."""

from __future__ import annotations

import difflib
import os
from typing import Dict, Iterator, List, Optional

from parca_scrape.cli.console import show
from parca_scrape.cli.single_files import VendoredFile
from parca_scrape.migration.code.charm_tree import CharmTree, Leftover, split_lines
from parca_scrape.migration.code.journal import Change
from parca_scrape.migration.code.library_names import Destination


class Draft:
    """The changes of a charm, none of which is written yet.

    Args:
        tree: the files of the charm.
        destination: what the charm is to use.
        libraries: the vendored libraries that the charm has, by their path.
    """

    def __init__(
        self, tree: CharmTree, destination: Destination, libraries: Dict[str, VendoredFile]
    ) -> None:
        self.tree = tree
        self.destination = destination
        self.libraries = libraries
        self.leftovers: List[Leftover] = list(tree.leftovers)
        self.texts: Dict[str, str] = {}
        """The new text of the files that change."""
        self.removed: List[str] = []
        """The files that go."""

    def read(self, path: str) -> Optional[str]:
        """Return the text that a file will have; None if it has none, or cannot be decoded."""
        path = self.tree.links.get(path, path)
        if path in self.texts:
            return self.texts[path]
        if path in self.removed or path not in self.tree.contents:
            return None
        return self.tree.read_text(path)

    def write(self, path: str, text: str) -> None:
        """Set the text that a file will have."""
        if text != self.read(path):
            self.texts[self.tree.links.get(path, path)] = text

    def note(self, path: str, line: int, what: str, advice: str) -> None:
        """Note something that is left to a person."""
        self.leftovers.append(Leftover(path, line, what, advice))

    def sort_leftovers(self) -> List[Leftover]:
        """Return what is left to a person, once each, by file and line."""
        distinct = set(self.leftovers)
        return sorted(distinct, key=lambda leftover: (leftover.path, leftover.line, leftover.what))

    def list_changes(self) -> List[Change]:
        """Return the changes to make; a folder that would become empty goes as a whole."""
        changes = [
            Change(path, self.tree.encode(path, text)) for path, text in sorted(self.texts.items())
        ]
        gone = sorted({self._widen(path) for path in self.removed})
        return changes + [Change(path, None) for path in gone]

    def diff(self) -> str:
        """Return all changes as a unified diff."""
        changed = {**self.texts, **dict.fromkeys(self.removed)}
        return "".join(
            line
            for path, text in sorted(changed.items())
            for line in diff_file(path, self.tree.decode(path), text)
        )

    def _widen(self, path: str) -> str:
        """Return the largest folder that holds nothing but what goes, or the path itself."""
        parent = os.path.dirname(path)
        while parent and self._is_gone(parent):
            path, parent = parent, os.path.dirname(parent)
        return path

    def _is_gone(self, path: str) -> bool:
        if path in self.removed or os.path.basename(path) == "__pycache__":
            return True
        full = self.tree.root / path
        if full.is_symlink() or not full.is_dir():
            return False
        return all(self._is_gone(f"{path}/{name}") for name in os.listdir(str(full)))


def diff_file(path: str, before: str, after: Optional[str]) -> Iterator[str]:
    """Yield the lines of a diff that `patch -p1` and `git apply` accept."""
    new = "/dev/null" if after is None else show(f"b/{path}")
    lines = difflib.unified_diff(
        split_lines(before), split_lines(after or ""), show(f"a/{path}"), new
    )
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
