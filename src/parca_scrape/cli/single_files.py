"""The single files in the folders of charms: which one is there, and how to put ours there."""

from __future__ import annotations

import enum
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

LIBIDS = {
    "parca": "7b30b495435746acb645ca414898621f",
    "parca_k8s": "dbc3d2e89cb24917b99c40e14354dd25",
}
CHARM_FILES = ("charmcraft.yaml", "metadata.yaml")
FILE_NAME = "parca_scrape.py"
# The wheel has the files as data, a checkout where the generator writes them.
SHIPPED = Path(__file__).parents[1] / "vendored"
CHECKOUT = Path(__file__).parents[3] / "lib" / "charms"

STAMP = re.compile(r"^# parca-scrape (\S+) sha256:([0-9a-f]{64})$", re.MULTILINE)
LIBPATCH = re.compile(r"^LIBPATCH = (\d+)$", re.MULTILINE)
LIBID = re.compile(r"^LIBID = [\"'](\w+)[\"']$", re.MULTILINE)

# What is amiss in older versions: the charm, the first and the last LIBPATCH, and what. Up to 6 it
# is the reference library, by the history of its repository.
SHORTCOMINGS: Tuple[Tuple[str, int, int, str], ...] = (
    ("parca", 1, 6, "needs charms.observability_libs"),
    ("parca", 1, 2, "lacks on_profiling_provider_relation_changed"),
    ("parca", 5, 5, "raises AttributeError for RelationRoleMismatchError"),
    ("parca", 1, 6, "drops scheme, profiling_config and tls_config"),
    ("parca", 1, 6, "lacks update_scrape_job_spec, set_scrape_job_spec and is_ready"),
    ("parca_k8s", 1, 3, "needs charms.observability_libs"),
    ("parca_k8s", 4, 6, "needs cosl"),
    ("parca_k8s", 1, 1, "drops scheme, profiling_config and tls_config"),
    ("parca_k8s", 1, 1, "lacks update_scrape_job_spec, set_scrape_job_spec and is_ready"),
    ("parca_k8s", 2, 2, "lacks set_scrape_job_spec and is_ready"),
    ("parca_k8s", 3, 3, "lacks is_ready"),
    ("parca_k8s", 1, 4, "raises AttributeError for RelationRoleMismatchError"),
    ("", 1, 6, "fails, or makes Parca fail, on databags that are not right"),
    ("", 1, 6, "lacks problems(), typed jobs and unit_address"),
)


class State(enum.Enum):
    """What a file is, beside the one that would be written."""

    CURRENT = enum.auto()
    OLDER = enum.auto()
    NEWER = enum.auto()
    EDITED = enum.auto()
    REFERENCE = enum.auto()
    """The library that charmcraft fetches from Charmhub under this name."""
    FOREIGN = enum.auto()


@dataclass(frozen=True)
class VendoredFile:
    """A single file in the folder of a charm."""

    charm: str
    state: State
    libpatch: Optional[int] = None
    version: str = ""
    """Of the package that it was made from."""

    @property
    def is_replaceable(self) -> bool:
        """Whether nothing is lost when the current file is put in its place."""
        return self.state in (State.CURRENT, State.OLDER, State.REFERENCE)

    def describe(self) -> str:
        """Tell what it is, in one line."""
        libpatch = f"LIBPATCH {self.libpatch}"
        shortcomings = find_shortcomings(self.charm, self.libpatch or 0)
        if self.state is State.FOREIGN:
            return "not this library: its LIBID is another one, or missing"
        if self.state is State.EDITED:
            return "edited by hand: its digest does not fit"
        if self.state is State.REFERENCE:
            return "; ".join([f"{libpatch} of the reference library", *shortcomings])
        name = f"{self.state.name.lower()}: {libpatch} of parca-scrape {self.version}"
        return "; ".join([name, *shortcomings])


def compute_digest(text: str) -> str:
    """Give the digest of a single file: that of all its lines but the one that holds it."""
    return hashlib.sha256(STAMP.sub("", text, count=1).encode("utf-8")).hexdigest()


def find_shortcomings(charm: str, libpatch: int) -> List[str]:
    """Give what is amiss in a version that is right in the current one."""
    return [
        what
        for of_charm, first, last, what in SHORTCOMINGS
        if of_charm in ("", charm) and first <= libpatch <= last
    ]


def read_shipped(charm: str) -> str:
    """Give the current file for a charm.

    Raises:
        OSError: the package is not whole.
    """
    shipped = SHIPPED / f"{charm}.py.txt"
    path = shipped if SHIPPED.is_dir() else CHECKOUT / charm / "v0" / FILE_NAME
    return path.read_text(encoding="utf-8")


def is_charm(folder: Path) -> bool:
    """Tell whether a folder is that of a charm."""
    return any((folder / name).is_file() for name in CHARM_FILES)


def locate(folder: Path, charm: str) -> Path:
    """Give the place of the single file in the folder of a charm."""
    return folder / "lib" / "charms" / charm / "v0" / FILE_NAME


def inspect(folder: Path, charm: str) -> Optional[VendoredFile]:
    """Tell what the file in the folder of a charm is; None if there is none.

    Raises:
        OSError: it cannot be read.
    """
    path = locate(folder, charm)
    if not os.path.lexists(path):
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    shipped = read_shipped(charm)
    libpatch = find_number(text)
    stamp = STAMP.search(text)
    if stamp is None:
        libid = LIBID.search(text)
        is_reference = libid is not None and libid.group(1) == LIBIDS[charm]
        state = State.REFERENCE if is_reference else State.FOREIGN
        return VendoredFile(charm, state, libpatch)
    if text == shipped:
        state = State.CURRENT
    elif compute_digest(text) != stamp.group(2):
        state = State.EDITED
    elif (libpatch or 0) > (find_number(shipped) or 0):
        state = State.NEWER
    else:
        state = State.OLDER
    return VendoredFile(charm, state, libpatch, stamp.group(1))


def find_number(text: str) -> Optional[int]:
    """Give the LIBPATCH of a file; None if it has none."""
    found = LIBPATCH.search(text)
    return None if found is None else int(found.group(1)[:9])


def write(folder: Path, charm: str) -> None:
    """Put the current file into the folder of a charm, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    path = locate(folder, charm)
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
        if draft.exists():
            draft.unlink()
        raise


def find_fetched(folder: Path, charm: str) -> Iterator[str]:
    """Give the entries of `charm-libs` that make charmcraft put the reference library over ours.

    `charmcraft fetch-libs` writes whatever differs from Charmhub, an older LIBPATCH too
    (`charmcraft/application/commands/store.py`, `FetchLibs`).

    Raises:
        OSError: charmcraft.yaml cannot be read.
        ValueError: it is no YAML.
    """
    import yaml

    from parca_scrape._getters import as_list, as_object

    path = folder / CHARM_FILES[0]
    if not path.is_file():
        return
    try:
        document: object = yaml.load(path.read_bytes(), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("is no YAML") from error
    for entry in as_list((as_object(document) or {}).get("charm-libs")) or ():
        name = (as_object(entry) or {}).get("lib")
        if isinstance(name, str) and name.replace("-", "_") == f"{charm}.parca_scrape":
            yield name
