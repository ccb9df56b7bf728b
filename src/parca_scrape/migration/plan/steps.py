"""The steps from the machine charm parca to parca-k8s: Juju's commands, in order.

The new Parca is offered, because an offer serves all applications and all their models. Sources:
Juju `docs/reference/juju-cli` and `docs/howto/manage-offers.md`; `src/charm.py` of
https://github.com/canonical/parca-operator and https://github.com/canonical/parca-k8s-operator.
"""

from __future__ import annotations

from typing import List

from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.migration.plan.deployment import Provider
from parca_scrape.migration.plan.old_parca import list_last_steps
from parca_scrape.migration.plan.other_endpoints import list_other_steps
from parca_scrape.migration.plan.way import (
    NEW_ENDPOINT,
    NEW_PARCA,
    OFFER,
    OLD_CONFIG,
    Forecast,
    Step,
    Way,
)

# Older releases lose events of relations between models.
OLDEST_SAFE_JUJU_4 = "4.0.11"


def list_steps(way: Way, forecast: Forecast) -> List[Step]:
    """Return the steps, in order."""
    return [
        save_state(way),
        deploy(way),
        *([offer(way)] if way.models or way.offered_others else []),
        *(consume(way, model) for model in way.models),
        *(relate(way, forecast, provider) for provider in way.deployment.providers),
        compare(way, forecast),
        *list_other_steps(way),
        *list_last_steps(way),
    ]


def save_state(way: Way) -> Step:
    """Return the step that keeps what the old Parca scrapes."""
    unit = f"juju exec -m {way.deployment.parca_model} --unit {way.deployment.parca_unit}"
    is_default = way.endpoint == DEFAULT_RELATION_NAME
    name, option = ("", "") if is_default else (f" {way.endpoint}", f" --endpoint {way.endpoint}")
    notes = ["The files can contain private keys: delete them, and after.txt, at the end."]
    if way.juju == 3:
        notes.append(
            f"If the controller of {way.deployment.parca_model} has Juju 2.9, use `juju run` for"
            " `juju exec`, and `juju relate` for `juju integrate`."
        )
    return Step(
        title="Save what the old Parca scrapes",
        commands=(
            "umask 077",
            f'{unit} "$(parca-scrape collect{name})" > before.txt',
            f"{unit} -- cat {OLD_CONFIG} > parca.yaml",
        ),
        checks=(f"parca-scrape check{option} before.txt",),
        expected="only errors that you accept: the new Parca does not scrape what has an error",
        notes=tuple(notes),
    )


def deploy(way: Way) -> Step:
    """Return the step that deploys the new Parca."""
    model = way.target.address
    old = f"juju config -m {way.deployment.parca_model} {way.deployment.parca}"
    options = ("enable-persistence", "memory-storage-limit")
    values = " ".join(f'{option}="$({old} {option})"' for option in options)
    if way.juju == 3:
        check = f"juju wait-for application -m {model} {NEW_PARCA} --timeout 15m"
        expected = f"{NEW_PARCA} is active"
    else:
        check = f"juju status -m {model}"
        expected = f"{NEW_PARCA} is active: Juju 4 has no `wait-for`, so repeat the command"
    return Step(
        title="Deploy parca-k8s",
        commands=(
            f"juju deploy -m {model} parca-k8s {NEW_PARCA} --channel CHANNEL --trust",
            f"juju config -m {model} {NEW_PARCA} {values}",
        ),
        checks=(check,),
        expected=expected,
        undo=(f"juju remove-application -m {model} {NEW_PARCA} --destroy-storage",),
        notes=(
            "parca-k8s needs Juju 3.6 or newer and a Kubernetes model. If there is no model yet:"
            f" `juju add-model{way.target.controller_option} {way.target.name} CLOUD`, where CLOUD"
            " is a Kubernetes cloud that `juju clouds` lists.",
            "`juju info parca-k8s` lists the channels. With enable-persistence, add `--storage"
            " profiles=SIZE` to the first command; without it, the pod needs more memory than"
            " memory-storage-limit.",
            "If parca-k8s is there already, skip this step and never undo it, and use the name of"
            " that application in all commands.",
            f"ADDRESS in later steps is that of {NEW_PARCA}/0: see `juju status -m {model}`. If"
            " you cannot reach it from where you run the commands, relate the ingress of"
            " parca-k8s, and use the URL of the ingress. With certificates, use https and the"
            " option --ca.",
        ),
    )


def offer(way: Way) -> Step:
    """Return the step that offers the new Parca to other models."""
    others = [other.endpoint for other in way.offered_others]
    endpoints = ",".join(dict.fromkeys([NEW_ENDPOINT, *others]))
    option = way.target.controller_option
    path = f"{way.target.path}.{OFFER}"
    notes = [
        "If a model that uses the offer belongs to another user:"
        f" `juju grant{option} USER consume {path}`."
    ]
    if way.target.controller:
        notes.append(
            "The controllers must reach each other, and should have the same major version of"
            " Juju."
        )
    if not way.deployment.shows_others:
        notes.append(
            f"The input shows only the endpoint {way.endpoint}. If the output of `juju show-unit"
            f" -m {way.deployment.parca_model} {way.deployment.parca_unit}` shows relations of"
            " other endpoints, such as parca-store-endpoint, pass it to this command, too."
        )
    if way.juju == 4:
        notes += [
            "Juju 4 cannot change an offer: to offer another endpoint later, make a second offer"
            " with another name.",
            f"Use Juju {OLDEST_SAFE_JUJU_4} or newer on all controllers: older releases of Juju 4"
            " lose events of relations between models (juju/juju#21412, juju/juju#22253).",
        ]
    return Step(
        title="Offer parca-k8s once",
        commands=(f"juju offer{option} {way.target.path}.{NEW_PARCA}:{endpoints} {OFFER}",),
        checks=(f"juju show-offer {way.offer_url}",),
        expected=f"the offer lists {endpoints.replace(',', ', ')}",
        undo=(f"juju remove-offer{option} {path}",),
        notes=tuple(notes),
    )


def consume(way: Way, model: str) -> Step:
    """Return the step that makes the offer known in a model."""
    notes = ["Do this once, however many applications of the model use the offer."]
    if way.juju == 4:
        notes.append(
            "Juju 4 accepts a second `juju consume` of the same offer in the same model, but"
            " ignores it."
        )
    return Step(
        title=f"Consume the offer in the model {model}",
        commands=(f"juju consume -m {model} {way.offer_url} {way.saas}",),
        checks=(f"juju status -m {model}",),
        expected=f"the section SAAS lists {way.saas}",
        undo=(f"juju remove-saas -m {model} {way.saas}",),
        notes=tuple(notes),
    )


def relate(way: Way, forecast: Forecast, provider: Provider) -> Step:
    """Return the step after which both Parcas scrape an application."""
    is_here = provider.is_in(way.target)
    model = way.target.address if is_here else provider.model
    new = f"{NEW_PARCA if is_here else way.saas}:{NEW_ENDPOINT}"
    notes: List[str] = []
    if provider.relation.relation_id in forecast.blocked:
        notes.append(
            "First decide what to do about its addresses (section Addresses): until then, its"
            " targets fail."
        )
    return Step(
        title=f"Relate {provider.application} to the new Parca",
        commands=(f"juju integrate -m {model} {provider.endpoint} {new}",),
        checks=way.status_checks,
        expected=f"status lists the targets of {provider.application}, and all are healthy except"
        " for process_cpu",
        undo=(f"juju remove-relation -m {model} {provider.endpoint} {new}",),
        notes=tuple(notes),
    )


def compare(way: Way, forecast: Forecast) -> Step:
    """Return the step that proves that the series go on."""
    if forecast.is_of_parca_yaml:
        expected = f"the last line is `{forecast.summary}`, as in the section Series"
    else:
        expected = (
            "the result is that of the section Series, but for what parca.yaml has otherwise than"
            " the databags; print the plan with --parca-yaml parca.yaml to see it beforehand"
        )
    return Step(
        title="Check that the series go on",
        commands=(way.collect_command, "parca-scrape diff parca.yaml after.txt"),
        expected=expected,
    )
