"""The HTTP client of a job: HTTPClientConfig of prometheus/common, config/http_config.go.

Parca goes on with Go's default client, and so without any of these settings, where no client can
be made of them. Proxies, headers and the finer parts of OAuth 2 are not judged: no scrape job of
the relation can hold them.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Optional, Tuple

from tests.oracle.decoding import Decoder, Path, RefusedError
from tests.oracle.pem import fills_pool, key_pair_error

_TLS_VERSIONS: Dict[str, int] = {"TLS10": 0x301, "TLS11": 0x302, "TLS12": 0x303, "TLS13": 0x304}
_GO_LOWEST_VERSION = _TLS_VERSIONS["TLS12"]

_TLS_TEXTS = frozenset(
    ["ca", "ca_file", "ca_ref", "cert", "cert_file", "cert_ref", "key_file", "key_ref"]
) | {"server_name"}
_TLS_FIELDS = _TLS_TEXTS | {"key", "insecure_skip_verify", "min_version", "max_version"}

_BASIC_AUTH_FIELDS = frozenset(
    ["username", "username_file", "username_ref", "password", "password_file", "password_ref"]
)
_AUTHORIZATION_FIELDS = frozenset(["type", "credentials", "credentials_file", "credentials_ref"])
_OAUTH2_FIELDS = frozenset(
    ["client_id", "client_secret", "client_secret_file", "client_secret_ref", "token_url"]
)
_NOT_JUDGED = """client_certificate_key_id client_certificate_key client_certificate_key_file
client_certificate_key_ref grant_type signature_algorithm iss audience claims scopes
endpoint_params tls_config proxy_url no_proxy proxy_from_environment proxy_connect_header"""
_SECRETS = frozenset(["password", "credentials", "client_secret"])

CLIENT_FIELDS = frozenset(
    [
        "basic_auth",
        "authorization",
        "oauth2",
        "bearer_token",
        "bearer_token_file",
        "tls_config",
        "follow_redirects",
        "enable_http2",
        "http_headers",
    ]
)


def _no_such_file(path: str) -> str:
    """The error for a file: those of the Parca host are unknown here, so none exists."""
    reason = "invalid argument" if "\0" in path else "no such file or directory"
    return f"unable to read file {path}: open {path}: {reason}"


def _secret_error(inline: str, file: str, ref: str) -> Optional[str]:
    """toSecret: only a reference fails at once, as Parca has no secret manager."""
    return "cannot use secret ref without manager" if ref and not inline and not file else None


def _decode_secret(decoder: Decoder, value: object, path: Path, default: str) -> str:
    return decoder.text(value, path, default, "config.plain")


class TLSConfig:
    """TLSConfig of http_config.go."""

    def __init__(self) -> None:
        self.texts: Dict[str, str] = {}
        self.min_version = 0
        self.max_version = 0

    def _sources(self, name: str) -> Tuple[str, str, str]:
        """The inline text, the file and the reference of `ca`, `cert` or `key`."""
        return (
            self.texts.get(name, ""),
            self.texts.get(name + "_file", ""),
            self.texts.get(name + "_ref", ""),
        )

    def check(self) -> None:
        """Validate.

        Raises:
            RefusedError: with its message.
        """
        for name, message in (
            ("ca", "at most one of ca, ca_file & ca_ref must be configured"),
            ("cert", "at most one of cert, cert_file & cert_ref must be configured"),
            ("key", "at most one of key and key_file must be configured"),
        ):
            if sum(map(bool, self._sources(name))) > 1:
                raise RefusedError(message)
        has_certificate, has_key = any(self._sources("cert")), any(self._sources("key"))
        if has_certificate and not has_key:
            raise RefusedError(
                "exactly one of key or key_file must be configured when a client certificate is "
                "configured"
            )
        if has_key and not has_certificate:
            raise RefusedError(
                "exactly one of cert or cert_file must be configured when a client key is "
                "configured"
            )

    def error(self) -> Optional[str]:
        """Why NewTLSConfig fails, or None."""
        if self.min_version and self.max_version and self.max_version < self.min_version:
            return (
                "tls_config.max_version must be greater than or equal to tls_config.min_version "
                "if both are specified"
            )
        inline, file, ref = self._sources("ca")
        problem = _secret_error(inline, file, ref)
        if problem:
            return f"unable to use CA cert: {problem}"
        if file and not inline:
            return f"unable to read CA cert: {_no_such_file(file)}"
        if inline and not fills_pool(inline):
            return "unable to use specified CA cert inline"
        return self._key_pair_error() if any(self._sources("cert")) else None

    def _key_pair_error(self) -> Optional[str]:
        """Runs getClientCertificate."""
        for name, title in (("cert", "client cert"), ("key", "client key")):
            inline, file, ref = self._sources(name)
            problem = _secret_error(inline, file, ref)
            if problem:
                return f"unable to use {title}: {problem}"
            if file and not inline:
                return f"unable to read specified {title}: {_no_such_file(file)}"
        problem = key_pair_error(self.texts["cert"], self.texts["key"])
        if problem is None:
            return None
        return f"unable to use specified client cert (inline) & key (inline): {problem}"

    def shakes_no_hands(self) -> bool:
        """Return whether Go has no version to offer: a client's lowest is TLS 1.2 unless set."""
        return bool(
            self.max_version and not self.min_version and self.max_version < _GO_LOWEST_VERSION
        )


def decode_tls_config(decoder: Decoder, value: object, path: Path) -> TLSConfig:
    """TLSConfig.UnmarshalYAML."""
    config = TLSConfig()
    before = len(decoder)
    for key, item, at in decoder.fields(value, path, "config.plain", _TLS_FIELDS):
        if key in _TLS_TEXTS:
            config.texts[key] = decoder.text(item, at, "")
        elif key == "key":
            config.texts[key] = _decode_secret(decoder, item, at, "")
        elif key == "insecure_skip_verify":
            decoder.boolean(item, at, False)
        elif key == "min_version":
            config.min_version = _decode_tls_version(decoder, item, at)
        else:
            config.max_version = _decode_tls_version(decoder, item, at)
    if value is not None and len(decoder) == before:
        config.check()
    return config


def _decode_tls_version(decoder: Decoder, value: object, path: Path) -> int:
    text = decoder.text(value, path, None)
    if text is None:
        return 0
    if text not in _TLS_VERSIONS:
        raise RefusedError(f"unknown TLS version: {text}")
    return _TLS_VERSIONS[text]


class ClientConfig:
    """HTTPClientConfig of http_config.go."""

    def __init__(self) -> None:
        self.tls = TLSConfig()
        self.basic_auth: Optional[Dict[str, str]] = None
        self.authorization: Optional[Dict[str, str]] = None
        self.oauth2: Optional[Dict[str, str]] = None
        self.bearer_token = ""
        self.bearer_token_file = ""

    def decode(self, decoder: Decoder, key: str, value: object, path: Path) -> None:
        """Takes one of CLIENT_FIELDS."""
        if key == "tls_config":
            self.tls = decode_tls_config(decoder, value, path)
        elif key == "basic_auth":
            self.basic_auth = _decode_texts(
                decoder, value, path, "config.plain", _BASIC_AUTH_FIELDS
            )
        elif key == "authorization":
            self.authorization = _decode_texts(
                decoder, value, path, "config.Authorization", _AUTHORIZATION_FIELDS
            )
        elif key == "oauth2":
            self.oauth2 = _decode_texts(decoder, value, path, "config.plain", _OAUTH2_FIELDS)
        elif key == "bearer_token":
            self.bearer_token = _decode_secret(decoder, value, path, "")
        elif key == "bearer_token_file":
            self.bearer_token_file = decoder.text(value, path, "")
        elif key == "http_headers":
            for name, _, _ in decoder.pairs(value, path, "config.Headers"):
                raise NotImplementedError(f"HTTP header {name} is not judged")
        else:
            decoder.boolean(value, path, None)

    def check(self) -> None:
        """Validate.

        Raises:
            RefusedError: with its message.
        """
        if self.bearer_token and self.bearer_token_file:
            raise RefusedError(
                "at most one of bearer_token & bearer_token_file must be configured"
            )
        has_bearer = bool(self.bearer_token or self.bearer_token_file)
        if has_bearer and (self.basic_auth is not None or self.oauth2 is not None):
            raise RefusedError(
                "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be "
                "configured"
            )
        for name in ("username", "password"):
            if self.basic_auth is not None and len(_given(self.basic_auth, name)) > 1:
                raise RefusedError(
                    f"at most one of basic_auth {name}, {name}_file & {name}_ref must be "
                    "configured"
                )
        if self.authorization is not None:
            self._check_authorization(self.authorization, has_bearer)
        if self.oauth2 is not None:
            self._check_oauth2(self.oauth2)

    def _check_oauth2(self, oauth2: Dict[str, str]) -> None:
        if self.basic_auth is not None:
            raise RefusedError(
                "at most one of basic_auth, oauth2 & authorization must be configured"
            )
        for name in ("client_id", "token_url"):
            if not oauth2.get(name):
                raise RefusedError(f"oauth2 {name} must be configured")
        if len(_given(oauth2, "client_secret")) > 1:
            raise RefusedError(
                "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must "
                "be configured using grant-type=client_credentials"
            )

    def _check_authorization(self, authorization: Dict[str, str], has_bearer: bool) -> None:
        if has_bearer:
            raise RefusedError(
                "authorization is not compatible with bearer_token & bearer_token_file"
            )
        if len(_given(authorization, "credentials")) > 1:
            raise RefusedError(
                "at most one of authorization credentials & credentials_file must be configured"
            )
        if authorization.get("type", "").strip().lower() == "basic":
            raise RefusedError(
                'authorization type cannot be set to "basic", use "basic_auth" instead'
            )
        if self.basic_auth is not None or self.oauth2 is not None:
            raise RefusedError(
                "at most one of basic_auth, oauth2 & authorization must be configured"
            )

    def error(self) -> Optional[str]:
        """Why NewClientFromConfig fails, or None: then Parca takes Go's default client."""
        problem = self.tls.error()
        if problem:
            return problem
        for title, texts, name in (
            ("credentials", self.authorization, "credentials"),
            ("username", self.basic_auth, "username"),
            ("password", self.basic_auth, "password"),
            ("client secret", self.oauth2, "client_secret"),
        ):
            given = _given(texts, name) if texts is not None else []
            if given == [name + "_ref"]:
                return f"unable to use {title}: cannot use secret ref without manager"
        return None


def _given(texts: Dict[str, str], name: str) -> List[str]:
    return [key for key in (name, name + "_file", name + "_ref") if texts.get(key)]


def _decode_texts(
    decoder: Decoder, value: object, path: Path, go_type: str, known: FrozenSet[str]
) -> Optional[Dict[str, str]]:
    """A pointer to a struct of texts."""
    if value is None:
        return None
    texts: Dict[str, str] = {}
    for key, item, at in decoder.fields(value, path, go_type, known.union(_NOT_JUDGED.split())):
        if key not in known:
            raise NotImplementedError(f"{key} is not judged")
        texts[key] = decoder.text(item, at, "", "config.plain" if key in _SECRETS else "string")
    return texts
