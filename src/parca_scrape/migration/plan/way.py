"""What the steps of a move are made of, and what they depend on."""

from __future__ import annotations

from typing import FrozenSet, List, NamedTuple, Tuple

from parca_scrape.migration.plan.deployment import Deployment, Other
from parca_scrape.migration.plan.models import Model

NEW_PARCA = "parca-k8s"
OFFER = "parca-k8s"
# nginx in front of Parca: `src/nginx.py` of parca-k8s.
HTTP_PORT = 7994
OLD_HTTP_PORT = 7070
OLD_CONFIG = "/var/snap/parca/current/parca.yaml"
# `snap/parca-wrapper` of Parca; older snaps use `current` instead of `common`.
OLD_PROFILES = "/var/snap/parca/common/profiles"


class Step(NamedTuple):
    """A step, with how to check it and how to undo it."""

    title: str
    commands: Tuple[str, ...]
    expected: str
    """What the checks show if the step worked."""
    checks: Tuple[str, ...] = ()
    undo: Tuple[str, ...] = ()
    notes: Tuple[str, ...] = ()


class Way(NamedTuple):
    """What the steps depend on."""

    deployment: Deployment
    endpoint: str
    """The endpoint of Parca that the applications are related to."""
    target: Model
    juju: int
    """The major version."""

    @property
    def offer_url(self) -> str:
        """The offer as other models name it."""
        return f"{self.target.address}.{OFFER}"

    @property
    def saas(self) -> str:
        """What the offer is called in other models, where the old Parca may have its name."""
        return f"new-{OFFER}" if self.deployment.parca == OFFER else OFFER

    @property
    def new_unit(self) -> str:
        """The start of a command that runs on the unit of the new Parca."""
        return f"juju exec -m {self.target.address} --unit {NEW_PARCA}/0"

    @property
    def old_unit(self) -> str:
        """The start of a command that runs on the unit of the old Parca."""
        return f"juju exec -m {self.deployment.parca_model} --unit {self.deployment.parca_unit}"

    @property
    def local_others(self) -> List[Other]:
        """The relations of other endpoints to applications in the model of the old Parca."""
        return [other for other in self.deployment.others if not other.is_cross_model]

    @property
    def models(self) -> List[str]:
        """The models that use the offer."""
        names = [provider.model for provider in self.deployment.providers]
        names += [self.deployment.parca_model for _ in self.local_others]
        return [name for name in dict.fromkeys(names) if name != self.target.name]

    @property
    def collect_command(self) -> str:
        """The command that saves what the new Parca gets."""
        return f'{self.new_unit} "$(parca-scrape collect)" > after.txt'

    @property
    def status_checks(self) -> Tuple[str, ...]:
        """The commands that compare what the new Parca scrapes with the databags."""
        return (
            self.collect_command,
            "parca-scrape check after.txt",
            f"parca-scrape status --parca http://ADDRESS:{HTTP_PORT} --wait 60 after.txt",
        )


class Forecast(NamedTuple):
    """What is known of the series after the move."""

    blocked: FrozenSet[int]
    """The ids of the relations with hosts that do not resolve."""
    summary: str
    """How many series break, end, move, start and go on."""
    is_of_parca_yaml: bool
    """Whether the series before the move are those of the `parca.yaml` in place."""
