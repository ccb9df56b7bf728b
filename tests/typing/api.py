"""The API as charms use it, for type checkers; this file is never run."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    List,
    Literal,
    Mapping,
    Optional,
    Set,
    Tuple,
    TypedDict,
    Union,
)

import ops

from parca_scrape import (
    ALLOWED_KEYS,
    DEFAULT_JOB,
    DEFAULT_RELATION_NAME,
    RELATION_INTERFACE_NAME,
    AddressSource,
    AppDatabag,
    DatabagError,
    HostMap,
    InvalidJobError,
    Job,
    MonitoringEvents,
    PprofProfile,
    Problem,
    ProfilingConfig,
    ProfilingEndpointConsumer,
    ProfilingEndpointProvider,
    ProviderTopology,
    RelationInterfaceMismatchError,
    RelationNotFoundError,
    RelationRoleMismatchError,
    ScrapeConfig,
    StaticConfig,
    Target,
    TargetsChangedEvent,
    TLSConfig,
    Topology,
    UnitDatabag,
)

if TYPE_CHECKING:
    from typing_extensions import assert_type


class ParcaScrapeJob(TypedDict, total=False):
    """A scrape job as parca-k8s describes it."""

    static_configs: List[Dict[str, Union[List[str], Dict[str, str]]]]
    scheme: Optional[Literal["https"]]
    tls_config: Dict[str, str]
    job_name: Optional[str]
    relabel_configs: Optional[List[Dict[str, Union[List[str], str]]]]


class ParcaCharm(ops.CharmBase):
    """A charm that scrapes others and itself."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.consumer = ProfilingEndpointConsumer(self)
        self.other_consumer = ProfilingEndpointConsumer(self, "other-profiling-endpoint")
        self.ingress_consumer = ProfilingEndpointConsumer(
            self, relation_name="third", unit_address=AddressSource.INGRESS
        )
        self.self_provider = ProfilingEndpointProvider(
            self,
            "self-profiling-endpoint",
            self.own_jobs(),
            [self.on.start, self.on.update_status],
        )
        framework.observe(self.consumer.on.targets_changed, self._on_targets_changed)
        framework.observe(
            self.on["another"].relation_changed,
            self.consumer.on_profiling_provider_relation_changed,
        )
        assert_type(self.consumer.on, MonitoringEvents)
        assert_type(self.consumer.on.targets_changed, ops.BoundEvent)

    def _on_targets_changed(self, event: TargetsChangedEvent) -> None:
        assert_type(event.relation_id, int)
        assert_type(event.snapshot(), Dict[str, int])
        assert_type(self.consumer.jobs(), List[Any])
        assert_type(self.consumer.problems(), List[Problem])
        for problem in self.consumer.problems():
            assert_type(problem.severity, Literal["error", "warning"])
            assert_type(problem.path, str)
            assert_type(problem.message, str)
            assert_type(problem.relation_id, Optional[int])
            assert_type(problem.application, str)
            assert_type(problem.unit, str)
            self.unit.status = ops.ActiveStatus(str(problem))

    def own_jobs(self) -> List[ParcaScrapeJob]:
        """Return the scrape jobs for this charm itself."""
        return [{"static_configs": [{"targets": ["*:7070"]}], "scheme": "https"}]

    def scrape_jobs(self) -> List[ParcaScrapeJob]:
        """Append a job to those of the relations, as parca-k8s does."""
        scrape_jobs = self.consumer.jobs()
        if not self.self_provider.is_ready():
            scrape_jobs.append(self.own_jobs()[0])
        return scrape_jobs

    def typed_scrape_jobs(self) -> List[ScrapeConfig]:
        """Read the jobs by their keys."""
        scrape_configs: List[ScrapeConfig] = self.consumer.jobs()
        for scrape_config in scrape_configs:
            assert_type(scrape_config["job_name"], str)
            assert_type(scrape_config["static_configs"][0]["targets"], List[str])
            assert_type(scrape_config["static_configs"][0]["labels"], Dict[str, str])
            assert_type(scrape_config["relabel_configs"][0]["source_labels"], List[str])
            assert_type(scrape_config.get("scheme"), Optional[str])
            scrape_config["job_name"] += "-renamed"
        return scrape_configs

    def wrong_uses(self) -> None:
        """Misuse the consumer."""
        ProfilingEndpointConsumer(self, unit_address="ingress")  # type: ignore[arg-type]
        ProfilingEndpointConsumer(self, "x", AddressSource.INGRESS)  # type: ignore[call-arg]
        ProfilingEndpointConsumer(self, jobs=[])  # type: ignore[call-arg]
        self.consumer.problems().append("a problem")  # type: ignore[arg-type]


class ProfiledCharm(ops.CharmBase):
    """A charm that is scraped."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        ProfilingEndpointProvider(self, jobs=self.configured_jobs)
        ProfilingEndpointProvider(self, jobs=lambda: None)
        literal = ProfilingEndpointProvider(
            self, jobs=[{"static_configs": [{"targets": ["*:8080"], "labels": {"a": "b"}}]}]
        )
        ProfilingEndpointProvider(self)
        ProfilingEndpointProvider(self, jobs=None)
        ProfilingEndpointProvider(self, jobs=self.configured_jobs())
        ProfilingEndpointProvider(self, jobs=self.described_jobs())
        ProfilingEndpointProvider(self, jobs=self.scrape_configs())
        ProfilingEndpointProvider(self, jobs=[{}, Job(), DEFAULT_JOB])
        ProfilingEndpointProvider(self, jobs=(Job(job_name=name) for name in "ab"))
        ProfilingEndpointProvider(self, refresh_event=self.on.config_changed)
        ProfilingEndpointProvider(self, refresh_event=[self.on["a"].pebble_ready, self.on.start])
        ProfilingEndpointProvider(self, refresh_event=[])
        ProfilingEndpointProvider(self, "a", [], self.on.start, unit_address="10.0.0.1")
        ProfilingEndpointProvider(self, unit_address=AddressSource.BIND)
        ProfilingEndpointProvider(self, unit_address=self.address_in)

        assert_type(literal.topology, Topology)
        assert_type(literal.is_ready(), bool)
        assert_type(literal.is_ready(self.model.get_relation("profiling-endpoint")), bool)
        assert_type(literal.problems(), List[Problem])
        literal.set_scrape_job_spec()
        literal.update_scrape_job_spec(self.configured_jobs())
        literal.update_scrape_job_spec([Job([StaticConfig(["*:80"])]), {"job_name": "a"}])
        self.provider = literal

    def configured_jobs(self) -> List[Dict[str, object]]:
        """Return jobs from the charm's configuration."""
        return [{"job_name": self.config["name"], "static_configs": []}]

    def described_jobs(self) -> List[ParcaScrapeJob]:
        """Return jobs of a type that the charm defines."""
        return [{"job_name": "a"}]

    def scrape_configs(self) -> List[ScrapeConfig]:
        """Return jobs of the type that a consumer returns."""
        return [
            {
                "job_name": "a",
                "static_configs": [{"targets": ["*:80"], "labels": {}}],
                "relabel_configs": [],
                "scrape_interval": "15s",
            }
        ]

    def address_in(self, relation: ops.Relation) -> str:
        """Return the address of this unit for a relation."""
        return f"{relation.name}.local"

    def wrong_uses(self) -> None:
        """Misuse the provider."""
        ProfilingEndpointProvider(self, jobs=["*:80"])  # type: ignore[list-item]
        ProfilingEndpointProvider(self, jobs={"job_name": "a"})  # type: ignore[dict-item]
        ProfilingEndpointProvider(self, jobs=[{80: "*"}])  # type: ignore[dict-item]
        ProfilingEndpointProvider(self, refresh_event="start")  # type: ignore[arg-type]
        ProfilingEndpointProvider(self, unit_address=5)  # type: ignore[arg-type]
        ProfilingEndpointProvider(self, unit_address=lambda: "a")  # type: ignore[arg-type,misc]
        self.provider.is_ready("profiling-endpoint")  # type: ignore[arg-type]


def use_constants() -> None:
    """Use what the module defines."""
    assert_type(ALLOWED_KEYS, Set[str])
    assert_type(DEFAULT_JOB, Dict[str, List[Dict[str, List[str]]]])
    names: Tuple[str, str] = (DEFAULT_RELATION_NAME, RELATION_INTERFACE_NAME)
    assert_type(AddressSource(names[0]), AddressSource)


def use_jobs(configuration: Mapping[str, object]) -> Job:
    """Make a job and read it."""
    profile = PprofProfile(
        enabled=True,
        path="/own",
        delta=False,
        seconds=5,
        keep_sample_type=[{"type": "inuse", "unit": "bytes"}],
    )
    job = Job(
        static_configs=[
            StaticConfig(["*:8080", Target("zinc", 80)], {"a": "b"}),
            StaticConfig(targets=("zinc:1",), labels=(("a", "b"),)),
            StaticConfig(),
        ],
        job_name="zinc",
        scrape_interval="15s",
        scrape_timeout="20s",
        scheme="https",
        profiling_config=ProfilingConfig("/app", {"own": profile}),
        tls_config=TLSConfig(server_name="zinc", insecure_skip_verify=True, min_version="TLS13"),
    )
    assert_type(job.static_configs, Tuple[StaticConfig, ...])
    assert_type(job.static_configs[0].targets, Tuple[Target, ...])
    assert_type(job.static_configs[0].targets[0].port, Optional[int])
    assert_type(job.static_configs[0].targets[0].is_wildcard, bool)
    assert_type(job.static_configs[0].labels, Tuple[Tuple[str, str], ...])
    assert_type(job.scheme, str)
    assert_type(job.profiling_config, Optional[ProfilingConfig])
    assert_type(job.tls_config, Optional[TLSConfig])
    assert_type(job.as_mapping(), Dict[str, object])
    assert_type(profile.enabled, Optional[bool])
    assert_type(profile.seconds, Optional[int])
    assert_type(TLSConfig().insecure_skip_verify, Optional[bool])
    assert_type(ProfilingConfig().pprof_config, Tuple[Tuple[str, PprofProfile], ...])
    assert_type(Target.parse("*:80"), Target)
    assert_type(hash(job), int)
    try:
        return Job.from_mapping(configuration)
    except InvalidJobError as error:
        assert_type(error.path, str)
        assert_type(error.rule, str)
        raise


def misuse_jobs(job: Job) -> None:
    """Misuse the job classes."""
    Job("*:80")  # type: ignore[arg-type]
    Job([{"targets": ["*:80"]}])  # type: ignore[list-item]
    Job(static_config=[])  # type: ignore[call-arg]
    Job(scheme=None)  # type: ignore[arg-type]
    Job(scrape_interval=15)  # type: ignore[arg-type]
    Job(tls_config={"ca": ""})  # type: ignore[arg-type]
    Job.from_mapping([])  # type: ignore[arg-type]
    StaticConfig([80])  # type: ignore[list-item]
    StaticConfig(labels={"a": 5})  # type: ignore[dict-item]
    Target("zinc", "80")  # type: ignore[arg-type]
    TLSConfig(insecure_skip_verify="yes")  # type: ignore[arg-type]
    PprofProfile(seconds="5")  # type: ignore[arg-type]
    ProfilingConfig(pprof_config={"own": {"enabled": True}})  # type: ignore[dict-item]
    Problem("fatal", "", "")  # type: ignore[arg-type]
    job.scheme = "https"  # type: ignore[misc]
    job.static_configs.append(StaticConfig())  # type: ignore[attr-defined]


def use_databags(databag: Mapping[str, str]) -> None:
    """Read and write databags without a charm."""
    assert_type(AppDatabag.decode(databag), Tuple[AppDatabag, List[Problem]])
    assert_type(UnitDatabag.decode(databag), Tuple[UnitDatabag, List[Problem]])
    try:
        app_databag = AppDatabag.decode_strict(databag)
        unit_databag = UnitDatabag.decode_strict(databag)
    except DatabagError as error:
        assert_type(error.problems, Tuple[Problem, ...])
        raise
    assert_type(app_databag.scrape_jobs, Tuple[Job, ...])
    assert_type(app_databag.scrape_metadata, Optional[Topology])
    assert_type(app_databag.encode(), Dict[str, str])
    assert_type(unit_databag.address, str)
    assert_type(unit_databag.encode(), Dict[str, str])
    assert_type(HostMap({"zinc/0": "10.0.0.1"}).hosts, Tuple[Tuple[str, str], ...])


def use_topology(charm: ops.CharmBase) -> None:
    """Make topologies in every way, and read one."""
    topology = ProviderTopology("cos", "20ce8299-3634-4bef-8bd8-5ace6c8816b4", "zinc")
    assert_type(topology, Topology)
    assert_type(ProviderTopology.from_charm(charm), Topology)
    assert_type(ProviderTopology.from_dict({"model": "cos"}), Topology)
    assert_type(topology.unit, Optional[str])
    assert_type(topology.identifier, str)
    assert_type(topology.scrape_identifier, str)
    assert_type(topology.label_matchers, str)
    assert_type(topology.label_matcher_dict, Dict[str, str])
    assert_type(
        topology.as_dict(
            remapped_keys={"charm_name": "charm"}, included_keys=["unit"], excluded_keys=("model",)
        ),
        Dict[str, Optional[str]],
    )
    topology.as_dict({"charm_name": "charm"})  # type: ignore[call-arg]


def use_errors() -> None:
    """Make the errors as the reference libraries did, and read them."""
    not_found = RelationNotFoundError("a")
    interface = RelationInterfaceMismatchError("a", "expected", "actual")
    role = RelationRoleMismatchError("a", ops.RelationRole.provides, ops.RelationRole.requires)
    assert_type(not_found.message, str)
    assert_type(interface.relation_name, str)
    assert_type(interface.expected_relation_interface, str)
    assert_type(interface.actual_relation_interface, str)
    assert_type(role.expected_relation_role, ops.RelationRole)
    assert_type(role.expected_relation_interface, ops.RelationRole)
    assert_type(role.actual_relation_role, ops.RelationRole)
