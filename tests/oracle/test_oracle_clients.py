from __future__ import annotations

from typing import Dict, List, Optional

import pytest

from tests.oracle import Verdict, judge, loaded_jobs
from tests.oracle.pem import Block, blocks, fills_pool, is_certificate, key_pair_error

# Made for these tests alone.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBOjCB7aADAgECAhQ1qOCHNazmhYQVbmLUnzhUPVe9cTAFBgMrZXAwEjEQMA4G
A1UEAwwHZXhhbXBsZTAgFw0yNjExMjQxNDA3MDNaGA8yMTI2MTAzMTE0MDcwM1ow
EjEQMA4GA1UEAwwHZXhhbXBsZTAqMAUGAytlcAMhAOvC3939BBCQWQjXLhp7vy/F
wunI7izZ8pZNPzZjpOAko1MwUTAdBgNVHQ4EFgQUSrTYAmWOw5c/6N0Vax3MfmuI
1VkwHwYDVR0jBBgwFoAUSrTYAmWOw5c/6N0Vax3MfmuI1VkwDwYDVR0TAQH/BAUw
AwEB/zAFBgMrZXADQQB4HaAaLx9Ds0UMcrlNqhQmnLkkEh3h9hxE/1KARatggK5i
1aQWAxhOqQ3rT259r25kMcmWhvn2/fkl9cFZfGUI
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINboiXCV2Q++z/fsvXQdlc/vDG63IkFEWopE77TZpfyG
-----END PRIVATE KEY-----
"""
OTHER_KEY = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEID9PDlZ7hwzY3rG8t53BznmvvTpggReQfsJXZIs/7dbl
-----END PRIVATE KEY-----
"""
BROKEN_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"


def job_of(**settings: object) -> Dict[str, object]:
    return {"job_name": "j", "static_configs": [{"targets": ["h:80"]}], **settings}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("-----BEGIN A-----\nQUI=\n-----END A-----", [Block("A", False, b"AB")]),
        (
            "x\r\n-----BEGIN A-----\r\nQU\r\nI= \r\n-----END A----- \t\r\n",
            [Block("A", False, b"AB")],
        ),
        ("-----BEGIN A-----\n-----END A-----\n", [Block("A", False, b"")]),
        ("-----BEGIN A-----\nK: v\n\nQUI=\n-----END A-----\n", [Block("A", True, b"AB")]),
        (
            "-----BEGIN B-----\n-----BEGIN A-----\nQUI=\n-----END A-----\n",
            [Block("A", False, b"AB")],
        ),
        (
            "-----BEGIN A-----\n!\n-----END A-----\n-----BEGIN B-----\nQUI=\n-----END B-----\n",
            [Block("B", False, b"AB")],
        ),
        ("x-----BEGIN A-----\nQUI=\n-----END A-----\n", []),
        (" -----BEGIN A-----\nQUI=\n-----END A-----\n", []),
        ("-----BEGIN A-----\nQUI=\n-----END B-----\n", []),
        ("-----BEGIN A-----\nQUI=\n-----END A-----x\n", []),
        ("-----BEGIN A-----\nQUI=-----END A-----\n", []),
        ("-----BEGIN A-----\nQUI\n-----END A-----\n", []),
        ("-----BEGIN A-----\nQU\vI=\n-----END A-----\n", []),
        ("-----BEGIN A----\nQUI=\n-----END A----\n", []),
        ("-----BEGIN A-----\nK: v", []),
        ("-----BEGIN A-----\nK: v\n-----END A-----\n", []),
        ("\n-----END A-----\n", []),
        ("", []),
    ],
)
def test_blocks_are_found_as_in_go(text: str, found: List[Block]) -> None:
    assert blocks(text) == found


@pytest.mark.parametrize(
    ("text", "fills"),
    [
        (CERTIFICATE, True),
        (f"text\n{CERTIFICATE}more", True),
        (KEY + CERTIFICATE, True),
        (CERTIFICATE.replace("-----\n", "-----\nK: v\n\n", 1), False),
        (CERTIFICATE.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), False),
        (CERTIFICATE.replace("\n", ""), False),
        (BROKEN_CERTIFICATE, False),
        (BROKEN_CERTIFICATE + CERTIFICATE, True),
        (KEY, False),
        ("x", False),
    ],
)
def test_a_pool_needs_one_good_certificate(text: str, fills: bool) -> None:
    assert fills_pool(text) is fills


def test_a_certificate_ends_where_it_says() -> None:
    (block,) = blocks(CERTIFICATE)

    assert is_certificate(block.body)
    assert not is_certificate(block.body + b"\0")
    assert not is_certificate(block.body[:-1])
    assert not is_certificate(b"")


@pytest.mark.parametrize(
    ("certificate", "key", "error"),
    [
        (CERTIFICATE, KEY, None),
        (CERTIFICATE + KEY, CERTIFICATE + KEY, None),
        (CERTIFICATE, KEY.replace("PRIVATE", "ANY PRIVATE"), None),
        (BROKEN_CERTIFICATE, KEY, "x509: malformed certificate"),
        (CERTIFICATE, OTHER_KEY, "tls: private key does not match public key"),
        ("x", KEY, "tls: failed to find any PEM data in certificate input"),
        (CERTIFICATE, "x", "tls: failed to find any PEM data in key input"),
        (
            KEY,
            CERTIFICATE,
            "tls: failed to find certificate PEM data in certificate input, but did find a "
            "private key; PEM inputs may have been switched",
        ),
        (
            CERTIFICATE,
            CERTIFICATE,
            "tls: found a certificate rather than a key in the PEM for the private key",
        ),
        (
            KEY + KEY,
            KEY,
            'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM '
            "blocks of the following types: [PRIVATE KEY PRIVATE KEY]",
        ),
        (
            CERTIFICATE,
            CERTIFICATE + CERTIFICATE,
            'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after '
            "skipping PEM blocks of the following types: [CERTIFICATE CERTIFICATE]",
        ),
    ],
)
def test_a_certificate_needs_its_own_key(certificate: str, key: str, error: Optional[str]) -> None:
    assert key_pair_error(certificate, key) == error


def test_a_job_with_a_good_pair_keeps_its_tls_settings() -> None:
    settings = {"ca": CERTIFICATE, "cert": CERTIFICATE, "key": KEY, "min_version": "TLS13"}

    assert judge([job_of(scheme="https", tls_config=settings)]).clean
    assert judge([job_of(tls_config={**settings, "max_version": "TLS12"})]).tls_ignored == (
        "j: tls_config.max_version must be greater than or equal to tls_config.min_version if "
        "both are specified",
    )
    assert judge([job_of(tls_config={**settings, "key": OTHER_KEY})]).tls_ignored == (
        "j: unable to use specified client cert (inline) & key (inline): tls: private key does "
        "not match public key",
    )


@pytest.mark.parametrize(
    ("rule", "labels"),
    [
        ({"source_labels": ["a", "b"], "target_label": "x"}, {"x": "1;2"}),
        ({"source_labels": ["a"], "target_label": "a", "replacement": ""}, {"a": ""}),
        ({"target_label": "${1}x", "replacement": "$$1-$2", "regex": "()"}, {"x": "$1-"}),
        ({"source_labels": ["a"], "target_label": "x", "regex": "z"}, {}),
        ({"source_labels": ["a"], "target_label": "$2"}, {}),
        ({"action": "labeldrop", "regex": "a|job"}, {"a": "", "job": ""}),
        ({"action": "labelkeep", "regex": "b|__.*"}, {"a": "", "job": ""}),
        ({"action": "labelmap", "regex": "(a)", "replacement": "${1}_"}, {"a_": "1"}),
        ({"action": "Uppercase", "source_labels": ["job"], "target_label": "x"}, {"x": "J"}),
        ({"action": "lowercase", "source_labels": ["job"], "target_label": "x"}, {"x": "j"}),
        ({"action": "hashmod", "modulus": 7, "target_label": "x"}, {"x": "1"}),
        ({"action": "keepequal", "source_labels": ["a"], "target_label": "a"}, {}),
        ({"action": "dropequal", "source_labels": ["a"], "target_label": "b"}, {}),
        ({"action": "keep", "source_labels": ["a"], "regex": "1"}, {}),
        ({"action": "drop", "source_labels": ["a"], "regex": "1."}, {}),
    ],
)
def test_targets_are_relabeled_as_in_prometheus(
    rule: Dict[str, object], labels: Dict[str, str]
) -> None:
    static_config = {"targets": ["h:80"], "labels": {"a": "1", "b": "2"}}
    expected = {"a": "1", "b": "2", "job": "j", "instance": "h:80", **labels}

    (loaded,) = loaded_jobs([job_of(static_configs=[static_config], relabel_configs=[rule])])

    assert [dict(target.labels) for target in loaded.targets] == [
        {name: value for name, value in expected.items() if value}
    ]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"action": "hashmod"}, "relabel configuration for hashmod requires non-zero modulus"),
        (
            {"action": "keepequal", "target_label": "x", "separator": "_"},
            "keepequal action requires only 'source_labels' and `target_label`, and no other "
            "fields",
        ),
        (
            {"action": "labeldrop", "source_labels": []},
            "labeldrop action requires only 'regex', and no other fields",
        ),
        (
            {"action": "lowercase", "target_label": "x", "replacement": "y"},
            "'replacement' can not be set for lowercase action",
        ),
        (
            {"action": "labelmap", "replacement": ""},
            "\"\" is invalid 'replacement' for labelmap action",
        ),
        ({"source_labels": [""], "target_label": "x"}, '"" is not a valid label name'),
        (
            {"regex": "(?=a)", "target_label": "x"},
            "error parsing regexp: invalid or unsupported Perl syntax: `^(?s:(?=a))$`",
        ),
    ],
)
def test_a_bad_relabel_rule_is_refused(rule: Dict[str, object], message: str) -> None:
    assert judge([job_of(relabel_configs=[rule])]) == Verdict("refused", message)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"bearer_token": "a", "bearer_token_file": "b"},
            "at most one of bearer_token & bearer_token_file must be configured",
        ),
        (
            {"bearer_token": "a", "basic_auth": {"username": ""}},
            "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be "
            "configured",
        ),
        (
            {"bearer_token": "a", "authorization": {"type": ""}},
            "authorization is not compatible with bearer_token & bearer_token_file",
        ),
        (
            {"authorization": {"type": " Basic "}},
            'authorization type cannot be set to "basic", use "basic_auth" instead',
        ),
        (
            {"authorization": {"credentials": "a", "credentials_ref": "b"}},
            "at most one of authorization credentials & credentials_file must be configured",
        ),
        (
            {"authorization": {"type": ""}, "basic_auth": {"username": ""}},
            "at most one of basic_auth, oauth2 & authorization must be configured",
        ),
        (
            {"basic_auth": {"username": "a", "username_file": "b"}},
            "at most one of basic_auth username, username_file & username_ref must be configured",
        ),
        (
            {"oauth2": {"client_id": "a"}, "basic_auth": {"username": "b"}},
            "at most one of basic_auth, oauth2 & authorization must be configured",
        ),
        ({"oauth2": {"client_id": "a"}}, "oauth2 token_url must be configured"),
        (
            {"tls_config": {"key": "a", "key_ref": "b"}},
            "at most one of key and key_file must be configured",
        ),
        (
            {"file_sd_configs": [{"files": None}]},
            "file service discovery config must contain at least one path name",
        ),
        (
            {"file_sd_configs": [{"files": ["a*b"]}]},
            'path name "a*b" is not valid for file discovery',
        ),
        ({"file_sd_configs": [None]}, "empty or null section in file_sd_configs"),
    ],
)
def test_bad_settings_of_the_client_are_refused(settings: Dict[str, object], message: str) -> None:
    assert judge([job_of(**settings)]) == Verdict("refused", message)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"basic_auth": {"username_ref": "a"}}, "unable to use username"),
        ({"basic_auth": {"password_ref": "a"}}, "unable to use password"),
        ({"authorization": {"credentials_ref": "a"}}, "unable to use credentials"),
        (
            {"oauth2": {"client_id": "a", "token_url": "b", "client_secret_ref": "c"}},
            "unable to use client secret",
        ),
        ({"tls_config": {"cert_ref": "a", "key": "b"}}, "unable to use client cert"),
    ],
)
def test_a_reference_to_a_secret_costs_the_job_its_client(
    settings: Dict[str, object], reason: str
) -> None:
    assert judge([job_of(**settings)]).tls_ignored == (
        f"j: {reason}: cannot use secret ref without manager",
    )
