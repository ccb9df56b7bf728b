"""Write the blocks of code in the documentation into files, for type checkers and tests.

Usage: python -m tests.snippets FOLDER

Each page gets a folder of its own. A block becomes the file that the line above it names, as in
"Create `src/charm.py`:"; Python without a name becomes `snippet_1.py`, and so on. What a charm
imports as `charm` is `PAGE.src.charm` here, so that one run of a type checker takes all pages.
"""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List

from tests.forms import ROOT

# Not of the site; and signatures only.
LEFT_OUT = ("docs/mutation.md", "docs/reference/api.md")
FENCE = re.compile(r"^( *)```([^\s`]+).*?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"`([\w./-]+\.\w+)`:\n\n\Z")


class SnippetError(Exception):
    """Blocks cannot be written."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    name: str
    """The file that the page says it is; empty for none."""
    text: str


def find_pages() -> List[str]:
    """Return the pages whose blocks are checked."""
    pages = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md"))
    return ["README.md", "examples/README.md", *(page for page in pages if page not in LEFT_OUT)]


def find_blocks(page: str, text: str) -> Iterator[Block]:
    """Yield the blocks of a page; directives, such as `{toctree}`, are Sphinx's own."""
    for match in FENCE.finditer(text):
        before = text[: match.start()]
        name = NAME.search(before)
        if not match.group(2).startswith("{"):
            yield Block(
                page,
                before.count("\n") + 1,
                match.group(2),
                name.group(1) if name else "",
                textwrap.dedent(match.group(3)),
            )


def name_files(blocks: List[Block]) -> Dict[str, str]:
    """Return the files that the blocks of one page make, by their paths.

    Raises:
        SnippetError: two blocks have one name.
    """
    files: Dict[str, str] = {}
    for block in blocks:
        name = block.name
        if block.language == "python" and not name.endswith(".py"):
            name = f"snippet_{len(files) + 1}.py"
        if name in files:
            raise SnippetError(f"{block.page}:{block.line}: the page has another {name}")
        if name:
            files[name] = block.text
    return files


def qualify_imports(files: Dict[str, str], package: str) -> Dict[str, str]:
    """Return the files with imports that say of which page, and of which charm of it, they are."""
    qualified: Dict[str, str] = {}
    for path, text in files.items():
        root = re.sub(r"((?<![^/])(src|tests)/)?[^/]+$", "", path)
        for other in files:
            if re.fullmatch(re.escape(root) + r"src/\w+\.py", other):
                module = ".".join([package, *Path(other).with_suffix("").parts])
                line = rf"^( *from ){Path(other).stem}(?= import )"
                text = re.sub(line, rf"\g<1>{module}", text, flags=re.MULTILINE)
        qualified[path] = text
    return qualified


def write_snippets(folder: Path) -> None:
    """Write the blocks of all pages.

    Raises:
        SnippetError: two blocks of a page have one name.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for page in find_pages():
        package = re.sub(r"\W", "_", re.sub(r"^docs/|\.md$", "", page))
        blocks = list(find_blocks(page, (ROOT / page).read_text(encoding="utf-8")))
        for name, text in qualify_imports(name_files(blocks), package).items():
            path = folder / package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def main() -> int:
    """Write the blocks, and return the exit code."""
    try:
        write_snippets(Path(sys.argv[1]))
    except SnippetError as error:
        print(f"snippets: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
