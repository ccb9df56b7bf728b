"""The last steps of a move: the old Parca stops scraping, and later it goes."""

from __future__ import annotations

from typing import List, Tuple

from parca_scrape.migration.plan.deployment import Provider
from parca_scrape.migration.plan.way import OLD_CONFIG, OLD_HTTP_PORT, Step, Way

# The charm writes the keys in order, and this one last. Parca would not notice the change if the
# file were renamed first, as `sed -i.before` does.
STRIP = f"cp {OLD_CONFIG} {OLD_CONFIG}.before && sed -i /^scrape_configs:/Q {OLD_CONFIG}"


def list_last_steps(way: Way) -> List[Step]:
    """Return the steps, in order."""
    return [
        stop_scraping(way),
        *(remove_relation(way, provider) for provider in way.deployment.providers),
        remove_parca(way),
    ]


def stop_scraping(way: Way) -> Step:
    """Return the step after which the old Parca only keeps its profiles."""
    return Step(
        title="Stop the old Parca from scraping",
        commands=(f"{way.old_units} 'grep -q ^scrape_configs: {OLD_CONFIG} && {STRIP}'",),
        checks=way.status_checks,
        expected="every target of the new Parca is healthy, also process_cpu; the old Parca lists"
        f" no targets at http://OLD-ADDRESS:{OLD_HTTP_PORT}/targets",
        undo=(f"{way.old_units} 'mv {OLD_CONFIG}.before {OLD_CONFIG}'",),
        notes=(
            "This removes the scrape configs from the file. Parca reloads it by itself, and keeps"
            " its profiles.",
            f"The machine charm writes the file again, and restarts Parca, whenever a relation of"
            f" {way.endpoint} or an option changes. The restart loses the profiles in memory."
            " Repeat the step after such a change.",
        ),
    )


def remove_relation(way: Way, provider: Provider) -> Step:
    """Return the step that ends the relation of an application to the old Parca."""
    deployment = way.deployment
    model, relation = deployment.parca_model, provider.relation
    notes = [
        "Do not run this step while anyone needs the profiles in the memory of the old Parca: the"
        " machine charm restarts Parca, which loses them. It also scrapes the applications that"
        " are still related, and the last one even afterwards, until you remove it.",
    ]
    check = f"juju status -m {model} --relations"
    if provider.is_offered_to:
        remove: Tuple[str, ...] = (
            f"juju remove-relation -m {model} {relation.relation_id}",
            f"juju remove-saas -m {provider.model} OLD-SAAS",
        )
        undo: Tuple[str, ...] = (
            f"juju consume -m {provider.model} {model}.OLD-OFFER OLD-SAAS",
            f"juju integrate -m {provider.model} {provider.endpoint} OLD-SAAS:{way.endpoint}",
        )
        check = f"juju offers -m {model}"
        notes.append(
            f"OLD-SAAS is the name of the old Parca in the model {provider.model}: see"
            f" `juju status -m {provider.model}`. `juju offers -m {model}` shows OLD-OFFER. Skip"
            " the second command if other applications still use it."
        )
    else:
        name = provider.local_name
        pair = f"{provider.local_endpoint} {deployment.parca}:{way.endpoint}"
        remove = (f"juju remove-relation -m {model} {pair}",)
        undo = (f"juju integrate -m {model} {pair}",)
        if provider.is_cross_model:
            remove += (f"juju remove-saas -m {model} {name}",)
            offer = f"{provider.model}.OLD-OFFER"
            undo = (f"juju consume -m {model} {offer} {name}", *undo)
            notes.append(
                f"`juju offers -m {provider.model}` shows OLD-OFFER. If nobody else uses it,"
                f" remove it: `juju remove-offer {offer}`."
            )
    return Step(
        title=f"Remove {provider.application} from the old Parca",
        commands=remove,
        checks=(check,),
        expected="the relation is gone",
        undo=undo,
        notes=tuple(notes),
    )


def remove_parca(way: Way) -> Step:
    """Return the step that removes the old Parca."""
    deployment = way.deployment
    model = deployment.parca_model
    commands = [f"juju remove-application -m {model} {deployment.parca}"]
    notes = [
        "This cannot be undone: the charm removes the snap with everything that it has stored.",
        f"First check that `juju status -m {model} --relations` shows no relation of"
        f" {deployment.parca} that you still need.",
    ]
    if way.has_offer:
        commands.insert(0, f"juju remove-offer {model}.OLD-OFFER")
        notes.append(f"`juju offers -m {model}` shows OLD-OFFER.")
    return Step(
        title="Remove the old Parca",
        commands=tuple(commands),
        checks=(f"juju status -m {model}",),
        expected=f"{deployment.parca} is gone",
        notes=tuple(notes),
    )
