"""The whole way of a profile, in real processes.

A program serves it; the hooks of the program's charm and of Parca's tell Parca where; and Parca
scrapes it, stores it and returns it under the name of the unit.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List, NamedTuple

import pytest

from tests.functional.parca import LOCALHOST, Parca, free_port
from tests.functional.pprof_program import USUAL_SAMPLES, MakeProgram, PprofProgram
from tests.functional.samples import Samples, samples_of
from tests.juju.dispatch import Controller
from tests.juju.model import COS, Application, Juju
from tests.juju.styles import CONSUMER_STYLES, OBSERVING
from tests.strategies import Object

KIND = "goroutine"
PATH = f"/debug/pprof/{KIND}"


class Certificate(NamedTuple):
    """A certificate for the program's address."""

    ca: str
    """The certificate of the CA that signed it."""
    file: Path
    """What holds the certificate and its key."""


class Charms:
    """A profiled charm and a Parca charm, deployed and related."""

    def __init__(self, folder: Path, library: str, job: Object) -> None:
        folder.mkdir()
        juju = Juju()
        self._zinc = Application("zinc", COS, OBSERVING)
        self._parca = Application("parca", COS, CONSUMER_STYLES[0])
        juju.deploy(self._zinc)
        juju.deploy(self._parca)
        self._zinc.units[0].address = LOCALHOST
        juju.relate(self._zinc, "profiling-endpoint", self._parca, "")
        self._controller = Controller(juju, folder, library)
        self.configure(job)

    def configure(self, job: Object) -> None:
        """Let the profiled charm publish a job, and run the hooks that follow."""
        self._controller.juju.configure(self._zinc, json.dumps([job]))
        ran = self._controller.run_all()
        assert [hook for hook in ran if hook.exit_code or hook.log] == []

    @property
    def scrape_configs(self) -> List[object]:
        """What the Parca charm wrote into Parca's configuration."""
        configuration: List[object] = self._controller.configurations[self._parca.units[0]]
        return configuration


@pytest.fixture
def charms_folder(tmp_path: Path) -> Path:
    return tmp_path / "charms"


def make_job(port: int, **settings: str) -> Object:
    """Return a job for each unit, with Parca's own profiles every second."""
    return {
        "scrape_interval": "1s",
        "static_configs": [{"targets": [f"*:{port}"]}],
        **settings,
    }


def make_https_job(port: int, certificate: Certificate) -> Object:
    """Return a job for units whose certificate a private CA has signed."""
    return {**make_job(port, scheme="https"), "tls_config": {"ca": certificate.ca}}


def make_certificate(folder: Path, name: str) -> Certificate:
    """Return a certificate from a new private CA."""
    # The matrix collects this file, and has no such packages.
    import trustme

    ca = trustme.CA()
    file = folder / f"{name}.pem"
    ca.issue_cert(LOCALHOST).private_key_and_cert_chain_pem.write_to_path(str(file))
    return Certificate(ca.cert_pem.bytes().decode("ascii"), file)


def samples_of_unit(parca: Parca) -> Samples:
    """Return what Parca has of the unit."""
    return samples_of(parca, KIND, juju_application="zinc", juju_unit="zinc/0")


def has_samples_of(parca: Parca, program: PprofProgram) -> bool:
    """Return whether Parca gets samples of a program, and stores them as they were served."""

    def stored() -> Dict[int, int]:
        times = set(program.served(PATH))
        return {time: value for time, value in samples_of_unit(parca).items() if time in times}

    has_some = parca.wait_until(lambda: len(stored()) >= 2)
    return has_some and set(stored().values()) == {USUAL_SAMPLES}


def test_profiles_of_a_program_are_found_by_its_unit(
    real_parca: Parca, make_program: MakeProgram, charms_folder: Path, library: str
) -> None:
    program = make_program()
    charms = Charms(charms_folder, library, make_job(program.port))
    real_parca.start(charms.scrape_configs)
    assert has_samples_of(real_parca, program)


def test_profiles_over_https_outlive_a_change_of_the_certificate_and_its_ca(
    real_parca: Parca,
    make_program: MakeProgram,
    charms_folder: Path,
    library: str,
    tmp_path: Path,
) -> None:
    port = free_port()
    old, new = (make_certificate(tmp_path, name) for name in ("old", "new"))
    program = make_program(port=port, certificate=old.file)
    charms = Charms(charms_folder, library, make_https_job(port, old))
    real_parca.start(charms.scrape_configs)
    assert has_samples_of(real_parca, program)

    program.stop()
    program = make_program(port=port, certificate=new.file)
    assert real_parca.wait_until(lambda: program.refusals() >= 2)
    assert program.served(PATH) == []
    charms.configure(make_https_job(port, new))
    real_parca.write(charms.scrape_configs)
    assert has_samples_of(real_parca, program)
