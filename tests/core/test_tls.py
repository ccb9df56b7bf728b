from __future__ import annotations

from typing import Dict, List, Optional

import pytest

from parca_scrape import AppDatabag, Job, Problem, StaticConfig, TLSConfig
from tests.pem import CERTIFICATE, DER, PRIVATE_KEY, pem
from tests.reading import error, job, read_jobs, refusal, warning

CONFIG = "scrape_jobs[0].tls_config"
NO_CERTIFICATE = "must contain a PEM block CERTIFICATE, with BEGIN and END on lines of their own"
NO_KEY = "must contain a PEM block PRIVATE KEY, with BEGIN and END on lines of their own"
NO_DER = "the PEM block CERTIFICATE does not hold a certificate: copy it again from its file"
NO_EFFECT = "has no effect over http: set scheme to https"
TEXT = "must be a string, a number or a boolean"
SURROGATE = "contains half of a surrogate pair: write the whole character"
VERSION = "must be one of TLS10, TLS11, TLS12, TLS13"
BELOW = "is below min_version, which is TLS12 unless it is set"
HOST_FILE = "names a file or a secret on the Parca host: put the PEM text itself into"
CERT_ALONE = "needs a key: Parca refuses a certificate without one"
KEY_ALONE = "needs a cert: Parca refuses a key without one"
PAIR = {"cert": CERTIFICATE, "key": PRIVATE_KEY}
BAD_CERTIFICATE = pem("CERTIFICATE", DER + b"x")


def secure_job(**settings: object) -> Dict[str, object]:
    """Return a job that scrapes port 80 of each unit over https."""
    return {**job(), "scheme": "https", **settings}


@pytest.mark.parametrize(
    ("raw", "served", "problems"),
    [
        ({}, None, []),
        ("", None, []),
        (None, None, []),
        ("text", None, [error(CONFIG, "must be an object")]),
        ([], None, [error(CONFIG, "must be an object")]),
        ({"ca": CERTIFICATE}, {"ca": CERTIFICATE}, []),
        ({"ca": ""}, None, []),
        ({"ca": None}, None, []),
        ({"ca": "/etc/ca.pem"}, None, [error(f"{CONFIG}.ca", NO_CERTIFICATE)]),
        ({"ca": PRIVATE_KEY}, None, [error(f"{CONFIG}.ca", NO_CERTIFICATE)]),
        ({"ca": 5}, None, [error(f"{CONFIG}.ca", NO_CERTIFICATE)]),
        ({"ca": [CERTIFICATE]}, None, [error(f"{CONFIG}.ca", TEXT)]),
        ({"ca": f"\ud800\n{CERTIFICATE}"}, None, [error(f"{CONFIG}.ca", SURROGATE)]),
        (
            {"ca": BAD_CERTIFICATE + CERTIFICATE},
            {"ca": BAD_CERTIFICATE + CERTIFICATE},
            [],
        ),
        (PAIR, PAIR, []),
        ({"cert": CERTIFICATE}, None, [error(f"{CONFIG}.cert", CERT_ALONE)]),
        ({"key": PRIVATE_KEY}, None, [error(f"{CONFIG}.key", KEY_ALONE)]),
        ({"cert": CERTIFICATE, "key": ""}, None, [error(f"{CONFIG}.cert", CERT_ALONE)]),
        (
            {"cert": CERTIFICATE, "key": CERTIFICATE},
            None,
            [error(f"{CONFIG}.key", NO_KEY), error(f"{CONFIG}.cert", CERT_ALONE)],
        ),
        (
            {"cert": BAD_CERTIFICATE + CERTIFICATE, "key": PRIVATE_KEY},
            None,
            [error(f"{CONFIG}.cert", NO_DER), error(f"{CONFIG}.key", KEY_ALONE)],
        ),
        ({"server_name": "zinc"}, {"server_name": "zinc"}, []),
        ({"server_name": 5}, {"server_name": "5"}, []),
        ({"server_name": ""}, None, []),
        ({"server_name": {}}, None, [error(f"{CONFIG}.server_name", TEXT)]),
        ({"server_name": "\udfff"}, None, [error(f"{CONFIG}.server_name", SURROGATE)]),
        ({"insecure_skip_verify": True}, {"insecure_skip_verify": True}, []),
        ({"insecure_skip_verify": False}, {"insecure_skip_verify": False}, []),
        ({"insecure_skip_verify": "ON"}, {"insecure_skip_verify": True}, []),
        ({"insecure_skip_verify": "n"}, {"insecure_skip_verify": False}, []),
        ({"insecure_skip_verify": ""}, None, []),
        (
            {"insecure_skip_verify": "true"},
            None,
            [error(f"{CONFIG}.insecure_skip_verify", "must be true or false")],
        ),
        (
            {"server_name": "zinc", "servername": "zinc"},
            {"server_name": "zinc"},
            [
                warning(
                    f"{CONFIG}.servername",
                    "unknown or not allowed here, so Parca scrapes without it; the allowed keys"
                    " are ca, ca_file, ca_ref, cert, cert_file, cert_ref, insecure_skip_verify,"
                    " key, key_file, key_ref, max_version, min_version, server_name",
                )
            ],
        ),
    ],
)
def test_of_tls_settings_only_the_bad_ones_are_left_out(
    raw: object, served: Optional[Dict[str, object]], problems: List[Problem]
) -> None:
    assert read_jobs(secure_job(tls_config=raw)) == (
        [secure_job(tls_config=served) if served else secure_job()],
        problems,
    )


@pytest.mark.parametrize(
    ("lowest", "highest", "is_good"),
    [
        ("", "", True),
        ("TLS10", "", True),
        ("TLS11", "", True),
        ("TLS12", "", True),
        ("TLS13", "", True),
        ("", "TLS13", True),
        ("", "TLS12", True),
        ("", "TLS11", False),
        ("", "TLS10", False),
        ("TLS12", "TLS12", True),
        ("TLS12", "TLS13", True),
        ("TLS12", "TLS11", False),
        ("TLS13", "TLS13", True),
        ("TLS13", "TLS12", False),
        ("TLS11", "TLS11", True),
        ("TLS11", "TLS10", False),
        ("TLS10", "TLS10", True),
    ],
)
def test_tls_versions_that_contradict_each_other_are_both_left_out(
    lowest: str, highest: str, is_good: bool
) -> None:
    versions = {"min_version": lowest, "max_version": highest}
    served = {key: version for key, version in versions.items() if version and is_good}

    assert read_jobs(secure_job(tls_config=versions)) == (
        [secure_job(tls_config=served) if served else secure_job()],
        [] if is_good else [error(f"{CONFIG}.max_version", BELOW)],
    )


@pytest.mark.parametrize("version", ["TLS14", "TLS1.2", "tls12", "1.2", "SSL30", 12, True, [], {}])
def test_a_tls_version_has_one_of_four_names(version: object) -> None:
    raw = {"min_version": version, "max_version": "TLS13"}

    assert read_jobs(secure_job(tls_config=raw)) == (
        [secure_job(tls_config={"max_version": "TLS13"})],
        [error(f"{CONFIG}.min_version", VERSION)],
    )


@pytest.mark.parametrize("value", ["/etc/shadow", "a-secret", 5, False, [], {}])
@pytest.mark.parametrize("kind", ["file", "ref"])
@pytest.mark.parametrize("inline", ["ca", "cert", "key"])
def test_a_remote_picks_no_files_and_no_secrets_on_the_parca_host(
    inline: str, kind: str, value: object
) -> None:
    raw = {f"{inline}_{kind}": value, "server_name": "zinc"}

    assert read_jobs(secure_job(tls_config=raw)) == (
        [secure_job(tls_config={"server_name": "zinc"})],
        [error(f"{CONFIG}.{inline}_{kind}", f"{HOST_FILE} {inline}")],
    )


@pytest.mark.parametrize("nothing", ["", None])
@pytest.mark.parametrize("name", ["ca_file", "cert_file", "key_file", "ca_ref"])
def test_an_empty_file_name_is_none(name: str, nothing: object) -> None:
    assert read_jobs(secure_job(tls_config={name: nothing})) == ([secure_job()], [])


@pytest.mark.parametrize(
    ("scheme", "label", "is_used"),
    [
        ("", "", False),
        ("http", "", False),
        ("http", "http", False),
        ("https", "", True),
        ("https", "http", True),
        ("", "HTTPS", True),
        ("http", "https", True),
    ],
)
def test_settings_that_nothing_makes_https_are_served_with_a_warning(
    scheme: str, label: str, is_used: bool
) -> None:
    static_configs = [
        {"targets": ["a:1"]},
        {"targets": ["b:1"], **({"labels": {"__scheme__": label}} if label else {})},
    ]
    mapping = {
        "static_configs": static_configs,
        **({"scheme": scheme} if scheme else {}),
        "tls_config": {"server_name": "zinc"},
    }
    served, problems = read_jobs(mapping)

    assert [mapping["tls_config"] for mapping in served] == [{"server_name": "zinc"}]
    assert problems == ([] if is_used else [warning(CONFIG, NO_EFFECT)])


def test_a_typed_job_with_settings_that_nothing_makes_https_is_refused() -> None:
    settings = TLSConfig(server_name="zinc")

    assert refusal(lambda: Job(tls_config=settings)) == f"tls_config: {NO_EFFECT}"
    assert Job(tls_config=settings, scheme="https").tls_config == settings
    labelled = StaticConfig(labels={"__scheme__": "https"})
    assert Job([labelled], tls_config=settings).tls_config == settings


def test_typed_settings_are_what_they_were_made_of() -> None:
    settings = TLSConfig(CERTIFICATE, CERTIFICATE, PRIVATE_KEY, "zinc", False, "TLS10", "TLS13")

    assert list(settings.as_mapping().items()) == [
        ("ca", CERTIFICATE),
        ("cert", CERTIFICATE),
        ("key", PRIVATE_KEY),
        ("server_name", "zinc"),
        ("insecure_skip_verify", False),
        ("min_version", "TLS10"),
        ("max_version", "TLS13"),
    ]


def test_typed_settings_that_say_nothing_are_no_settings() -> None:
    assert TLSConfig().as_mapping() == {}
    assert Job(tls_config=TLSConfig()) == Job()


def test_typed_settings_that_parca_would_not_load_or_use_are_refused() -> None:
    assert refusal(lambda: TLSConfig(ca="/etc/ca.pem")) == f"ca: {NO_CERTIFICATE}"
    swapped = refusal(lambda: TLSConfig(cert=PRIVATE_KEY, key=PRIVATE_KEY))
    assert swapped == f"cert: {NO_CERTIFICATE}"
    assert refusal(lambda: TLSConfig(cert=CERTIFICATE, key=CERTIFICATE)) == f"key: {NO_KEY}"
    assert refusal(lambda: TLSConfig(cert=CERTIFICATE)) == f"cert: {CERT_ALONE}"
    assert refusal(lambda: TLSConfig(key=PRIVATE_KEY)) == f"key: {KEY_ALONE}"
    assert refusal(lambda: TLSConfig(server_name="\ud800")) == f"server_name: {SURROGATE}"
    assert refusal(lambda: TLSConfig(min_version="1.2")) == f"min_version: {VERSION}"
    assert refusal(lambda: TLSConfig(max_version="TLS11")) == f"max_version: {BELOW}"


def test_no_pem_text_is_in_a_repr() -> None:
    key = pem("PRIVATE KEY", b"\x30\x06secret")
    body = key.splitlines()[1]
    settings = TLSConfig(ca=key + CERTIFICATE, cert=key + CERTIFICATE, key=key)
    job_with_key = Job(scheme="https", tls_config=settings)

    assert str(job_with_key.as_mapping()).count(body) == 3
    for value in (settings, job_with_key, AppDatabag((job_with_key,))):
        assert body not in repr(value)
