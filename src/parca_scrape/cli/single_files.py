"""The single files in a charm's directory: what each one is, and how to write the current one."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import os
import pkgutil
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import List, Mapping, Optional, Union

import yaml

from parca_scrape._getters import as_list, as_object
from parca_scrape.cli.charmhub import LIBIDS, list_shortcomings
from parca_scrape.cli.console import CommandError, show
from parca_scrape.cli.published import PUBLISHED

CHARM_FILES = ("charmcraft.yaml", "metadata.yaml")
CHARM_LIBS = "charm-libs"
FILE_NAME = "parca_scrape.py"
# The wheel and the zipapp contain the files as data; in a checkout, this is where they are.
CHECKOUT = Path(__file__).parents[3] / "lib" / "charms"

STAMP = re.compile(r"^# parca-scrape (\S+) sha256:([0-9a-f]{64})$", re.MULTILINE)
LIBPATCH = re.compile(r"^LIBPATCH = (\d+)$", re.MULTILINE)
LIBID = re.compile(r"^LIBID = [\"'](\w+)[\"']$", re.MULTILINE)


class State(enum.Enum):
    """What a file is, compared with the one that would be written."""

    CURRENT = enum.auto()
    WRITTEN = enum.auto()
    """The current file, which this process has just written."""
    OLDER = enum.auto()
    NEWER = enum.auto()
    EDITED = enum.auto()
    """Its digest is neither the one that it states nor that of a published version."""
    REFERENCE = enum.auto()
    """A published version of the library of this name that charmcraft fetches from Charmhub."""
    FOREIGN = enum.auto()


@dataclass(frozen=True)
class VendoredFile:
    """A single file in a charm's directory."""

    path: Path
    charm: str
    state: State
    libpatch: Optional[int] = None
    version: str = ""
    """The version of the package that the file was generated from."""

    @property
    def is_replaceable(self) -> bool:
        """Whether the current file can replace this one without losing anything."""
        return self.state in (State.CURRENT, State.OLDER, State.REFERENCE)

    def describe(self) -> str:
        """Return one line that says what the file is."""
        libpatch = f"LIBPATCH {self.libpatch}"
        shortcomings = list_shortcomings(self.charm, self.libpatch or 0)
        if self.state is State.FOREIGN:
            return "not this library: its LIBID is missing or different"
        if self.state is State.EDITED and self.version:
            return "edited by hand: its digest does not match"
        if self.state is State.EDITED:
            return "edited by hand, or unknown: its digest is not that of a published version"
        if self.state is State.REFERENCE:
            return "; ".join([f"{libpatch} of the reference library", *shortcomings])
        name = f"{self.state.name.lower()}: {libpatch} of parca-scrape {self.version}"
        return "; ".join([name, *shortcomings])


def compute_digest(text: str) -> str:
    """Return the digest of a file, without the line that holds the digest of a single file."""
    return hashlib.sha256(STAMP.sub("", text, count=1).encode("utf-8")).hexdigest()


def read_shipped(charm: str) -> str:
    """Return the text of the current file for a charm.

    Raises:
        OSError: the installation is incomplete.
    """
    try:
        content = pkgutil.get_data("parca_scrape", f"vendored/{charm}.py.txt")
    except OSError:
        content = (CHECKOUT / charm / "v0" / FILE_NAME).read_bytes()
    return (content or b"").decode("utf-8")


def is_charm(directory: Path) -> bool:
    """Return whether a directory is that of a charm."""
    return any((directory / name).is_file() for name in CHARM_FILES)


def check_charm(directory: Path) -> None:
    """Raise `CommandError` if a directory is not that of a charm."""
    if not directory.is_dir():
        raise CommandError(f"{show(directory)}: no such folder")
    if not is_charm(directory):
        raise CommandError(f"{show(directory)}: not a charm: no {' or '.join(CHARM_FILES)}")


def make_path(directory: Path, charm: str) -> Path:
    """Return where the single file belongs in a charm's directory."""
    return directory / "lib" / "charms" / charm / "v0" / FILE_NAME


def find_file(directory: Path, charm: str) -> Optional[VendoredFile]:
    """Return the file in a charm's directory, or None if there is none.

    Raises:
        OSError: the file cannot be read.
    """
    path = make_path(directory, charm)
    if not os.path.lexists(path):
        return None
    return classify(path, charm, path.read_text(encoding="utf-8", errors="replace"))


def classify(path: Path, charm: str, text: str) -> VendoredFile:
    """Return what a file with this text is.

    Raises:
        OSError: the installation is incomplete.
    """
    shipped = read_shipped(charm)
    libpatch = parse_libpatch(text)
    stamp = STAMP.search(text)
    digest = compute_digest(text)
    if stamp is None:
        libid = LIBID.search(text)
        if libid is None or libid.group(1) != LIBIDS[charm]:
            state = State.FOREIGN
        elif digest in PUBLISHED[charm].get(libpatch or 0, ()):
            state = State.REFERENCE
        else:
            state = State.EDITED
        return VendoredFile(path, charm, state, libpatch)
    if text == shipped:
        state = State.CURRENT
    elif digest != stamp.group(2):
        state = State.EDITED
    elif (libpatch or 0) > (parse_libpatch(shipped) or 0):
        state = State.NEWER
    else:
        state = State.OLDER
    return VendoredFile(path, charm, state, libpatch, stamp.group(1))


def parse_libpatch(text: str) -> Optional[int]:
    """Return the LIBPATCH of a file, or None if it has none."""
    found = LIBPATCH.search(text)
    return None if found is None else int(found.group(1)[:9])


def write_file(directory: Path, charm: str) -> VendoredFile:
    """Write the current file into a charm's directory, either the whole file or nothing.

    Returns:
        The file, whose state is `WRITTEN`.

    Raises:
        OSError: the file cannot be written.
    """
    path = make_path(directory, charm)
    text = read_shipped(charm)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE_NAME}.{os.getpid()}")
    try:
        with draft.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        if path.exists():
            shutil.copymode(path, draft)
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return dataclasses.replace(classify(path, charm, text), state=State.WRITTEN)


def list_fetched(directory: Path, charm: str) -> List[str]:
    """Return the `charm-libs` entries that make charmcraft overwrite the file.

    `charmcraft fetch-libs` writes any file that differs from the one on Charmhub, even if its
    LIBPATCH is lower (`charmcraft/application/commands/store.py`, `FetchLibs`).

    Raises:
        OSError: charmcraft.yaml cannot be read.
        ValueError: charmcraft.yaml is not YAML.
    """
    path = directory / CHARM_FILES[0]
    if not path.is_file():
        return []
    entries = as_list(load_charmcraft(path.read_bytes()).get(CHARM_LIBS)) or ()
    names = map(name_library, entries)
    return [name for name in names if name.replace("-", "_") == f"{charm}.parca_scrape"]


def load_charmcraft(content: Union[str, bytes]) -> Mapping[str, object]:
    """Return what charmcraft.yaml holds, every scalar as text.

    Raises:
        ValueError: it is not YAML.
    """
    try:
        return as_object(yaml.load(content, Loader=yaml.BaseLoader)) or {}
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("not valid YAML") from error


def name_library(entry: object) -> str:
    """Return the library of an entry of `charm-libs`; empty if it names none."""
    name = (as_object(entry) or {}).get("lib")
    return name if isinstance(name, str) else ""
