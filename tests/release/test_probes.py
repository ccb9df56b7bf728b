"""The probe of juju-doctor, as juju-doctor itself runs it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, Tuple

import pytest

from tests.cli import deployed
from tests.cli.deployments import Deployment, Relation, Unit, show_unit
from tests.cli.golden_files import INPUTS
from tests.forms import ROOT

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("juju_doctor") is None,
    reason="juju-doctor needs Python 3.10 or newer",
)

RULESET = "file://probes/parca-scrape.yaml"
JUJU_DOCTOR = Path(sys.executable).parent / "juju-doctor"
# What Python imports first in the process: it may not look for a host.
OFFLINE = """\
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise RuntimeError(f"network: {event} {arguments}")

sys.addaudithook(refuse)
"""
WITHOUT_LIBRARY = 'sys.modules["parca_scrape"] = None\n'
OUTPUT_BLOCK = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GREEN = """\
Results
└── parca-scrape
    └── 🟢 profiling-endpoint (✔️ show_unit)


Total: 🟢 1/1\x20
"""
RED = """\
Results
└── parca-scrape
    └── 🔴 profiling-endpoint (✖️ show_unit)

Exception (profiling-endpoint/show_unit): {}

Total:  🔴 1/1
"""
JOB = {
    "static_configs": [{"targets": ["*:99999", "*:80"], "labels": {"[/b],": "x"}}],
    "body_size_limit": "1MB",
}
UNITS = (
    Unit("shop/0", "10.1.80.40", deployed.write_unit("shop/0", "shop-0.local")),
    Unit("shop/1", "10.1.80.41", deployed.write_unit("shop/1", "http://10.1.80.41")),
)
BAD = Deployment(
    (deployed.PARCA, deployed.ZINC, deployed.SHOP),
    (
        *deployed.KUBERNETES.relations[2:3],
        Relation(
            12,
            deployed.scraped(deployed.SHOP, deployed.write_app("shop", "shop-k8s", JOB), UNITS),
        ),
    ),
)
DUBIOUS = Deployment(
    (deployed.PARCA, deployed.ZINC),
    (
        Relation(
            7,
            deployed.scraped(
                deployed.ZINC,
                deployed.write_app("zinc", "zinc-k8s", {"body_size_limit": "1MB"}),
                deployed.on_kubernetes(deployed.ZINC),
            ),
        ),
    ),
)
UNITS_OF_BAD = ("parca/0", "zinc/0", "shop/0")
IN_BAD = """\
problems found: 4
{model}: warning: relation 12 shop: scrape_jobs[0].body_size_limit: unknown or not allowed here, \
so Parca scrapes without it; the allowed keys are job_name, profiling_config, scheme, \
scrape_interval, scrape_timeout, static_configs, tls_config
{model}: error: relation 12 shop: scrape_jobs[0].static_configs[0].targets[0]: must be host:port \
or *:port, without a scheme, path or spaces; the port (1 to 65535) is optional, an IPv6 address \
needs brackets, and a host has at most 253 characters
{model}: error: relation 12 shop: scrape_jobs[0].static_configs[0].labels["[/b],"]: the name of a \
label must not be empty or longer than 1,024 characters, and must not contain a comma, a \
semicolon or half of a surrogate pair
{model}: error: relation 12 shop/1: parca_scrape_unit_address: must be a host name (at most 253 \
characters) or an IP address, without a scheme, port, path or spaces"""


def check(
    folder: Path, *arguments: object, probe: str = RULESET, setting: str = OFFLINE
) -> Tuple[int, str, str]:
    """Run juju-doctor, and return its exit code, output and errors."""
    (folder / "sitecustomize.py").write_text(setting, encoding="utf-8")
    paths = os.pathsep.join([str(folder), *filter(None, sys.path)])
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
        "PYTHONPATH": paths,
        "PYTHONUTF8": "1",
        "COLUMNS": "1000",
        "TERM": "dumb",
    }
    command = [str(JUJU_DOCTOR), "check", "--probe", probe, *map(str, arguments)]
    result = subprocess.run(
        command, cwd=str(ROOT), env=environment, capture_output=True, check=False
    )
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def write(folder: Path, name: str, text: str) -> str:
    """Write a file, and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("juju", ["3.6", "4.0.5", "4.0.16"])
def test_each_problem_is_a_line_with_its_model_and_where_it_is(tmp_path: Path, juju: str) -> None:
    units = write(tmp_path, "units.yaml", show_unit(BAD, *UNITS_OF_BAD, "shop/1", juju=juju))
    expected = RED.format(IN_BAD.format(model=units))
    assert check(tmp_path, "--verbose", "--show-unit", units) == (0, expected, "")


@pytest.mark.parametrize("juju", ["3.6", "4.0.5", "4.0.16"])
def test_a_healthy_model_passes(tmp_path: Path, juju: str) -> None:
    units = [INPUTS / f"{name}-juju-{juju}-all.yaml" for name in ("both-roles", "machine")]
    models = [argument for file in units for argument in ("--show-unit", file)]
    assert check(tmp_path, "--verbose", *models) == (0, GREEN, "")


def test_scripts_can_count_failures_in_json(tmp_path: Path) -> None:
    units = write(tmp_path, "units.yaml", show_unit(BAD, *UNITS_OF_BAD, juju="3.6"))
    healthy = INPUTS / "peers-juju-3.6-all.yaml"
    models = ("--show-unit", healthy, "--show-unit", units)
    exit_code, out, err = check(tmp_path, "--verbose", "--format", "json", *models)
    document = json.loads(out)
    assert (exit_code, document["passed"], document["failed"], err) == (0, 0, 1, "")
    [exception] = document["exceptions"]
    # The square bracket of what looks like markup is escaped.
    lines = IN_BAD.format(model=units).replace("[/b]", r"\[/b]")
    assert exception == f"Exception (profiling-endpoint/show_unit): {lines}"


def test_a_live_model_is_checked(tmp_path: Path) -> None:
    applications: Dict[str, object] = {
        application.name: {"units": {unit: {} for unit in application.unit_names}}
        for application in BAD.applications
    }
    write(tmp_path, "status", json.dumps({"applications": applications}))
    write(tmp_path, "export-bundle", "applications: {}")
    for application in BAD.applications:
        for unit in application.unit_names:
            printed = show_unit(BAD, unit, juju="4.0.16")
            write(tmp_path, f"show-unit-{unit.replace('/', '-')}", printed)
    juju = '#!/bin/sh\ncase $2 in */*) set -- "$1-${2%/*}-${2#*/}";; esac\ncat "${0%/*}/$1"\n'
    Path(write(tmp_path, "juju", juju)).chmod(0o755)
    expected = RED.format(IN_BAD.format(model="cos"))
    assert check(tmp_path, "--verbose", "--model", "cos") == (0, expected, "")


def test_warnings_fail_the_probe_only_if_it_is_strict(tmp_path: Path) -> None:
    units = write(tmp_path, "units.yaml", show_unit(DUBIOUS, "parca/0", juju="3.6"))
    warning = IN_BAD.format(model=units).splitlines()[1].replace("12 shop", "7 zinc")
    strict = write_ruleset(tmp_path, "strict: true")
    assert check(tmp_path, "--verbose", "--show-unit", units) == (0, GREEN, "")
    expected = RED.format(f"problems found: 1\n{warning}")
    assert check(tmp_path, "--verbose", "--show-unit", units, probe=strict) == (0, expected, "")


def test_a_ruleset_can_name_another_endpoint(tmp_path: Path) -> None:
    text = show_unit(BAD, *UNITS_OF_BAD, "shop/1", juju="3.6")
    units = write(tmp_path, "units.yaml", text.replace("endpoint: profiling-", "endpoint: own-"))
    other = write_ruleset(tmp_path, "endpoint: own-endpoint")
    assert check(tmp_path, "--verbose", "--show-unit", units) == (0, GREEN, "")
    expected = RED.format(IN_BAD.format(model=units))
    assert check(tmp_path, "--verbose", "--show-unit", units, probe=other) == (0, expected, "")


def write_ruleset(folder: Path, option: str) -> str:
    """Write the ruleset with an option of the probe, and return its address."""
    text = (ROOT / "probes" / "parca-scrape.yaml").read_text(encoding="utf-8")
    return f"file://{write(folder, 'ruleset.yaml', f'{text}    with: [{{{option}}}]')}"


def test_the_probe_says_how_to_install_the_library(tmp_path: Path) -> None:
    units = INPUTS / "peers-juju-3.6-all.yaml"
    expected = RED.format(
        "parca-scrape is missing or too old where juju-doctor is installed: run uv tool install"
        " juju-doctor --with parca-scrape, or pip install --upgrade parca-scrape in its"
        " environment"
    )
    setting = OFFLINE + WITHOUT_LIBRARY
    assert check(tmp_path, "--verbose", "--show-unit", units, setting=setting) == (0, expected, "")


def test_the_output_in_the_guide_is_that_of_juju_doctor(tmp_path: Path) -> None:
    guide = (ROOT / "probes" / "README.md").read_text(encoding="utf-8")
    units = "examples/juju-4-units.yaml"
    [block] = OUTPUT_BLOCK.findall(guide)
    assert check(tmp_path, "--verbose", "--show-unit", units) == (0, block, "")


def test_the_ruleset_in_the_guide_runs_the_probe(tmp_path: Path) -> None:
    guide = (ROOT / "probes" / "README.md").read_text(encoding="utf-8")
    [ruleset] = re.findall(r"^```yaml\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    probe = f"file://{write(tmp_path, 'ruleset.yaml', ruleset)}"
    healthy = INPUTS / "peers-juju-3.6-all.yaml"
    expected = GREEN.replace("parca-scrape", "our-deployment").replace("-endpoint", "")
    assert check(tmp_path, "--verbose", "--show-unit", healthy, probe=probe) == (0, expected, "")
