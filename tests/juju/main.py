"""The program that Juju's dispatch runs: a charm under test in a process of its own.

The environment says which form of the library it uses, its style, and what it is to do.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

from ops.main import main

from tests.forms import FORMS, load

load(FORMS[os.environ["CHARM_LIBRARY"]])

from tests.juju.charms import Record, make_charm  # noqa: E402
from tests.juju.styles import STYLES  # noqa: E402


def run() -> None:
    """Run one hook, and save what the charm wrote into Parca's configuration."""
    instructions = os.environ["CHARM_INSTRUCTIONS"].split()
    record = Record(fails="fails" in instructions, defers="defers" in instructions)
    charm = make_charm(STYLES[int(os.environ["CHARM_STYLE"])])
    charm.record = record
    socket.getfqdn = lambda name="": os.environ["CHARM_ADDRESS"]
    try:
        main(charm)
    finally:
        if record.renderings:
            text = json.dumps(record.renderings[-1].scrape_configs)
            Path(os.environ["HOOK_FOLDER"], "configuration").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run()
