from __future__ import annotations

from typing import List, Mapping, Optional, Sequence

import pytest

from parca_scrape.cli.reference import render_reference
from parca_scrape.migration.plan.continuity import Entry, Move, follow_series
from parca_scrape.migration.plan.deployment import Provider
from parca_scrape.migration.plan.models import Model
from tests.migration.plan.relations import ADDRESS, make_job, make_provider, make_relation

PORT = make_job("*:80")
OTHER = make_job("*:81", job_name="other")


def follow(*providers: Provider, before: Optional[Sequence[object]] = None) -> Move:
    """Return what becomes of the series of some applications."""
    return follow_series(providers, before, Model("cos"))


def changed(move: Move) -> List[Entry]:
    """Return the entries that have a cause."""
    return [entry for entry in move.entries if entry.cause.why]


def follow_jobs(*jobs: object, before: Sequence[object] = ()) -> Entry:
    """Return the only entry with a cause, if `parca.yaml` is of other jobs."""
    old = [make_relation(*before)] if before else []
    configuration = render_reference(old, "machine") if before else None
    [entry] = changed(follow(make_provider(make_relation(*jobs)), before=configuration))
    return entry


def test_what_the_machine_charm_scrapes_goes_on_in_another_model() -> None:
    move = follow(make_provider(make_relation(PORT)))
    assert [entry.row.change.name for entry in move.entries] == ["GOES_ON"]
    assert (changed(move), move.warnings, move.is_loss) == ([], [], False)
    assert (move.reference_rows, move.reference_failures) == ([], [])


WORTH_A_REASON = [
    (
        "GOES_ON",
        [make_job("*:80", scheme="https")],
        (),
        "the library of the machine charm drops the scheme https",
    ),
    (
        "ENDS",
        [make_job("*:80", profiling_config={"pprof_config": {"block": {"enabled": False}}})],
        (),
        "the profiling_config of the job turns these profiles off",
    ),
    (
        "STARTS",
        [
            make_job(
                "*:80",
                profiling_config={"pprof_config": {"fgprof": {"enabled": True, "path": "/f"}}},
            )
        ],
        (),
        "the profiling_config of the job turns these profiles on",
    ),
    ("ENDS", [make_job("api.example.com:80")], (), "no scrape job lists it: the library"),
    (
        "ENDS",
        [PORT, make_job("*:99999", job_name="b")],
        (),
        "parca-scrape skips it: scrape_jobs[1].static_configs[0].targets[0]: must be host:port",
    ),
    (
        "ENDS",
        [make_job("*:80", scrape_interval=[]), make_job("*:99999", job_name="b")],
        (),
        "parca-scrape skips it: scrape_jobs[1].static_configs[0].targets[0]: must be host:port",
    ),
    ("ENDS", [PORT], [PORT, OTHER], "the databags do not ask for it"),
    ("STARTS", [PORT, OTHER], [PORT], "the databags ask for it, and the old Parca does not"),
]


@pytest.mark.parametrize(("change", "jobs", "before", "why"), WORTH_A_REASON)
def test_what_changes_has_a_reason(
    change: str, jobs: Sequence[object], before: Sequence[object], why: str
) -> None:
    entry = follow_jobs(*jobs, before=before)
    assert entry.row.change.name == change
    assert entry.cause.why.startswith(why)


def test_a_unit_without_a_published_name_gets_another_one_across_models() -> None:
    provider = make_provider(
        make_relation(PORT, unit_databag={"parca_scrape_unit_address": ADDRESS})
    )
    [entry] = changed(follow(provider))
    labels = {label.name: label.new for label in entry.row.changed_labels}
    assert entry.row.change.name == "BREAKS"
    assert labels["juju_unit"] == "remote-…/0"
    assert entry.cause.why.startswith("the databags do not say what the application or the unit")
    assert changed(follow(provider._replace(model="cos", is_cross_model=True))) == []


def test_labels_break_series() -> None:
    def label(**labels: str) -> Mapping[str, object]:
        return {"static_configs": [{"targets": ["*:80"], "labels": labels}]}

    lost = follow_jobs(label(**{"a;b": "c"}))
    assert lost.row.change.name == "BREAKS"
    path = 'scrape_jobs[0].static_configs[0].labels["a;b"]'
    assert lost.cause.why.startswith(f"parca-scrape skips it: {path}: the name of a label must")
    assert lost.cause.action == "run parca-scrape check, and fix the charm"
    for jobs, before in (
        ([label(team="web")], [label(team="api")]),
        ([PORT], [label(team="api")]),
        ([label(team="web")], [PORT]),
    ):
        changed_label = follow_jobs(*jobs, before=before)
        assert changed_label.cause.why == "the labels in the databags differ from those before"


def test_a_job_of_a_taken_name_gets_another_one() -> None:
    label = {"targets": ["*:81"], "labels": {"tier": "web"}}
    relation = make_relation(PORT, {"static_configs": [label]})
    move = follow(make_provider(relation), before=render_reference([relation], "machine"))
    [entry] = changed(move)
    assert entry.row.change.name == "BREAKS"
    assert [label.new for label in entry.row.changed_labels] == ["lma_3d5c8a10_shop_2"]
    assert entry.cause.why == "another job has the same name, and Parca accepts only one"
    [warning] = move.warnings
    assert warning.endswith("Parca refuses a file with two jobs of the same name")


@pytest.mark.parametrize(
    ("settings", "whys"),
    [
        (
            {
                "profiling_config": {
                    "pprof_config": {
                        "memory": {"enabled": False},
                        "fgprof": {"enabled": True, "path": "/f"},
                    }
                }
            },
            [
                "the databags do not turn these profiles on",
                "the databags turn these profiles on, and parca.yaml does not",
            ],
        ),
        ({"scheme": "https"}, ["the databags have another scheme than parca.yaml"]),
        ({"job_name": "old"}, ["the labels in the databags differ from those before"]),
    ],
)
def test_what_only_parca_yaml_has_is_not_ascribed_to_the_databags(
    settings: Mapping[str, object], whys: List[str]
) -> None:
    relation = make_relation(make_job("*:80", **settings))
    before = render_reference([relation], "k8s")
    move = follow(make_provider(make_relation(PORT)), before=before)
    assert [entry.cause.why for entry in changed(move)] == whys


def test_the_own_job_of_parca_is_known() -> None:
    own = {"job_name": "parca", "static_configs": [{"targets": ["127.0.0.1:7070"]}]}
    relation = make_relation(PORT)
    before = [*render_reference([relation], "machine"), own]
    [entry] = changed(follow(make_provider(relation), before=before))
    assert entry.cause.why.startswith("parca-k8s profiles itself in a job of this name")


def test_an_error_elsewhere_does_not_explain_why_a_unit_has_gone() -> None:
    before = render_reference([make_relation(PORT, address="10.0.0.1")], "machine")
    relation = make_relation(PORT, make_job("bad:0", job_name="other"), unit_databag={})
    move = follow(make_provider(relation), before=before)
    assert [entry.cause.why for entry in changed(move)] == ["the databags do not ask for it"]


def test_a_bad_address_explains_why_a_unit_is_not_scraped() -> None:
    move = follow(make_provider(make_relation(PORT, address="no host")))
    [entry] = move.entries
    assert entry.row.change.name == "ENDS"
    assert entry.cause.why.startswith("parca-scrape skips it: parca_scrape_unit_address: must be")
    assert move.warnings[-1].startswith("with these problems, the machine charm fails")


def test_the_bare_address_of_a_unit_ends_also_next_to_a_job_for_the_units() -> None:
    relation = make_relation(make_job("*:8080"), make_job("db.example.com:6060", job_name="db"))
    [entry] = changed(follow(make_provider(relation)))
    assert entry.cause.why.startswith("no scrape job lists it: the library")


def test_an_application_on_two_endpoints_is_explained_by_both_relations() -> None:
    one = make_relation(PORT)
    other = make_relation(make_job("bad.example.com:0", job_name="other"))._replace(relation_id=10)
    move = follow(make_provider(one), make_provider(other))
    whys = [entry.cause.why for entry in changed(move)]
    assert any("targets[0]: must be host:port" in why for why in whys)
    secure = make_relation(make_job("*:443", scheme="https"))._replace(relation_id=10)
    move = follow(make_provider(one), make_provider(secure))
    assert (move.old_settings, move.new_settings) == (
        {9: set(), 10: set()},
        {9: set(), 10: {"scheme"}},
    )


def test_jobs_without_metadata_were_passed_on_as_they_are() -> None:
    relation = make_relation(make_job("*:8443", job_name="raw", scheme="https"))
    jobs = {"scrape_jobs": relation.app_databag["scrape_jobs"]}
    move = follow(make_provider(relation._replace(app_databag=jobs)))
    ended, started = move.entries
    assert ended.cause.why.startswith("without scrape_metadata in the databag, the library of")
    assert started.cause.why.startswith("without scrape_metadata, the library of the machine")
    assert move.old_settings == move.new_settings == {9: {"scheme"}}


def test_nothing_to_compare_is_a_warning() -> None:
    move = follow(make_provider(make_relation()))
    assert move.warnings == ["the input shows no scrape jobs, so there is nothing to compare"]


def test_a_target_that_moves_has_another_address() -> None:
    relation = make_relation(PORT, address="10.0.0.1")
    configuration = render_reference([relation], "machine")
    [entry] = changed(follow(make_provider(make_relation(PORT)), before=configuration))
    assert entry.row.change.name == "MOVED"
    assert entry.cause.why == "the databags have another address than parca.yaml"


def test_a_job_without_a_relation_is_stale() -> None:
    relation = make_relation(PORT, address="10.0.0.1", application="gone")
    gone = render_reference([relation], "machine")
    move = follow(make_provider(make_relation(PORT)), before=gone)
    [ended] = [entry for entry in move.entries if entry.row.change.name == "ENDS"]
    assert ended.cause.why.startswith("no relation in the input asks for it")


def test_a_relation_on_which_the_machine_charm_fails_is_named_and_the_others_are_compared() -> (
    None
):
    good = make_provider(make_relation(PORT))
    bad = make_provider(make_relation(PORT, application="api", model_uuid="0197a3c2"))
    move = follow(good, bad._replace(application="api"))
    assert [entry.row.change.name for entry in move.entries] == ["STARTS", "GOES_ON"]
    failure, advice = move.warnings
    assert "the machine reference library fails on scrape_metadata.model_uuid" in failure
    assert advice.endswith("pass its parca.yaml with --parca-yaml")
    assert "the k8s reference library fails" in move.reference_failures[0]


def test_what_the_reference_library_does_otherwise_is_listed() -> None:
    move = follow(make_provider(make_relation(make_job("api.example.com:80"))))
    assert [row.change.name for row in move.reference_rows] == ["STARTS"]
