"""The forms in which the library is shipped: one suite of tests runs over each of them."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "parca_scrape"


@dataclass(frozen=True)
class Form:
    """One form of the library: its import path, and its source in the checkout."""

    module: str
    source: str

    @property
    def is_single_file(self) -> bool:
        """Whether one file is the whole library."""
        return self.source.startswith("lib/")


def charm_forms() -> Dict[str, Form]:
    """Return the old import paths and the single files of both charms."""
    forms: Dict[str, Form] = {}
    for prefix, folder in (("charms.", "src"), ("file-", "lib")):
        for charm in ("parca", "parca_k8s"):
            forms[prefix + charm] = Form(
                module=f"charms.{charm}.v0.parca_scrape",
                source=f"{folder}/charms/{charm}/v0/parca_scrape.py",
            )
    return forms


FORMS: Dict[str, Form] = {
    "package": Form(PACKAGE, "src/parca_scrape/__init__.py"),
    **charm_forms(),
}


def load(form: Form) -> None:
    """Import a form of the library, which `import parca_scrape` then returns.

    Raises:
        ImportError: the form is missing, or is not what it claims to be.
    """
    if not form.is_single_file:
        library = importlib.import_module(form.module)
        if library.__name__ != PACKAGE:
            # The old import path is a view of the package, whose other modules stay what they are.
            library.__path__ = importlib.import_module(PACKAGE).__path__
            sys.modules[PACKAGE] = library
        return

    if not (ROOT / form.source).is_file():
        raise ImportError(f"there is no {form.source}")
    # As in a charm, where lib/ comes before what is installed.
    sys.path.insert(0, str(ROOT / "lib"))
    library = importlib.import_module(form.module)
    if PACKAGE in sys.modules:
        raise ImportError(f"{form.source} imports {PACKAGE}, and should stand alone")
    sys.modules[PACKAGE] = library
    for path in (ROOT / "src" / PACKAGE).glob("*.py"):
        sys.modules[f"{PACKAGE}.{path.stem}"] = library
