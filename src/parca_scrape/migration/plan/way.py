"""What the steps of a move are made of, and what they depend on."""

from __future__ import annotations

from typing import FrozenSet, List, NamedTuple, Tuple

from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.migration.plan.deployment import Deployment, Other
from parca_scrape.migration.plan.models import Model

NEW_PARCA = "parca-k8s"
NEW_ENDPOINT = DEFAULT_RELATION_NAME
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
    """The endpoint of the old Parca that the applications are related to."""
    target: Model
    juju: int
    """The major version."""

    @property
    def offer_url(self) -> str:
        """The offer as other models name it."""
        return f"{self.target.address}.{OFFER}"

    @property
    def saas(self) -> str:
        """What the offer is called in other models, where an application may have its name."""
        names = {provider.application for provider in self.deployment.providers}
        return f"new-{OFFER}" if OFFER in {*names, self.deployment.parca} else OFFER

    @property
    def new_unit(self) -> str:
        """The start of a command that runs on the unit of the new Parca."""
        return f"juju exec -m {self.target.address} --unit {NEW_PARCA}/0"

    @property
    def old_units(self) -> str:
        """The start of a command that runs on all units of the old Parca."""
        return f"juju exec -m {self.deployment.parca_model} --application {self.deployment.parca}"

    @property
    def offered_others(self) -> List[Other]:
        """The relations of other endpoints that the offer is for."""
        others = self.deployment.others
        return [other for other in others if other.is_offered_to or not other.is_cross_model]

    @property
    def has_offer(self) -> bool:
        """Whether the old Parca is offered."""
        providers, others = self.deployment.providers, self.deployment.others
        return any(provider.is_offered_to for provider in providers) or any(
            other.is_offered_to for other in others
        )

    @property
    def models(self) -> List[str]:
        """The models that use the offer, as far as the input shows them."""
        providers = self.deployment.providers
        names = [provider.model for provider in providers if not provider.is_in(self.target)]
        is_local = any(not other.is_cross_model for other in self.deployment.others)
        return list(dict.fromkeys([*names, *([self.deployment.parca_model] if is_local else [])]))

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
