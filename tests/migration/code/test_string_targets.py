from __future__ import annotations

import importlib
from typing import List
from unittest.mock import patch

import pytest

from parca_scrape.migration.code.library_names import replace_target
from tests.migration.code.trees import rewrite

OLD = "charms.parca_k8s.v0.parca_scrape"
MACHINE = "charms.parca.v0.parca_scrape"
TEST = "tests/test_charm.py"
PROVIDER = "ProfilingEndpointProvider"
NOT_USED = "the package does not look it up there, so the patch has no effect"
UNKNOWN = "the package has no such name: use its public names"
BY_HAND = "change it to a name in the package"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f'patch("{OLD}.socket.getfqdn", lambda: "host")',
         'patch("parca_scrape.provider.socket.getfqdn", lambda: "host")'),
        (f"monkeypatch.setattr('{MACHINE}.socket', fake)",
         "monkeypatch.setattr('parca_scrape.provider.socket', fake)"),
        (f'patch("{OLD}.{PROVIDER}.set_scrape_job_spec")',
         f'patch("parca_scrape.{PROVIDER}.set_scrape_job_spec")'),
        (f'patch(target=r"{OLD}.ProfilingEndpointConsumer")',
         'patch(target=r"parca_scrape.ProfilingEndpointConsumer")'),
        (f'TARGETS = ["{OLD}.ProviderTopology.from_charm", "{OLD}.ProviderTopology"]',
         'TARGETS = ["parca_scrape.ProviderTopology.from_charm", '
         '"parca_scrape.provider.ProviderTopology"]'),
        (f'importlib.import_module("{OLD}")', 'importlib.import_module("parca_scrape")'),
        (f'pytest.importorskip("{OLD}")', 'pytest.importorskip("parca_scrape")'),
        (f'@patch("{OLD}.{PROVIDER}")\ndef test(): ...',
         f'@patch("parca_scrape.{PROVIDER}")\ndef test(): ...'),
    ],
)  # fmt: skip
def test_a_name_in_a_string_becomes_one_of_the_package(before: str, after: str) -> None:
    assert rewrite(f"{before}\n", TEST) == (f"{after}\n", [])


@pytest.mark.parametrize(
    "attribute",
    [
        "socket",
        "socket.getfqdn",
        PROVIDER,
        f"{PROVIDER}.set_scrape_job_spec",
        "ProfilingEndpointConsumer.jobs",
        "ProviderTopology",
        "ProviderTopology.from_charm",
    ],
)
def test_a_replaced_name_is_one_that_can_be_patched(attribute: str) -> None:
    target = replace_target(attribute)
    assert target is not None
    module_name, _, name = target.rpartition(".")
    with patch(target) as fake:
        module: object = importlib.import_module("parca_scrape")
        for part in module_name.split(".")[1:]:
            module = getattr(module, part)
        assert getattr(module, name) is fake


@pytest.mark.parametrize(
    ("code", "what", "advice"),
    [
        (f'patch("{OLD}.JujuTopology")', f"{OLD}.JujuTopology",
         "patch parca_scrape.ProviderTopology.from_charm"),
        (f'patch("{OLD}.DEFAULT_JOB", {{}})', f"{OLD}.DEFAULT_JOB", NOT_USED),
        (f'patch("{OLD}.logger")', f"{OLD}.logger", UNKNOWN),
        (f'patch("{OLD}.LIBPATCH", 1)', f"{OLD}.LIBPATCH",
         "only on the old import path, which the package also installs: use parca_scrape.VERSION"),
        (f'patch("{OLD}.{PROVIDER}._set_unit_ip")', f"{OLD}.{PROVIDER}._set_unit_ip",
         "use set_scrape_job_spec(), and unit_address to change the address"),
        (f'LIBRARY = "{OLD}"', OLD, BY_HAND),
        (f'patch.dict("sys.modules", {{"{OLD}": fake}})', OLD, BY_HAND),
        (f'patch(f"{OLD}.{{name}}")', "a name in a formatted string", BY_HAND),
        (f'patch("{OLD}" ".socket")', f"{OLD}.socket in several strings", BY_HAND),
        (f'patch("charm.{OLD}.socket")', f"charm.{OLD}.socket", BY_HAND),
        ('patch("charm.parca_scrape.socket")', "charm.parca_scrape.socket", UNKNOWN),
        (f'patch("parca_scrape.{PROVIDER}._jobs")', f"parca_scrape.{PROVIDER}._jobs",
         "pass the jobs to the constructor or to update_scrape_job_spec()"),
    ],
)  # fmt: skip
def test_a_string_that_cannot_be_replaced_is_noted(code: str, what: str, advice: str) -> None:
    text = f"x = 1\n{code}\n"
    assert rewrite(text, TEST) == (text, [f"2: {what}: {advice}"])


@pytest.mark.parametrize(
    "code",
    [
        f'"""See `{OLD}`, or the page of {OLD}."""',
        f'x = "{OLD}." + name',
        'patch("parca_scrape.provider.socket.getfqdn")',
        f'patch("charm.parca_scrape.{PROVIDER}")',
        'x = b"charms.parca.v0.parca_scrape.socket"',
    ],
)
def test_other_strings_stay_as_they_are(code: str) -> None:
    assert rewrite(f"{code}\n", TEST) == (f"{code}\n", [])


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("socket.getfqdn", []),
        ("DEFAULT_JOB", []),
        ("JujuTopology", ["patch parca_scrape.ProviderTopology.from_charm"]),
        (f"{PROVIDER}._jobs", ["pass the jobs to the constructor or to update_scrape_job_spec()"]),
    ],
)
def test_strings_stay_for_the_single_file(name: str, lines: List[str]) -> None:
    text = f'patch("{OLD}.{name}")\n'
    expected = [f"1: {OLD}.{name}: {line}" for line in lines]
    assert rewrite(text, TEST, is_package=False) == (text, expected)
