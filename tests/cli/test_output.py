from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List, Type, Union

import pytest
import yaml

from parca_scrape.cli.main import main
from parca_scrape.cli.output import Lines, encode_json, encode_yaml
from tests.cli.dumps import ONE_PORT, make_document, make_dump, render
from tests.core.test_security import (
    KEY,
    KEY_MARKER,
    MARKER,
    planted_app_databags,
    planted_unit_databags,
)
from tests.pem import CERTIFICATE, PRIVATE_KEY
from tests.strategies import Json

Loader = Type[Union[yaml.SafeLoader, yaml.CSafeLoader]]


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize(
    ("tls_config", "shown"),
    [
        (
            {"cert": CERTIFICATE, "key": PRIVATE_KEY},
            {"cert": CERTIFICATE, "key": "<secret>"},
        ),
        ({"ca": CERTIFICATE + PRIVATE_KEY}, {"ca": "<secret>"}),
        (
            {"server_name": "zinc", "insecure_skip_verify": True},
            {"server_name": "zinc", "insecure_skip_verify": True},
        ),
    ],
)
def test_private_keys_are_hidden_by_default(
    tmp_path: Path, form: str, tls_config: Dict[str, object], shown: Dict[str, object]
) -> None:
    dump = make_dump({**ONE_PORT, "tls_config": tls_config})
    _, out, _ = render(tmp_path, dump, "--format", form)
    assert yaml.safe_load(out) == make_document(tls_config=shown)
    _, out, _ = render(tmp_path, dump, "--format", form, "--show-secrets")
    assert yaml.safe_load(out) == make_document(tls_config=tls_config)


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_private_keys_are_printed_only_on_request_wherever_they_are(
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


def test_problems_are_printed_without_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"parca/0": {"charm": "parca", "relation-info": relations}}))
    assert main(["render", str(path), "--format", "json"]) == 1
    shown = capsys.readouterr()
    assert shown.err.count("\n") > 1000
    assert MARKER not in shown.err
    assert KEY_MARKER not in shown.err


def test_pem_text_is_shown_line_by_line(tmp_path: Path) -> None:
    _, out, _ = render(tmp_path, make_dump({**ONE_PORT, "tls_config": {"ca": CERTIFICATE}}))
    lines = "".join(f"      {line}\n" for line in CERTIFICATE.splitlines())
    assert f"  tls_config:\n    ca: |\n{lines}" in out


@pytest.mark.parametrize(
    "text", [" a\nb", "a \nb", "a\n\n", "\n", "\ta\n", "a\r\nb", "a\x85\nb", "é\n", "#\n", "- a\n"]
)
def test_any_lines_are_read_as_they_were(text: str) -> None:
    scrape_config = {**make_document()["scrape_configs"][0], "tls_config": {"ca": Lines(text)}}
    document = {"scrape_configs": [scrape_config]}
    assert yaml.safe_load(encode_yaml(document)) == document


def test_yaml_is_the_same_without_libyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeDumper", raising=False)
    settings = {"scheme": "https", "tls_config": {"ca": CERTIFICATE}}
    exit_code, out, err = render(tmp_path, make_dump({**ONE_PORT, **settings}))
    document = make_document(**settings)
    assert (exit_code, yaml.safe_load(out), err) == (0, document, "")


# Every character that UTF-8 has up to U+FFFF, and some beyond: the first, emoji, tags, the last.
CHARACTERS = [
    *map(chr, range(0xD800)),
    *map(chr, range(0xE000, 0x10000)),
    *["\U00010000", "\U0001f525", "\U000e0041", "\U0010fffe", "\U0010ffff"],
]


@pytest.mark.parametrize(
    "loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)]
)
def test_json_and_yaml_read_the_same_text_in_what_is_printed_as_json(loader: Loader) -> None:
    document = {"text": "".join(CHARACTERS), **{f"key {text}": 1 for text in CHARACTERS[:256]}}
    out = encode_json(document)
    assert json.loads(out) == document
    assert yaml.load(out, Loader=loader) == document


def test_what_is_printed_as_json_is_printable_up_to_the_last_that_json_can_escape() -> None:
    out = encode_json({"text": "".join(CHARACTERS)})
    kept = [text for text in out.replace("\n", "") if not text.isprintable()]
    assert kept == ["\U000e0041", "\U0010fffe", "\U0010ffff"]


def test_what_is_printed_as_json_can_be_read_by_people() -> None:
    assert encode_json({"text": "\U0001f525 é"}) == '{\n  "text": "\U0001f525 é"\n}\n'
