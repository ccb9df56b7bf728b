"""Parca loads the most that one relation may ask for, in the time and memory that it may take."""

from __future__ import annotations

import time

import pytest

from parca_scrape.render import render
from tests.functional.limits import SHAPES, count_loops, count_targets
from tests.functional.parca import Parca

MAX_SECONDS = 5.0
MAX_MEBIBYTES = 1536.0


@pytest.mark.parametrize("name", SHAPES)
def test_parca_loads_the_most_that_one_relation_may_ask_for(real_parca: Parca, name: str) -> None:
    shape = SHAPES[name]
    scrape_configs, problems = render([shape.make()])
    errors = [problem.message for problem in problems if problem.severity == "error"]
    assert errors == ([shape.rule] if shape.rule else [])
    loops = count_loops(scrape_configs)
    real_parca.start(scrape_configs)

    # Parca's API cannot list as many targets: its answers have at most 4 MiB.
    def is_loaded() -> bool:
        return (
            real_parca.metric("parca_target_scrape_pool_sync_total") >= len(scrape_configs)
            and real_parca.metric("go_goroutines") > loops
        )

    assert real_parca.wait_until(is_loaded), real_parca.log()[-2000:]
    assert real_parca.metric("prometheus_sd_discovered_targets") == count_targets(scrape_configs)
    # What it works, and not what passes: it waits for five seconds, and others are at work, too.
    assert real_parca.cpu_seconds() <= MAX_SECONDS
    deadline = time.monotonic() + shape.scrape_seconds
    real_parca.wait_until(lambda: time.monotonic() > deadline)
    assert real_parca.peak_mebibytes() <= MAX_MEBIBYTES
