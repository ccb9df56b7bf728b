from __future__ import annotations

import time

import pytest

from parca_scrape._pem import find_pem_fault
from tests.pem import CERTIFICATE, DER, PRIVATE_KEY, pem


def is_ca(text: str) -> bool:
    return find_pem_fault("ca", text) == ""


def is_certificate(text: str) -> bool:
    return find_pem_fault("cert", text) == ""


def is_private_key(text: str) -> bool:
    return find_pem_fault("key", text) == ""


@pytest.mark.parametrize("length", [0, 5, 127, 128, 255, 256, 70_000])
def test_a_pem_block_holds_one_der_sequence(length: int) -> None:
    if length < 128:
        header = bytes([0x30, length])
    else:
        digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
        header = bytes([0x30, 0x80 + len(digits)]) + digits
    der = header + b"x" * length

    assert is_certificate(pem("CERTIFICATE", der))
    assert not is_certificate(pem("CERTIFICATE", der + b"x"))
    assert not is_certificate(pem("CERTIFICATE", der[:-1]))
    assert not is_certificate(pem("CERTIFICATE", b"\x31" + der[1:]))


@pytest.mark.parametrize(
    "der",
    [b"\x30\x80" + b"x" * 128, b"\x30", b"\x30\x80", b"\x30\x81", b"\x30\x82\x01", b"\x30\xff"],
)
def test_a_pem_block_that_ends_within_its_length_is_bad(der: bytes) -> None:
    assert not is_certificate(pem("CERTIFICATE", der))


BODY = pem("CERTIFICATE").splitlines()[1]
BEGIN = "-----BEGIN CERTIFICATE-----"
END = "-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        (CERTIFICATE, True),
        (pem("CERTIFICATE", newline="\r\n"), True),
        (f"{BEGIN}\n{BODY}\n{END}", True),
        (f"Subject: zinc\n{CERTIFICATE}and so on\n", True),
        (f"{BEGIN} \t\n{BODY} \t\n{END} \t\n", True),
        (f"{BEGIN}\n\n {BODY[:3]} \n\t{BODY[3:]}\n\n{END}\n", True),
        (f"{BEGIN}\n{BODY[:3]}\r{BODY[3:]}\n{END}\n", True),
        (f"{BEGIN}\n{BEGIN}\n{BODY}\n{END}\n", True),
        (f"-----BEGIN X-----\nbroken off\n{CERTIFICATE}", True),
        ("", False),
        ("/etc/ssl/ca.pem", False),
        (BODY, False),
        (f"{BEGIN}\n{BODY}\n", False),
        (f"{BODY}\n{END}\n", False),
        (f" {BEGIN}\n{BODY}\n{END}\n", False),
        (f"x{BEGIN}\n{BODY}\n{END}\n", False),
        (f"{BEGIN}x\n{BODY}\n{END}\n", False),
        (f"{BEGIN[:-5]}=====\n{BODY}\n{END}\n", False),
        (f"{BEGIN}\n{BODY}\n {END}\n", False),
        (f"{BEGIN}\n{BODY}\n{END}X\n", False),
        (f"{BEGIN}\n{BODY}{END}\n", False),
        (f"{BEGIN}\n{BODY}\n-----END X-----\n", False),
        (f"{BEGIN}\n{BODY}\n-----END X-----\n{END}\n", False),
        (f"{BEGIN} {BODY} {END}", False),
        (f"{BEGIN}\\n{BODY}\\n{END}\\n", False),
        (f"----BEGIN CERTIFICATE-----\n{BODY}\n{END}\n", False),
        (f"{BEGIN}\nProc-Type: 4,ENCRYPTED\n\n{BODY}\n{END}\n", False),
        (f"{BEGIN}\n{END}\n", False),
        (f"{BEGIN}\n{BODY[:-1]}\n{END}\n", False),
        (f"{BEGIN}\n{BODY}=\n{END}\n", False),
        (f"{BEGIN}\nMAA=====\n{END}\n", False),
        (f"{BEGIN}\n+===\n{END}\n", False),
        (f"{BEGIN}\nMA==MA==\n{END}\n", False),
        (f"{BEGIN}\n{BODY[:-1]}-\n{END}\n", False),
        (f"{BEGIN}\n{BODY[:-1]}é\n{END}\n", False),
    ],
)
def test_certificates_and_keys_are_pem_blocks(text: str, is_good: bool) -> None:
    assert is_certificate(text) is is_good
    assert is_ca(text) is is_good
    assert is_private_key(text.replace("CERTIFICATE", "PRIVATE KEY")) is is_good


@pytest.mark.parametrize(
    "label", ["X509 CERTIFICATE", "TRUSTED CERTIFICATE", "certificate", "PRIVATE KEY", ""]
)
def test_a_certificate_has_one_label(label: str) -> None:
    assert not is_certificate(pem(label))
    assert not is_ca(pem(label))


@pytest.mark.parametrize(
    ("label", "is_good"),
    [
        ("PRIVATE KEY", True),
        ("RSA PRIVATE KEY", True),
        ("EC PRIVATE KEY", True),
        ("ENCRYPTED PRIVATE KEY", False),
        ("XPRIVATE KEY", False),
        ("PRIVATE KEY X", False),
        ("PUBLIC KEY", False),
        ("CERTIFICATE", False),
        ("private key", False),
        ("", False),
    ],
)
def test_a_private_key_may_be_of_any_kind(label: str, is_good: bool) -> None:
    assert is_private_key(pem(label)) is is_good


def test_base64_of_every_digit_is_read() -> None:
    der = bytes([0x30, 0x80 + 2]) + (768).to_bytes(2, "big") + bytes(range(256)) * 3
    text = pem("CERTIFICATE", der)

    assert {"+", "/"} < set(text)
    assert is_certificate(text)


def test_among_several_blocks_the_first_of_its_kind_counts_and_for_a_ca_any() -> None:
    bad = pem("CERTIFICATE", DER + b"x")

    assert is_certificate(PRIVATE_KEY + CERTIFICATE + bad)
    assert not is_certificate(bad + CERTIFICATE)
    assert is_ca(bad + CERTIFICATE)
    assert is_private_key(CERTIFICATE + PRIVATE_KEY + pem("PRIVATE KEY", b"x"))
    assert not is_private_key(pem("PRIVATE KEY", b"x") + PRIVATE_KEY)


@pytest.mark.parametrize(
    "text",
    [
        f"{BEGIN}\n" * 100_000,
        f"{END}\n" * 100_000,
        f"{BEGIN}\nx\n{END}\n" * 50_000,
        f"{BEGIN}\n{BODY}\n" * 100_000,
        f"{BEGIN}\n{'=' * 3_000_000}\n{END}\n",
        f"{BEGIN}{' ' * 3_000_000}x\n",
    ],
    ids=["begins", "ends", "bad bodies", "good bodies", "padding", "blanks"],
)
def test_pem_is_found_in_time_linear_in_the_text(text: str) -> None:
    started = time.process_time()

    assert not is_ca(text)
    assert time.process_time() - started < 5
