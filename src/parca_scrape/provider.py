"""The side of a profiled charm: what Parca should scrape, into the databags of all relations."""

from __future__ import annotations

import socket
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Union

import ops

from parca_scrape._endpoint import (
    ProblemLog,
    RelationLister,
    check_endpoint,
    describe_denial,
    has_application,
    locate_in,
)
from parca_scrape._names import DEFAULT_RELATION_NAME
from parca_scrape.databag import (
    SCRAPE_JOBS_KEY,
    UNIT_ADDRESS_KEY,
    encode_app,
    encode_unit,
    judge_jobs,
)
from parca_scrape.jobs import Job, OwnJob, list_jobs
from parca_scrape.problems import InvalidJobError, Problem
from parca_scrape.targets import ADDRESS_RULE, AddressSource, parse_host
from parca_scrape.topology import ProviderTopology, Topology

Jobs = Iterable[Union[Mapping[str, object], Job]]
JobSource = Union[Jobs, Callable[[], Optional[Jobs]]]
UnitAddress = Union[str, AddressSource, Callable[[ops.Relation], str]]
LOCALHOST_RULE = (
    "the domain name of this unit is localhost, which no other machine can reach: correct the"
    " host name of the machine, or pass unit_address to ProfilingEndpointProvider"
)


class ProfilingEndpointProvider(ops.Object):
    """Publishes what Parca should scrape from this charm.

    It publishes when a unit joins, when the relation changes, on upgrade and after a leader
    election, and whenever `set_scrape_job_spec()` is called.
    """

    def __init__(
        self,
        charm: ops.CharmBase,
        relation_name: str = DEFAULT_RELATION_NAME,
        jobs: Optional[JobSource] = None,
        refresh_event: Optional[Union[ops.BoundEvent, Sequence[ops.BoundEvent]]] = None,
        *,
        unit_address: UnitAddress = AddressSource.FQDN,
    ) -> None:
        """Observe the relations of an endpoint.

        Args:
            charm: the charm that is profiled.
            relation_name: the endpoint, under `provides` in the charm's metadata.
            jobs: what to scrape, each a `Job` or a mapping in the form of Parca's scrape configs.
                None means port 80 of every unit, an empty list means nothing. The list is read
                once; nested values of a mapping are read when they are published. A function
                that returns such jobs is called whenever they are published, for jobs that
                change.
            refresh_event: when to publish the unit's address again, besides update-status; by
                default at pebble-ready of every container.
            unit_address: the address at which Parca reaches this unit, a function that returns it
                for a relation, or where to get it from: `FQDN`, `INGRESS` or `BIND`.

        Raises:
            RelationNotFoundError: the charm's metadata has no relation of this name.
            RelationInterfaceMismatchError: the relation has another interface.
            RelationRoleMismatchError: the relation is under `requires`.
            InvalidJobError: an item of `jobs` is neither a `Job` nor a mapping, or `unit_address`
                is not an address.
        """
        check_endpoint(charm, relation_name, ops.RelationRole.provides)
        is_host = isinstance(unit_address, str) and parse_host(unit_address) is not None
        is_source = unit_address in (AddressSource.FQDN, AddressSource.INGRESS, AddressSource.BIND)
        if not (is_host or is_source or callable(unit_address)):
            raise InvalidJobError("unit_address", ADDRESS_RULE)
        super().__init__(charm, relation_name)
        self.topology: Topology = ProviderTopology.from_charm(charm)
        self._charm = charm
        self._relation_name = relation_name
        self._jobs = read_jobs(jobs)
        self._unit_address = unit_address
        self._lister = RelationLister(self.model, relation_name)
        self._problem_log = ProblemLog()
        self._publishing_problems: List[Problem] = []

        events = charm.on[relation_name]
        for event in (
            events.relation_joined,
            events.relation_changed,
            charm.on.upgrade_charm,
            charm.on.leader_elected,
        ):
            self.framework.observe(event, self._on_both_changed)
        if isinstance(refresh_event, ops.BoundEvent):
            refresh_event = [refresh_event]
        pebble_ready = [charm.on[name].pebble_ready for name in charm.meta.containers]
        refresh_events = [*(refresh_event or pebble_ready), charm.on.update_status]
        # ops calls an observer as often as it observes an event.
        distinct = {
            (event.emitter.handle.path, event.event_kind): event for event in refresh_events
        }
        for event in distinct.values():
            self.framework.observe(event, self._on_unit_changed)

    def update_scrape_job_spec(self, jobs: Optional[JobSource]) -> None:
        """Publish other jobs than those given to the constructor, and forget them after the hook.

        The next time that the library publishes, it publishes the jobs of the constructor.

        Raises:
            InvalidJobError: an item is neither a `Job` nor a mapping, or not JSON.
        """
        self._jobs = read_jobs(jobs)
        self.set_scrape_job_spec()

    def set_scrape_job_spec(self) -> None:
        """Publish jobs, topology and address to all relations, where they have changed.

        Raises:
            InvalidJobError: this unit is the leader, and a job cannot be written as JSON.
        """
        self._publish(with_jobs=True)

    def is_ready(self, relation: Optional[ops.Relation] = None) -> bool:
        """Return whether there are relations (or `relation`), each with a remote application."""
        listed, _ = self._lister.list_relations()
        relations = listed if relation is None else [relation]
        return bool(relations) and all(map(has_application, relations))

    def problems(self) -> List[Problem]:
        """Return what is wrong with the jobs, and what could not be published."""
        try:
            jobs = self._jobs()
            encode_app(jobs, None)
        except InvalidJobError as error:
            return [Problem("error", error.path, error.rule), *self._publishing_problems]
        return judge_jobs(jobs) + self._publishing_problems

    def _on_both_changed(self, _: ops.EventBase) -> None:
        self._publish(with_jobs=True)

    def _on_unit_changed(self, _: ops.EventBase) -> None:
        self._publish(with_jobs=False)

    def _publish(self, *, with_jobs: bool) -> None:
        relations, problems = self._lister.list_relations()
        jobs: Sequence[OwnJob] = ()
        app_texts: Optional[Dict[str, str]] = None
        is_fqdn = self._unit_address is AddressSource.FQDN
        fqdn = socket.getfqdn() if relations and is_fqdn else ""
        # A name that is no host is published as it is.
        fqdn = parse_host(fqdn) or fqdn
        if fqdn.lower().partition(".")[0] == "localhost":
            problems.append(Problem("warning", UNIT_ADDRESS_KEY, LOCALHOST_RULE))
        if relations and with_jobs and self._is_leader(problems):
            jobs = self._jobs()
            app_texts = encode_app(jobs, self.topology)
        for relation in relations:
            address = fqdn if is_fqdn else self._find_address(relation, problems)
            try:
                write(relation.data[self._charm.unit], encode_unit(address, self._charm.unit.name))
                if app_texts is not None:
                    write(relation.data[self._charm.app], app_texts)
            except ops.ModelError as error:
                problems.append(locate_in(describe_denial(error), relation))
        self._publishing_problems = problems
        self._problem_log.log(judge_jobs(jobs) + problems)

    def _is_leader(self, problems: List[Problem]) -> bool:
        """Return whether this unit may write the application's databag."""
        try:
            return self._charm.unit.is_leader()
        except ops.ModelError as error:
            problems.append(describe_denial(error, SCRAPE_JOBS_KEY))
            return False

    def _find_address(self, relation: ops.Relation, problems: List[Problem]) -> str:
        """Return this unit's address for a relation; empty if there is none."""
        source = self._unit_address
        try:
            if isinstance(source, AddressSource):
                network = self.model.get_binding(relation).network
                is_ingress = source is AddressSource.INGRESS
                found: object = network.ingress_address if is_ingress else network.bind_address
            else:
                found = source if isinstance(source, str) else source(relation)
        except ops.ModelError as error:
            problems.append(locate_in(describe_denial(error), relation))
            return ""
        # ops returns Juju's own addresses as objects of `ipaddress`.
        address = None if found is None else parse_host(str(found))
        if address is None:
            problem = Problem("error", UNIT_ADDRESS_KEY, ADDRESS_RULE)
            problems.append(locate_in(problem, relation))
        return address or ""


def read_jobs(jobs: Optional[JobSource]) -> Callable[[], Sequence[OwnJob]]:
    """Return a function that returns the jobs to publish, and calls a charm's own function."""
    if callable(jobs) and not hasattr(jobs, "__iter__"):
        return lambda: list_jobs(jobs())
    listed = list_jobs(jobs)
    return lambda: listed


def write(databag: ops.RelationDataContent, texts: Mapping[str, str]) -> None:
    """Write what has changed, at once: ops before 2.20 also writes what has not."""
    changed = {key: text for key, text in texts.items() if databag.get(key) != text}
    if changed:
        databag.update(changed)
