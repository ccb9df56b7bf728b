from __future__ import annotations

import re
import shlex
from typing import List, Sequence

import pytest

from parca_scrape.cli.console import CommandError
from parca_scrape.migration.plan.deployment import Deployment, Other, Provider
from parca_scrape.migration.plan.models import Model
from parca_scrape.migration.plan.steps import list_steps
from parca_scrape.migration.plan.way import Forecast, Step, Way
from tests.cli.deployed import REMOTE
from tests.migration.plan.relations import make_job, make_provider, make_relation

SHOP = make_provider(make_relation(make_job("*:80")))
HERE = SHOP._replace(
    relation=SHOP.relation._replace(application="here-zinc"),
    application="zinc",
    model="cos",
    is_cross_model=True,
)
OFFERED = Provider(
    relation=SHOP.relation._replace(application=REMOTE, relation_id=14),
    application="api",
    model="edge",
    charm="api",
    is_cross_model=True,
)
CONSUMED = SHOP._replace(
    relation=SHOP.relation._replace(application="edge-api"),
    application="api",
    model="edge",
    is_cross_model=True,
)
STORE = "parca-store-endpoint"
AGENT = Other(2, STORE, "agent", STORE, is_cross_model=False)
REMOTE_AGENT = Other(3, STORE, REMOTE, STORE, is_cross_model=True)
METRICS = Other(4, "metrics-endpoint", "prometheus", "metrics-endpoint", is_cross_model=False)
ELSEWHERE = Other(5, "grafana-dashboard", "grafana", "grafana-dashboard", is_cross_model=True)
CLOUD = Other(6, f"external-{STORE}", "cloud", STORE, is_cross_model=True)


def make_way(
    *providers: Provider, juju: int = 3, target: str = "cos", others: Sequence[Other] = ()
) -> Way:
    """Return the way of some applications."""
    deployment = Deployment("parca/0", "parca", "lma", providers, others, shows_others=True)
    return Way(deployment, "profiling-endpoint", Model.parse(target), juju)


def steps_of(way: Way, *blocked: int) -> List[Step]:
    """Return the steps of a way on which some relations have hosts that do not resolve."""
    return list_steps(way, Forecast(frozenset(blocked), "breaks: 0", is_of_parca_yaml=True))


def commands_of(steps: List[Step], title: str) -> List[str]:
    """Return the commands of the steps whose titles contain a text."""
    return [command for step in steps if title in step.title for command in step.commands]


def all_commands(steps: List[Step]) -> List[str]:
    """Return the commands, checks and ways back of steps."""
    return [command for step in steps for command in (*step.commands, *step.checks, *step.undo)]


def test_the_endpoint_is_offered_once_and_consumed_once_in_each_model() -> None:
    steps = steps_of(make_way(SHOP, SHOP._replace(application="web"), OFFERED))
    assert commands_of(steps, "Offer") == ["juju offer cos.parca-k8s:profiling-endpoint parca-k8s"]
    assert commands_of(steps, "Consume") == [
        "juju consume -m lma cos.parca-k8s parca-k8s",
        "juju consume -m edge cos.parca-k8s parca-k8s",
    ]


def test_every_application_is_related_to_the_new_parca_before_it_leaves_the_old_one() -> None:
    steps = steps_of(make_way(SHOP, HERE, OFFERED, CONSUMED))
    assert commands_of(steps, "Relate") == [
        "juju integrate -m lma shop:profiling-endpoint parca-k8s:profiling-endpoint",
        "juju integrate -m cos zinc:profiling-endpoint parca-k8s:profiling-endpoint",
        "juju integrate -m edge api:profiling-endpoint parca-k8s:profiling-endpoint",
        "juju integrate -m edge api:profiling-endpoint parca-k8s:profiling-endpoint",
    ]
    old = "parca:profiling-endpoint"
    assert commands_of(steps, "from the old Parca") == [
        f"juju remove-relation -m lma shop:profiling-endpoint {old}",
        f"juju remove-relation -m lma here-zinc:profiling-endpoint {old}",
        "juju remove-saas -m lma here-zinc",
        "juju remove-relation -m lma 14",
        "juju remove-saas -m edge OLD-SAAS",
        f"juju remove-relation -m lma edge-api:profiling-endpoint {old}",
        "juju remove-saas -m lma edge-api",
    ]
    titles = [step.title for step in steps]
    assert max(map(titles.index, filter(lambda title: "Relate" in title, titles))) < titles.index(
        "Stop the old Parca from scraping"
    )


def test_applications_in_the_new_model_need_no_offer() -> None:
    steps = steps_of(make_way(HERE))
    assert commands_of(steps, "Offer") + commands_of(steps, "Consume") == []


def test_one_offer_is_for_all_endpoints_that_have_to_move() -> None:
    steps = steps_of(make_way(SHOP, others=[AGENT, METRICS, ELSEWHERE]))
    assert commands_of(steps, "Offer") == [
        "juju offer cos.parca-k8s:profiling-endpoint,parca-store-endpoint,metrics-endpoint"
        " parca-k8s"
    ]


def test_an_agent_leaves_the_old_parca_first_and_others_have_both() -> None:
    steps = steps_of(make_way(SHOP, others=[AGENT, METRICS, ELSEWHERE]))
    store, metrics, grafana = (
        commands_of(steps, endpoint)
        for endpoint in ("parca-store-endpoint", "metrics-endpoint", "grafana-dashboard")
    )
    assert store == [
        "juju remove-relation -m lma agent:parca-store-endpoint parca:parca-store-endpoint",
        "juju integrate -m lma agent:parca-store-endpoint parca-k8s:parca-store-endpoint",
    ]
    assert metrics == [
        "juju integrate -m lma prometheus:metrics-endpoint parca-k8s:metrics-endpoint"
    ]
    assert grafana == [
        "juju integrate -m cos APPLICATION:grafana-dashboard parca-k8s:grafana-dashboard"
    ]
    assert commands_of(steps, "ingress") == [
        "juju integrate -m cos parca-k8s:ingress TRAEFIK:traefik-route"
    ]
    assert commands_of(steps_of(make_way(SHOP, others=[METRICS])), "ingress") == []


def test_agents_of_another_model_are_switched_there() -> None:
    steps = steps_of(make_way(SHOP, others=[REMOTE_AGENT, CLOUD]))
    assert commands_of(steps, f"from {STORE}") == ["juju remove-relation -m lma 3"]
    assert commands_of(steps, f"to {STORE}") == [
        "juju consume -m OLD-MODEL cos.parca-k8s parca-k8s",
        f"juju integrate -m OLD-MODEL APPLICATION:{STORE} parca-k8s:{STORE}",
    ]
    assert commands_of(steps, "cloud") == [
        "juju remove-relation -m lma 6",
        f"juju integrate -m cos APPLICATION:{STORE} parca-k8s:external-{STORE}",
    ]
    assert commands_of(steps, "Offer") == [
        f"juju offer cos.parca-k8s:profiling-endpoint,{STORE} parca-k8s"
    ]
    assert "juju remove-offer lma.OLD-OFFER" in commands_of(steps, "Remove the old")


def test_another_endpoint_is_that_of_the_old_parca_only() -> None:
    steps = steps_of(make_way(SHOP)._replace(endpoint="scrape-it"))
    saved, *_ = steps
    assert saved.commands[1].endswith('"$(parca-scrape collect scrape-it)" > before.txt')
    assert saved.checks == ("parca-scrape check --endpoint scrape-it before.txt",)
    assert commands_of(steps, "Offer") == ["juju offer cos.parca-k8s:profiling-endpoint parca-k8s"]
    new, old = "parca-k8s:profiling-endpoint", "parca:scrape-it"
    assert commands_of(steps, "Relate") == [f"juju integrate -m lma {SHOP.endpoint} {new}"]
    assert commands_of(steps, "from the old Parca") == [
        f"juju remove-relation -m lma {SHOP.endpoint} {old}"
    ]


def test_a_model_of_the_same_name_on_another_controller_is_another_model() -> None:
    steps = steps_of(make_way(SHOP, target="k8s:admin/lma"))
    assert commands_of(steps, "Consume") == [
        "juju consume -m lma k8s:admin/lma.parca-k8s parca-k8s"
    ]
    assert commands_of(steps, "Relate")[0].startswith("juju integrate -m lma shop")


def test_an_application_whose_hosts_do_not_resolve_has_a_note() -> None:
    way = make_way(SHOP, OFFERED)
    titles = [
        step.title
        for step in steps_of(way, 14)
        if any("its addresses" in note for note in step.notes)
    ]
    assert titles == ["Relate api to the new Parca"]


def test_an_offer_of_the_old_parca_goes_with_it() -> None:
    steps = steps_of(make_way(SHOP, OFFERED))
    assert commands_of(steps, "Remove api") == [
        "juju remove-relation -m lma 14",
        "juju remove-saas -m edge OLD-SAAS",
    ]
    assert commands_of(steps, "Remove the old") == [
        "juju remove-offer lma.OLD-OFFER",
        "juju remove-application -m lma parca",
    ]


def test_the_last_check_names_what_diff_prints() -> None:
    way = make_way(SHOP)
    [known] = [step for step in steps_of(way) if step.title.startswith("Check")]
    assert known.expected == "the last line is `breaks: 0`, as in the section Series"
    forecast = Forecast(frozenset(), "breaks: 0", is_of_parca_yaml=False)
    [unknown] = [step for step in list_steps(way, forecast) if step.title.startswith("Check")]
    assert "--parca-yaml parca.yaml" in unknown.expected


def test_another_controller_is_named_in_every_command_for_the_new_model() -> None:
    steps = steps_of(make_way(SHOP, target="k8s:admin/cos"))
    assert commands_of(steps, "Offer") == [
        "juju offer -c k8s admin/cos.parca-k8s:profiling-endpoint parca-k8s"
    ]
    assert commands_of(steps, "Consume") == [
        "juju consume -m lma k8s:admin/cos.parca-k8s parca-k8s"
    ]
    of_new_model = [command for command in all_commands(steps) if "cos" in command]
    assert [command for command in of_new_model if "k8s" not in command.split("cos")[0]] == []


def test_juju_4_gets_no_command_that_it_does_not_have() -> None:
    three, four = (
        all_commands(steps_of(make_way(SHOP, OFFERED, juju=juju, others=[AGENT])))
        for juju in (3, 4)
    )
    missing = re.compile(r"wait-for|--watch|export-bundle")
    assert [command for command in three if missing.search(command)] == [
        "juju wait-for application -m cos parca-k8s --timeout 15m"
    ]
    assert [command for command in four if missing.search(command)] == []


def test_every_command_is_a_line_that_a_shell_can_split() -> None:
    steps = steps_of(make_way(SHOP, HERE, OFFERED, CONSUMED, others=[AGENT, METRICS]))
    for command in all_commands(steps):
        assert shlex.split(command)[0] in ("juju", "parca-scrape", "umask")
        assert "\n" not in command


def test_every_step_that_changes_something_can_be_undone_but_the_last() -> None:
    steps = steps_of(make_way(SHOP, OFFERED, others=[AGENT, METRICS]))
    changing = [step for step in steps if not step.title.startswith(("Save", "Check"))]
    assert [step.title for step in changing if not step.undo] == ["Remove the old Parca"]
    assert [step.title for step in steps if not step.expected] == []


def test_the_saas_has_another_name_than_any_application() -> None:
    taken = make_provider(SHOP.relation)._replace(application="parca-k8s")
    assert commands_of(steps_of(make_way(taken)), "Consume") == [
        "juju consume -m lma cos.parca-k8s new-parca-k8s"
    ]
    way = make_way(SHOP)
    deployment = way.deployment._replace(parca_unit="parca-k8s/0")
    steps = steps_of(way._replace(deployment=deployment))
    assert commands_of(steps, "Consume") == ["juju consume -m lma cos.parca-k8s new-parca-k8s"]


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("cos", Model("cos")),
        ("admin/cos", Model("cos", qualifier="admin")),
        ("k8s:cos", Model("cos", controller="k8s")),
        ("k8s:me@external/cos", Model("cos", controller="k8s", qualifier="me@external")),
    ],
)
def test_a_model_can_have_a_user_and_a_controller(text: str, model: Model) -> None:
    assert Model.parse(text) == model
    assert model.address == text


@pytest.mark.parametrize("text", ["", "a b", "cos;ls", "-m", "a/b/c", "Cos", "$(id)"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match=r"--target-model: .*: expected MODEL"):
        Model.parse(text)
