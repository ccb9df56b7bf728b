"""Render databags as the consumers of the reference libraries (LIBPATCH 6) do.

Source: `lib/charms/*/v0/parca_scrape.py` of https://github.com/canonical/parca-operator (machine)
and https://github.com/canonical/parca-k8s-operator (k8s). Units are in the order of their numbers
here; in the libraries they are in that of a set.
"""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, Iterable, Iterator, List, Mapping, Optional, Sequence

from parca_scrape._getters import as_list, as_object
from parca_scrape._legacy import LEGACY_ADDRESS_KEY
from parca_scrape.cli.console import CommandError, show
from parca_scrape.cli.relations import RelationTexts
from parca_scrape.databag import (
    JSON_DECODER,
    MAX_DEPTH,
    REQUIRED_TOPOLOGY_KEYS,
    SCRAPE_JOBS_KEY,
    SCRAPE_METADATA_KEY,
    UNIT_ADDRESS_KEY,
    UNIT_NAME_KEY,
    is_nested_deeper,
    order_units,
)
from parca_scrape.jobs import ALLOWED_KEYS, DEFAULT_JOB
from parca_scrape.render import INSTANCE_LABELS, UNIT_LABEL
from parca_scrape.targets import WILDCARD
from parca_scrape.topology import SHORT_UUID_LENGTH

Hosts = Mapping[str, str]
"""The addresses of units, by name."""

# The keys of a job that each library passes on.
LIBRARIES = {
    "machine": frozenset({"job_name", "static_configs", "scrape_interval", "scrape_timeout"}),
    "k8s": frozenset(ALLOWED_KEYS),
}
UUID_4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
CHARM_LABELS = {**dict(zip(INSTANCE_LABELS, REQUIRED_TOPOLOGY_KEYS)), "juju_charm": "charm_name"}
CONSEQUENCE = (
    "the Parca charm is then in error, and Parca keeps its last configuration: compare with the"
    " current parca.yaml"
)


class RaisedError(Exception):
    """The reason why a library fails: a path and what is wrong with it."""


def render_reference(relations: Sequence[RelationTexts], library: str) -> List[object]:
    """Return the scrape configs that a reference library makes of relations.

    They are not checked: Parca may refuse them.

    Args:
        relations: the relations, in the order of their ids.
        library: a key of `LIBRARIES`.

    Raises:
        CommandError: the library raises on a databag.
    """
    scrape_configs: List[object] = []
    for relation in relations:
        try:
            scrape_configs += ReferenceRelation(relation, LIBRARIES[library]).render()
        except RaisedError as error:
            name = f"relation {relation.relation_id} with {show(relation.describe())}"
            raise CommandError(
                f"{name}: the {library} reference library fails on {error}: {CONSEQUENCE}"
            ) from None
    return scrape_configs


class ReferenceRelation:
    """Renders the jobs of one relation by the rules of a reference library."""

    def __init__(self, relation: RelationTexts, allowed_keys: FrozenSet[str]) -> None:
        self._app_databag = relation.app_databag
        self._unit_databags = relation.unit_databags
        self._allowed_keys = allowed_keys

    def render(self) -> List[object]:
        """Return the scrape configs.

        Raises:
            RaisedError: the library fails on a databag.
        """
        raw = self._decode(SCRAPE_JOBS_KEY) if self._unit_databags else None
        if not raw:
            return []
        raw_metadata = self._decode(SCRAPE_METADATA_KEY)
        if not raw_metadata:
            return list_elements(raw, SCRAPE_JOBS_KEY)
        metadata = decode_metadata(raw_metadata)
        hosts = list_hosts(self._unit_databags)
        jobs: List[object] = []
        for index, job in enumerate(list_elements(raw, SCRAPE_JOBS_KEY)):
            path = f"{SCRAPE_JOBS_KEY}[{index}]"
            jobs.append(self._render_job(get_mapping(job, path), path, metadata, hosts))
        return jobs

    def _decode(self, key: str) -> object:
        """Return what the JSON text of a key holds; None without the key."""
        text = self._app_databag.get(key)
        if not text:
            return None
        if is_nested_deeper(text, MAX_DEPTH):
            raise RaisedError(f"{key}: nested too deeply")
        try:
            return JSON_DECODER.decode(text)
        except ValueError:
            raise RaisedError(f"{key}: not valid JSON") from None

    def _render_job(
        self, job: Mapping[str, object], path: str, metadata: Mapping[str, object], hosts: Hosts
    ) -> Dict[str, object]:
        """Return the scrape config of a job."""
        kept = {key: value for key, value in job.items() if key in self._allowed_keys}
        labels = {label: metadata.get(key) for label, key in CHARM_LABELS.items()}
        topology = {label: value for label, value in labels.items() if value}
        path = f"{path}.static_configs"
        raw = kept.get("static_configs", DEFAULT_JOB["static_configs"])
        static_configs = list_elements(raw, path)
        source_labels = [*INSTANCE_LABELS]
        if hosts and static_configs:
            source_labels.append(UNIT_LABEL)
        prefix, name = make_identifier(metadata), job.get("job_name")
        return {
            **kept,
            "job_name": f"{prefix}_{name}" if name else prefix,
            "static_configs": [
                entry
                for index, static_config in enumerate(static_configs)
                for entry in render_entries(static_config, f"{path}[{index}]", topology, hosts)
            ],
            "relabel_configs": [
                {
                    "source_labels": source_labels,
                    "separator": "_",
                    "target_label": "instance",
                    "regex": "(.*)",
                }
            ],
        }


def render_entries(
    raw: object, path: str, topology: Mapping[str, object], hosts: Hosts
) -> Iterator[Mapping[str, object]]:
    """Yield an entry for the fully qualified targets, and always one for each unit.

    Without a wildcard the target of a unit is its address alone, which nobody may serve.
    """
    static_config = get_mapping(raw, path)
    qualified: List[str] = []
    ports: List[str] = []
    targets = list_elements(static_config.get("targets", []), f"{path}.targets")
    for index, target in enumerate(targets):
        host, port = split_target(target, f"{path}.targets[{index}]")
        if host.strip() == WILDCARD:
            ports.append(port.strip())
        else:
            qualified.append(f"{host}:{port}")
    if not (qualified or hosts):
        return
    own = get_mapping(static_config.get("labels", {}), f"{path}.labels")
    labels = {**own, **topology}
    if qualified:
        yield {"targets": qualified, "labels": labels}
    for unit_name, address in hosts.items():
        yield {
            "labels": {**labels, UNIT_LABEL: unit_name},
            "targets": [f"{address}:{port}" for port in ports] or [address],
        }


def decode_metadata(raw: object) -> Mapping[str, object]:
    """Return the topology of an application, checked only as far as the libraries do."""
    metadata = get_mapping(raw, SCRAPE_METADATA_KEY)
    for key in REQUIRED_TOPOLOGY_KEYS:
        if key not in metadata:
            raise RaisedError(f"{SCRAPE_METADATA_KEY}.{key}: missing")
    model_uuid = metadata["model_uuid"]
    if not (isinstance(model_uuid, str) and re.fullmatch(UUID_4, model_uuid)):
        raise RaisedError(f"{SCRAPE_METADATA_KEY}.model_uuid: not a UUID of version 4")
    return metadata


def make_identifier(metadata: Mapping[str, object]) -> str:
    """Return the name of the jobs of an application; parts of it may be empty."""
    parts = {key: str(metadata[key]) for key in REQUIRED_TOPOLOGY_KEYS}
    parts["model_uuid"] = parts["model_uuid"][:SHORT_UUID_LENGTH]
    return "_".join(parts.values()).replace("/", "_")


def list_hosts(unit_databags: Mapping[str, Mapping[str, str]]) -> Dict[str, str]:
    """Return the address of each unit that has one; of two units of one name the later counts."""
    hosts: Dict[str, str] = {}
    for juju_name in order_units(unit_databags):
        databag = unit_databags[juju_name]
        address = databag.get(UNIT_ADDRESS_KEY) or databag.get(LEGACY_ADDRESS_KEY)
        if address:
            hosts[databag.get(UNIT_NAME_KEY) or juju_name] = address
    return hosts


def list_elements(raw: object, path: str) -> List[object]:
    """Return what Python iterates over: elements, keys or characters."""
    elements: Optional[Iterable[object]] = raw if isinstance(raw, str) else as_list(raw)
    elements = as_object(raw) if elements is None else elements
    if elements is None:
        raise RaisedError(f"{path}: must be a list")
    return [*elements]


def get_mapping(raw: object, path: str) -> Mapping[str, object]:
    """Return an object."""
    mapping = as_object(raw)
    if mapping is None:
        raise RaisedError(f"{path}: must be an object")
    return mapping


def split_target(target: object, path: str) -> List[str]:
    """Return the host and the port of a target, which the libraries split at its only colon."""
    parts = target.split(":") if isinstance(target, str) else []
    if len(parts) != 2:
        raise RaisedError(f"{path}: must be text with one colon, as in host:port")
    return parts
