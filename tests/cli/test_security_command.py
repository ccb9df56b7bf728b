"""What the command line shows to nobody who does not ask for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import List

import pytest

from parca_scrape.cli.main import main
from tests.core.test_security import (
    KEY,
    KEY_MARKER,
    MARKER,
    planted_app_databags,
    planted_unit_databags,
)
from tests.pem import CERTIFICATE
from tests.strategies import Json


def write_dump(folder: Path) -> str:
    """Write what `juju show-unit` prints of a unit whose relations have secrets everywhere."""
    units = {
        f"zinc/{number}": {"in-scope": True, "data": databag}
        for number, databag in enumerate(planted_unit_databags())
    }
    relations = [
        {
            "relation-id": number,
            "endpoint": "profiling-endpoint",
            "application-data": databag,
            "related-units": units,
        }
        for number, databag in enumerate(planted_app_databags())
    ]
    path = folder / "dump.json"
    path.write_text(json.dumps({"parca/0": {"charm": "parca", "relation-info": relations}}))
    return str(path)


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_private_keys_are_printed_only_to_who_asks_wherever_they_stand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    keys: List[Json] = [
        {"tls_config": {name: text}}
        for name in ("key", "key_file", "ca", "ca_file", "cert", "cert_file")
        for text in (KEY, f"{KEY}{KEY}", f"text\n{KEY}", KEY.replace("\n", "\r\n"))
    ]
    pairs: List[Json] = [
        {"tls_config": {"cert": certificate, "key": KEY}}
        for certificate in (CERTIFICATE, CERTIFICATE + KEY)
    ]
    path = tmp_path / "dump.json"
    relation = {
        "relation-id": 1,
        "endpoint": "profiling-endpoint",
        "application-data": {"scrape_jobs": json.dumps([*keys, *pairs])},
        "related-units": {"zinc/0": {"data": {"parca_scrape_unit_address": "host"}}},
    }
    path.write_text(json.dumps({"parca/0": {"charm": "parca", "relation-info": [relation]}}))
    main(["render", str(path), "--format", form])
    shown = capsys.readouterr()
    assert KEY_MARKER not in shown.out + shown.err
    main(["render", str(path), "--format", form, "--show-secrets"])
    shown = capsys.readouterr()
    assert KEY_MARKER in shown.out
    assert KEY_MARKER not in shown.err


def test_what_is_wrong_is_printed_without_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", write_dump(tmp_path), "--format", "json"]) == 1
    shown = capsys.readouterr()
    assert shown.err.count("\n") > 1000
    assert MARKER not in shown.err
    assert KEY_MARKER not in shown.err
