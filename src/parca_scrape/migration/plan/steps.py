"""The steps from the machine charm parca to parca-k8s: Juju's commands, in order.

The new Parca is offered, because an offer serves all applications and all their models. Sources:
Juju `docs/reference/juju-cli` and `docs/howto/manage-offers.md`; `src/charm.py` of
https://github.com/canonical/parca-operator and https://github.com/canonical/parca-k8s-operator.
"""

from __future__ import annotations

from typing import List, NamedTuple, Tuple

from parca_scrape.migration.plan.deployment import Deployment, Other, Provider
from parca_scrape.migration.plan.models import Model

NEW_PARCA = "parca-k8s"
OFFER = "parca-k8s"
# nginx in front of Parca: `src/nginx.py` of parca-k8s.
HTTP_PORT = 7994
OLD_HTTP_PORT = 7070
OLD_CONFIG = "/var/snap/parca/current/parca.yaml"
# `snap/parca-wrapper` of Parca; older snaps use `current` instead of `common`.
OLD_PROFILES = "/var/snap/parca/common/profiles"
STORE_ENDPOINT = "parca-store-endpoint"
# Juju 4 has no `wait-for`, and its `status` has no `--watch`.
OLDEST_SAFE_JUJU_4 = "4.0.11"


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
    def models(self) -> List[str]:
        """The models that use the offer."""
        names = [provider.model for provider in self.deployment.providers]
        names += [self.deployment.parca_model for _ in self.moved_others]
        return [name for name in dict.fromkeys(names) if name != self.target.name]

    @property
    def moved_others(self) -> List[Other]:
        """The other relations that the offer is for: of applications in the old model."""
        return [other for other in self.deployment.others if not other.is_cross_model]

    @property
    def collect_command(self) -> str:
        """The command that saves what the new Parca gets."""
        juju = f"juju exec -m {self.target.address} --unit {NEW_PARCA}/0"
        return f'{juju} "$(parca-scrape collect)" > after.txt'

    @property
    def status_checks(self) -> Tuple[str, ...]:
        """The commands that compare what Parca scrapes with the databags."""
        return (
            self.collect_command,
            "parca-scrape check after.txt",
            f"parca-scrape status --parca http://ADDRESS:{HTTP_PORT} --wait 60 after.txt",
        )


def list_steps(way: Way) -> List[Step]:
    """Return the steps, in order."""
    providers = way.deployment.providers
    return [
        save_state(way),
        deploy(way),
        *([offer(way)] if way.models else []),
        *(consume(way, model) for model in way.models),
        *(relate(way, provider) for provider in providers),
        *(move_other(way, other) for other in way.moved_others),
        compare(way),
        stop_scraping(way),
        *(remove_relation(way, provider) for provider in providers),
        remove_old(way),
    ]


def save_state(way: Way) -> Step:
    """Return the step that keeps what the old Parca scrapes."""
    juju = f"juju exec -m {way.deployment.parca_model} --unit {way.deployment.parca_unit}"
    return Step(
        title="Save what the old Parca scrapes",
        commands=(
            f'{juju} "$(parca-scrape collect)" > before.txt',
            f"{juju} -- cat {OLD_CONFIG} > parca.yaml",
        ),
        checks=("parca-scrape check before.txt",),
        expected="no errors: an error is a target that the new Parca cannot scrape either",
        notes=(
            "Both files can contain private keys.",
            *(
                (
                    "On Juju 2.9, use `juju run` for `juju exec`, and `juju relate` for `juju"
                    " integrate`.",
                )
                if way.juju == 3
                else ()
            ),
        ),
    )


def deploy(way: Way) -> Step:
    """Return the step that deploys the new Parca."""
    model = way.target.address
    old = f"juju config -m {way.deployment.parca_model} {way.deployment.parca}"
    options = ("enable-persistence", "memory-storage-limit")
    values = " ".join(f'{option}="$({old} {option})"' for option in options)
    wait = f"juju wait-for application -m {model} {NEW_PARCA} --timeout 15m"
    return Step(
        title="Deploy parca-k8s",
        commands=(
            f"juju deploy -m {model} parca-k8s {NEW_PARCA} --channel CHANNEL --trust",
            f"juju config -m {model} {NEW_PARCA} {values}",
        ),
        checks=(wait,) if way.juju == 3 else (f"juju status -m {model}",),
        expected=f"{NEW_PARCA} is active"
        + ("" if way.juju == 3 else "; Juju 4 has no wait-for, so repeat the command"),
        undo=(f"juju remove-application -m {model} {NEW_PARCA} --destroy-storage",),
        notes=(
            "parca-k8s needs Juju 3.6 or newer and a Kubernetes model. If there is no model yet:"
            f" `juju add-model{way.target.controller_option} {way.target.name} CLOUD`, where CLOUD"
            " is a Kubernetes cloud that `juju clouds` lists.",
            "`juju info parca-k8s` lists the channels.",
            "If parca-k8s is deployed already, skip the first command, and use the name of that"
            " application in all commands.",
        ),
    )


def offer(way: Way) -> Step:
    """Return the step that offers the new Parca to other models."""
    endpoints = [way.endpoint, *(other.endpoint for other in way.moved_others)]
    option = way.target.controller_option
    url = f"{way.target.path}.{NEW_PARCA}"
    notes = [
        "One offer serves all applications. If they belong to another user, or are on another"
        f" controller: `juju grant{option} USER consume {way.target.path}.{OFFER}`."
    ]
    if way.juju == 4:
        notes += [
            "Juju 4 cannot change an offer: to offer another endpoint later, remove the offer"
            " with all its relations, or make a second one with another name.",
            f"Use Juju {OLDEST_SAFE_JUJU_4} or newer on both controllers: older releases of Juju 4"
            " lose events of relations between models (juju/juju#21412, juju/juju#22253).",
        ]
    return Step(
        title="Offer the endpoint of parca-k8s once",
        commands=(f"juju offer{option} {url}:{','.join(dict.fromkeys(endpoints))} {OFFER}",),
        checks=(f"juju show-offer {way.offer_url}",),
        expected=f"the offer lists the endpoint {way.endpoint}",
        undo=(f"juju remove-offer{option} {way.target.path}.{OFFER}",),
        notes=tuple(notes),
    )


def consume(way: Way, model: str) -> Step:
    """Return the step that makes the offer known in a model."""
    notes = ["Do this once, however many applications of the model use the offer."]
    if way.juju == 4:
        notes.append("In Juju 4, a second SAAS for the same offer in one model does nothing.")
    return Step(
        title=f"Consume the offer in the model {model}",
        commands=(f"juju consume -m {model} {way.offer_url} {way.saas}",),
        checks=(f"juju status -m {model}",),
        expected=f"the section SAAS lists {way.saas}",
        undo=(f"juju remove-saas -m {model} {way.saas}",),
        notes=tuple(notes),
    )


def relate(way: Way, provider: Provider) -> Step:
    """Return the step after which both Parcas scrape an application."""
    is_here = provider.model == way.target.name
    model = way.target.address if is_here else provider.model
    new = f"{NEW_PARCA if is_here else way.saas}:{way.endpoint}"
    notes = [
        "Both Parcas scrape the application now. A Go program records one CPU profile at a time:"
        " until the old Parca stops scraping, each can miss CPU profiles, and status can show the"
        " profile process_cpu as failing.",
    ]
    if not is_here:
        notes.append(
            "Behind a firewall, Juju lets the egress addresses of the new model use the ports that"
            " the charm has opened. If the pods leave the cluster through NAT, set them with `juju"
            f" model-config -m {way.target.address} egress-subnets=CIDR`."
        )
    notes.append(
        "If the charm limits its endpoint to one relation, Juju refuses the second one: then first"
        " remove the old one, as a later step does."
    )
    return Step(
        title=f"Relate {provider.application} to the new Parca",
        commands=(f"juju integrate -m {model} {provider.endpoint} {new}",),
        checks=(f"juju status -m {model} --relations", *way.status_checks),
        expected="every target is healthy, except for process_cpu while both Parcas scrape it",
        undo=(f"juju remove-relation -m {model} {provider.endpoint} {new}",),
        notes=tuple(notes),
    )


def remove_relation(way: Way, provider: Provider) -> Step:
    """Return the step that ends the relation of an application to the old Parca."""
    deployment = way.deployment
    relation = provider.relation
    old = f"{deployment.parca}:{way.endpoint}"
    notes = [
        "Wait with this step until nobody needs the profiles in the memory of the old Parca: the"
        " machine charm restarts it, and they are lost.",
    ]
    if provider.is_offered_to:
        remove = f"juju remove-relation -m {deployment.parca_model} {relation.relation_id}"
        add = f"juju integrate -m {provider.model} {provider.endpoint} SAAS:{way.endpoint}"
        notes.append(
            f"SAAS is the name of the old Parca in the model {provider.model}: see `juju status -m"
            f" {provider.model}`."
        )
    else:
        related = ":".join(filter(None, [relation.application, relation.related_endpoint]))
        remove = f"juju remove-relation -m {deployment.parca_model} {related} {old}"
        add = f"juju integrate -m {deployment.parca_model} {related} {old}"
    return Step(
        title=f"Remove {provider.application} from the old Parca",
        commands=(remove,),
        checks=(f"juju status -m {deployment.parca_model} --relations",),
        expected=f"{deployment.parca} has no relation to the application any more",
        undo=(add,),
        notes=tuple(notes),
    )


def move_other(way: Way, other: Other) -> Step:
    """Return the step that moves a relation of another endpoint."""
    deployment = way.deployment
    related = f"{other.application}:{other.related_endpoint}"
    old = f"juju remove-relation -m {deployment.parca_model} {related}"
    new = f"juju integrate -m {deployment.parca_model} {related}"
    commands = [f"{new} {way.saas}:{other.endpoint}"]
    undo = [
        f"juju remove-relation -m {deployment.parca_model} {related} {way.saas}:{other.endpoint}"
    ]
    notes: List[str] = []
    if other.endpoint in (STORE_ENDPOINT, f"external-{STORE_ENDPOINT}"):
        commands.insert(0, f"{old} {deployment.parca}:{other.endpoint}")
        undo.append(f"{new} {deployment.parca}:{other.endpoint}")
        notes.append(
            "A charm takes only one relation of this kind. Before you run the second command, wait"
            f" until `juju status -m {deployment.parca_model} --relations` no longer shows the old"
            " one."
        )
    if other.endpoint == STORE_ENDPOINT:
        notes.append(
            "parca-k8s publishes the name of its pod, which machines do not resolve, unless it has"
            f" an ingress: first run `juju integrate -m {way.target.address} {NEW_PARCA}:ingress"
            " TRAEFIK`, where TRAEFIK is an application of traefik-k8s in the model."
        )
    return Step(
        title=f"Move the relation of {other.application} ({other.endpoint})",
        commands=tuple(commands),
        checks=(f"juju status -m {deployment.parca_model} --relations",),
        expected="the new relation is listed without a message",
        undo=tuple(undo),
        notes=tuple(notes),
    )


def compare(way: Way) -> Step:
    """Return the step that proves that the series go on."""
    return Step(
        title="Check that the series go on",
        commands=(way.collect_command, "parca-scrape diff parca.yaml after.txt"),
        expected="what the section Series of this plan says: the exit code is 0 if all go on",
    )


def stop_scraping(way: Way) -> Step:
    """Return the step after which the old Parca only keeps its profiles."""
    juju = f"juju exec -m {way.deployment.parca_model} --unit {way.deployment.parca_unit} --"
    return Step(
        title="Stop the old Parca from scraping",
        commands=(f"{juju} sed -i.before '/^scrape_configs:/,$d' {OLD_CONFIG}",),
        checks=(f"{juju} cat {OLD_CONFIG}", *way.status_checks),
        expected="the file has no scrape_configs, and every target of the new Parca is healthy",
        undo=(f"{juju} mv {OLD_CONFIG}.before {OLD_CONFIG}",),
        notes=(
            "Parca reads the file again by itself. Every change of a relation or an option of the"
            " machine charm restarts Parca, which loses the profiles in memory: this step does"
            " not, so the old Parca can still be read.",
            "Such a change also writes the file again: then repeat the step.",
        ),
    )


def remove_old(way: Way) -> Step:
    """Return the step that removes the old Parca."""
    deployment = way.deployment
    return Step(
        title="Remove the old Parca",
        commands=(f"juju remove-application -m {deployment.parca_model} {deployment.parca}",),
        checks=(f"juju status -m {deployment.parca_model}",),
        expected=f"{deployment.parca} is gone",
        notes=(
            "This cannot be undone: the charm removes the snap. If you need the stored files, copy"
            f" {OLD_PROFILES} first.",
        ),
    )
