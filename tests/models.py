"""A second, plain implementation of what the library returns."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from tests.strategies import Json, Object, Remote


def expected_jobs(remotes: Sequence[Remote]) -> List[Object]:
    """Return the scrape configs of relations in which nothing is wrong, in the order of their ids.

    Names must not clash within an application.
    """
    relations = [
        [expected_job(as_object(job), remote) for job in as_list(remote.jobs)]
        for remote in remotes
    ]
    jobs = [job for relation in relations for job in relation]
    final = resolved_names(
        [
            [(str(job["job_name"]), repr(sorted_pairs(job))) for job in relation]
            for relation in relations
        ]
    )
    return [{**jobs[index], "job_name": name} for index, name in final]


def expected_job(job: Object, remote: Remote) -> Object:
    """Return the scrape config of a job in which nothing is wrong."""
    metadata = as_object(remote.metadata)
    parts = (metadata["model"], str(metadata["model_uuid"])[:8], metadata["application"])
    prefix = "_".join(map(str, parts)).replace("/", "_")
    name = job.get("job_name")
    topology: Object = {
        "juju_model": metadata["model"],
        "juju_model_uuid": metadata["model_uuid"],
        "juju_application": metadata["application"],
    }
    if metadata["charm_name"]:
        topology["juju_charm"] = metadata["charm_name"]
    units = addresses(remote)
    static_configs = as_list(job.get("static_configs", [{"targets": ["*:80"]}]))
    entries: List[Json] = []
    for static_config in map(as_object, static_configs):
        labels: Object = {**as_object(static_config.get("labels", {})), **topology}
        named = [str(target) for target in as_list(static_config.get("targets", []))]
        qualified = [target for target in named if not target.startswith("*")]
        suffixes = [target[1:] for target in named if target.startswith("*")]
        if qualified:
            entries.append({"targets": [*qualified], "labels": labels})
        if suffixes or not named:
            for unit_name, address in units:
                targets: List[Json] = [address + suffix for suffix in suffixes or [""]]
                unit_labels: Object = {**labels, "juju_unit": unit_name}
                entries.append({"targets": targets, "labels": unit_labels})
    source_labels: List[Json] = ["juju_model", "juju_model_uuid", "juju_application"]
    if units and static_configs:
        source_labels.append("juju_unit")
    rule: Object = {
        "source_labels": source_labels,
        "separator": "_",
        "target_label": "instance",
        "regex": "(.*)",
    }
    return {
        **job,
        "job_name": f"{prefix}_{name}" if name else prefix,
        "static_configs": entries,
        "relabel_configs": [rule],
    }


def addresses(remote: Remote) -> List[Tuple[str, str]]:
    """Return name and address of each unit that has published one, by unit number."""
    found: List[Tuple[int, str, str]] = []
    for unit_name, pairs in remote.units:
        databag = dict(pairs)
        address = databag.get("parca_scrape_unit_address") or databag.get("parca_scrape_host")
        if address:
            name = databag.get("parca_scrape_unit_name") or unit_name
            found.append((int(unit_name.split("/")[1]), name, address))
    return [(name, address) for _, name, address in sorted(found)]


def resolved_names(relations: Sequence[Sequence[Tuple[str, str]]]) -> List[Tuple[int, str]]:
    """Return index and final name of each job that stays, given names and contents by relation.

    Identical jobs become one. Of others the first keeps the name, and each later one takes the
    lowest number behind it that makes a name which no job of its own or of an earlier relation was
    given or has taken; `parca` is taken from the start.
    """
    taken = ["parca"]
    known: List[Tuple[str, str]] = []
    final: List[Tuple[int, str]] = []
    for relation in relations:
        start = len(known)
        known += relation
        given = [name for name, _ in known]
        for index, (name, content) in enumerate(relation, start):
            if (name, content) in known[:index]:
                continue
            chosen, number = name, 2
            while chosen in taken or (chosen != name and chosen in given):
                chosen, number = f"{name}_{number}", number + 1
            taken.append(chosen)
            final.append((index, chosen))
    return final


def sorted_pairs(value: Json) -> Json:
    """Return JSON with sorted keys, so that equal values have equal text."""
    if isinstance(value, dict):
        return [[key, sorted_pairs(value[key])] for key in sorted(value)]
    return [sorted_pairs(element) for element in value] if isinstance(value, list) else value


def as_list(value: Json) -> List[Json]:
    """Return a list that must be one."""
    assert isinstance(value, list)
    return value


def as_object(value: Json) -> Dict[str, Json]:
    """Return an object that must be one."""
    assert isinstance(value, dict)
    return value
