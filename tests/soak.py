"""Run the lifecycle test for as long as you like: `make soak`.

Each batch has a seed of its own; `--seed` runs a batch that failed again.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from typing import Optional, Sequence

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from tests.charm.test_lifecycle import STEPS, Lifecycle
from tests.juju.fleet import Fleet

STORIES_PER_BATCH = 20
SECONDS_PER_MINUTE = 60
SETTINGS = hypothesis.settings(
    max_examples=STORIES_PER_BATCH,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run batches of stories until time is up or one fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=15, help="how long (default: 15)")
    parser.add_argument("--seed", type=int, help="run the one batch of this seed")
    options = parser.parse_args(arguments)
    minutes: float = options.minutes
    chosen_seed: Optional[int] = options.seed

    start = time.monotonic()
    end = start + minutes * SECONDS_PER_MINUTE
    batches = seed = 0
    length = f"{minutes:g} minutes of stories" if chosen_seed is None else f"batch {chosen_seed}"
    print(f"{length}, Ctrl-C ends it sooner", flush=True)
    try:
        while time.monotonic() < end:
            seed = secrets.randbits(32) if chosen_seed is None else chosen_seed
            run_batch(seed)
            batches += 1
            report(batches, start)
            if chosen_seed is not None:
                break
    except KeyboardInterrupt:
        print("stopped", flush=True)
    except Exception:
        print(f"failed: make soak SEED={seed}", file=sys.stderr, flush=True)
        raise
    report(batches, start)
    return 0


def run_batch(seed: int) -> None:
    """Run some stories.

    Raises:
        Exception: a story fails; the notes show the shortest one that does.
    """
    run_state_machine_as_test(hypothesis.seed(seed)(Lifecycle), settings=SETTINGS)


def report(batches: int, start: float) -> None:
    """Print what has run so far."""
    seconds = time.monotonic() - start
    done = ", ".join(f"{count} {what}" for what, count in sorted(Fleet.tally.items()))
    print(f"{seconds:.0f} s: {batches * STORIES_PER_BATCH} stories, {done}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
