from __future__ import annotations

from parca_scrape import DEFAULT_RELATION_NAME, RELATION_INTERFACE_NAME


def test_the_names_are_those_of_the_interface_and_of_its_usual_endpoint() -> None:
    assert (RELATION_INTERFACE_NAME, DEFAULT_RELATION_NAME) == (
        "parca_scrape",
        "profiling-endpoint",
    )
