"""The test helpers as the tests of charms use them, for type checkers; this file is never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional, Tuple

from ops import testing

from parca_scrape import HostMap, Job, ScrapeConfig, Topology
from parca_scrape.testing import (
    CA,
    CERTIFICATE,
    KEY,
    ProviderData,
    published,
    relation_for_provider,
    relation_for_requirer,
    scraped,
)

if TYPE_CHECKING:
    from typing_extensions import assert_type


def use_the_helpers(state: testing.State) -> None:
    assert_type((CA, CERTIFICATE, KEY), Tuple[str, str, str])
    provided = relation_for_provider("profiling-endpoint", app_name="parca", units=2)
    assert_type(provided, testing.Relation)
    required = relation_for_requirer(
        "profiling-endpoint",
        app_name="shop",
        jobs=[Job(), {"job_name": "mapping"}],
        topology=Topology("market", "12de4fae-06cc-4ceb-9089-567be09fec78", "shop"),
        addresses={0: "10.0.0.1"},
    )
    assert_type(required, testing.Relation)
    relation_for_requirer(
        "profiling-endpoint", app_data={"scrape_jobs": "rubbish"}, units_data={0: {}}
    )
    found = published(state.get_relation(provided.id))
    assert_type(found, ProviderData)
    assert_type(found.jobs, Tuple[Job, ...])
    assert_type(found.topology, Optional[Topology])
    assert_type(found.hosts, HostMap)
    assert_type(scraped(state.get_relation(provided.id), required), List[ScrapeConfig])
    relation_for_provider("profiling-endpoint", "parca")  # type: ignore[call-arg]
    relation_for_requirer("profiling-endpoint", jobs="*:6060")  # type: ignore[arg-type]
