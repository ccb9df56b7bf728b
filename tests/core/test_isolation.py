"""What is wrong in a databag takes away itself, and nothing that is good beside it."""

from __future__ import annotations

import dataclasses
import re
from typing import List, Sequence, Tuple, cast

from hypothesis import assume, given
from hypothesis import strategies as st

from parca_scrape.databag import RelationDatabags
from parca_scrape.render import render
from tests.damages import (
    Place,
    damage_jobs,
    damage_metadata,
    damage_unit,
    damaged_remotes,
)
from tests.models import addresses, as_list, as_object
from tests.strategies import Json, Object, Remote, good_remotes

NUMBER = re.compile(r"_[0-9]+\Z")
TOPOLOGY_LABELS = {
    "model": "juju_model",
    "model_uuid": "juju_model_uuid",
    "application": "juju_application",
    "charm_name": "juju_charm",
}
# A bad setting may take these with it, or give them a value.
TLS_PARTNERS = {
    **dict.fromkeys(("ca", "ca_file", "ca_ref"), ("ca",)),
    **dict.fromkeys(("cert", "cert_file", "cert_ref"), ("cert", "key")),
    **dict.fromkeys(("key", "key_file", "key_ref"), ("cert", "key")),
    **dict.fromkeys(("min_version", "max_version"), ("min_version", "max_version")),
}
SETTING_PARTNERS = {
    "scrape_interval": ("scrape_interval", "scrape_timeout"),
    # Without the profile process_cpu a timeout may be shorter.
    "profiling_config": ("scrape_timeout",),
    "static_configs": ("static_configs",),
    "tls_config": (),
}


def rendered(*relations: RelationDatabags) -> List[Object]:
    """Give the scrape configs of relations as plain JSON."""
    return cast("List[Object]", render(relations)[0])


def without(value: Object, *keys: str) -> Object:
    """Give an object without some of its keys."""
    return {key: element for key, element in value.items() if key not in keys}


def take(jobs: List[Object], job: Object, *, is_number_allowed: bool) -> None:
    """Take a job out of a list, where it may stand with a number behind its name.

    Fails if it is not there.
    """
    names = [job["job_name"]]
    for served in jobs:
        if is_number_allowed:
            names = [job["job_name"], f"{job['job_name']}_{number_of(served)}"]
        if served["job_name"] in names and {**served, "job_name": job["job_name"]} == job:
            jobs.remove(served)
            return
    raise AssertionError(f"{job} is not in {jobs}")


def number_of(job: Object) -> str:
    """Give the number behind a job's name; empty if there is none."""
    found = NUMBER.search(str(job["job_name"]))
    return found.group()[1:] if found else ""


@given(good_remotes(), damaged_remotes())
def test_a_good_relation_keeps_all_it_has_alone_before_a_damaged_one(
    good: Remote, damaged: Remote
) -> None:
    alone = rendered(good.databags(0))
    assert rendered(good.databags(0), damaged.databags(1))[: len(alone)] == alone


@given(good_remotes(), damaged_remotes())
def test_a_good_relation_keeps_all_but_claimed_names_behind_a_damaged_one(
    good: Remote, damaged: Remote
) -> None:
    claimed = [job["job_name"] for job in rendered(damaged.databags(0))]
    together = rendered(damaged.databags(0), good.databags(1))
    for job in rendered(good.databags(1)):
        take(together, job, is_number_allowed=job["job_name"] in claimed)


@given(st.data())
def test_all_but_the_damaged_part_of_a_job_is_served(data: st.DataObject) -> None:
    good = data.draw(good_remotes())
    damaged, (_, *place) = data.draw(damage_jobs(good))
    assume(place and "@digits@" not in repr(damaged))  # which makes the whole text bad
    before = rendered(good.databags(0))
    left = rendered(damaged.databags(0))
    index = int(place[0])
    for job in [*before[:index], *before[index + 1 :]]:
        take(left, job, is_number_allowed=True)
    if index < len(before):
        expected = before[index]
        inner = tuple(place[1:])
        if not left:
            assert may_go(as_object(as_list(good.jobs)[index]), inner)
            return
        (served,) = left
        assert kept_of_job(served, inner, good, index) == kept_of_job(expected, inner, good, index)
        if inner[:1] == ("static_configs",) and len(inner) > 1:
            check_static_config(good, damaged, tuple(place))


def may_go(job: Object, place: Place) -> bool:
    """Tell whether damage at this place of a job may take the whole job away."""
    if place[:1] != ("static_configs",) or len(place) == 1:
        # Without its name, or with another one, it may be the same as another job.
        return place in ((), ("scheme",), ("static_configs",), ("job_name",))
    configs = as_list(job["static_configs"])
    if configs[: int(place[1])] or configs[int(place[1]) + 1 :]:
        return False
    return (
        len(place) == 2
        or (place[2] == "targets" and len(as_list(as_object(configs[0]).get("targets", []))) < 2)
        or place[2:] == ("targets",)
    )


def kept_of_job(scrape_config: Object, place: Place, good: Remote, index: int) -> Object:
    """Give what must stay of a rendered job when a place of it is damaged.

    Args:
        scrape_config: the job as it is rendered, before or after.
        place: the place of the damage in the job.
        good: the application as it was.
        index: the number of the job.
    """
    if not place:
        return {}
    field = str(place[0])
    kept = dict(scrape_config)
    if field != "job_name":
        kept["job_name"] = NUMBER.sub("", str(kept["job_name"]))
    kept = without(kept, *SETTING_PARTNERS.get(field, (field,)))
    if field == "static_configs":
        if len(place) == 1:
            return without(kept, "relabel_configs")
        job = as_object(as_list(good.jobs)[index])
        tags = [tag_of(config) for config in as_list(job.get("static_configs", []))]
        others = [tag for number, tag in enumerate(tags) if number != place[1]]
        entries = as_list(scrape_config["static_configs"])
        # In the place of the damaged one may stand one of the others again.
        kept["static_configs"] = [
            entry
            for number, entry in enumerate(entries)
            if tag_of(entry) in others and entry not in entries[:number]
        ]
        if len(place) == 2 and not others:
            # A job without static configs has no units to name.
            kept = without(kept, "relabel_configs")
    if field in ("profiling_config", "tls_config"):
        settings = as_object(kept.pop(field, {}))
        is_tls = field == "tls_config"
        kept[field] = (
            kept_of_tls(settings, place) if is_tls else kept_of_profiling(settings, place)
        )
    return kept


def tag_of(static_config: Json) -> Json:
    """Give the label that tells a static config of a good relation from all others."""
    return as_object(as_object(static_config)["labels"]).get("config")


def kept_of_tls(settings: Object, place: Place) -> Object:
    """Give what must stay of TLS settings."""
    if len(place) == 1:
        return {}
    return without(settings, *TLS_PARTNERS.get(str(place[1]), (str(place[1]),)))


def kept_of_profiling(settings: Object, place: Place) -> Object:
    """Give what must stay of profiles; an empty object is the same as none."""
    if len(place) == 1:
        return {}
    kept = dict(settings)
    profiles = as_object(kept.pop("pprof_config", {}))
    if place[1] == "pprof_config":
        profiles = {} if len(place) == 2 else dict(profiles)
    else:
        kept.pop(str(place[1]), None)
    if len(place) == 3:
        profiles.pop(str(place[2]), None)
    if len(place) > 3:
        name = str(place[2])
        profiles[name] = without(as_object(profiles.get(name, {})), str(place[3]))
    return {**kept, "pprof_config": {name: value for name, value in profiles.items() if value}}


def targets_of(jobs: List[Object], hidden_labels: Sequence[str]) -> List[Tuple[Json, Object]]:
    """Give all targets with their labels, but for some of these."""
    entries = [as_object(entry) for job in jobs for entry in as_list(job["static_configs"])]
    return [
        (target, without(as_object(entry["labels"]), *hidden_labels))
        for entry in entries
        for target in as_list(entry["targets"])
    ]


def check_static_config(good: Remote, damaged: Remote, place: Place) -> None:
    """Check that all is served of a static config but its damaged target or label.

    Args:
        good: the application as it was.
        damaged: the application as it is.
        place: the place of the damage in the jobs.
    """
    index, _, number, *inner = place
    configs = as_list(as_object(as_list(good.jobs)[int(index)]).get("static_configs", []))
    if not inner or int(number) >= len(configs) or inner == ["targets"]:
        return
    config = as_object(configs[int(number)])
    kept, hidden_labels = config, list(map(str, inner[1:2]))
    if inner[0] == "targets":
        targets = list(as_list(config.get("targets", [])))
        del targets[int(inner[1]) : int(inner[1]) + 1]
        if not targets:
            return
        kept, hidden_labels = {**config, "targets": targets}, []
    elif inner == ["labels"]:
        job = as_object(as_list(damaged.jobs)[int(index)])
        # What stands in their place may be labels, too.
        others = as_object(as_list(job["static_configs"])[int(number)]).get("labels")
        hidden_labels = [
            *as_object(config["labels"]),
            *(others if isinstance(others, dict) else ()),
        ]
    expected = rendered(dataclasses.replace(good, jobs=[{"static_configs": [kept]}]).databags(0))
    served = targets_of(rendered(damaged.databags(0)), hidden_labels)
    for target in targets_of(expected, hidden_labels):
        assert target in served


@given(st.data())
def test_all_but_the_damaged_part_of_the_metadata_is_served(data: st.DataObject) -> None:
    good = data.draw(good_remotes())
    damaged, (_, *place) = data.draw(damage_metadata(good))
    assume("@digits@" not in repr(damaged))  # which makes the whole text bad
    key = str(place[0]) if place else ""
    hidden_labels = [TOPOLOGY_LABELS[key]] if key in TOPOLOGY_LABELS else []
    if not place:
        hidden_labels = list(TOPOLOGY_LABELS.values())
    before, after = rendered(good.databags(0)), rendered(damaged.databags(0))
    hidden_keys = ["job_name"] if hidden_labels else []
    assert [without(job, "static_configs", *hidden_keys) for job in after] == [
        without(job, "static_configs", *hidden_keys) for job in before
    ]
    assert [targets_of([job], hidden_labels) for job in after] == [
        targets_of([job], hidden_labels) for job in before
    ]


@given(st.data())
def test_all_units_but_the_damaged_one_are_served(data: st.DataObject) -> None:
    good = data.draw(good_remotes())
    damaged, (_, index, _) = data.draw(damage_unit(good))
    unit = good.units[int(index)]
    others = dataclasses.replace(good, units=tuple(other for other in good.units if other != unit))
    other_names = [name for name, _ in addresses(others)]
    # The later of two units with one name goes by another.
    assume(dict(damaged.units[int(index)][1]).get("parca_scrape_unit_name") not in other_names)
    hidden_keys = [] if other_names else ["relabel_configs"]
    before, after = (
        [
            {
                **without(job, *hidden_keys),
                "static_configs": [
                    entry
                    for entry in as_list(job["static_configs"])
                    if unit_of(entry) in (None, *other_names)
                ],
            }
            for job in rendered(remote.databags(0))
        ]
        for remote in (good, damaged)
    )
    assert after == before


def unit_of(static_config: Json) -> Json:
    """Give the unit that a rendered static config is of."""
    return as_object(as_object(static_config)["labels"]).get("juju_unit")
