"""Values that Parca refuses, crashes on or misreads.

Some are good, and look as if they were not.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence, Tuple

from tests.strategies import APPLICATIONS, CERTIFICATE, KEY, KEY_BODY, Json, Object

PASSWORD = "hunter2"
SECRETS = (PASSWORD, *KEY_BODY.split(), *CERTIFICATE.split()[2:-2])

SCALARS: Tuple[Json, ...] = (
    *(None, True, False, 0, 1, 5, -1, 1.5, 1.0, 1e300, float("nan"), float("inf"), -float("inf")),
    *(2**63 - 1, 2**63, 2**64, -(2**63), 10**30, "@digits@", "", "x", "\ud800", "a\udfffb"),
)
LISTS: Tuple[List[Json], ...] = ([], [None], [[]], [{}], ["x"], [5], [["\ud83d"]])
OBJECTS: Tuple[Object, ...] = ({}, {"x": "y"}, {"x": None}, {"": 5})
TYPES: Tuple[Json, ...] = (*SCALARS, *LISTS, *OBJECTS)
TEXTS: Tuple[Json, ...] = (
    *("a\nb", "\x00", "\x07", "\x7f", "\x85", "\u2028", "\ufeff", "\uffff", "\U0001f600", "\t"),
    *("null", "~", "true", "yes", "1e3", "0x10", "1_000", "1:30", "=", "<<", "- a", "a: b", "#"),
    *("'", '"', "`x", "%x", "@x", "&a", "*a", "!!int 5", "|", ">", "?", "\\", " ", "x" * 3000),
    *("2026-01-01", ".nan", "-.inf", "...", "---", "{}", "[]", "{{a}}", "$(a)", "${a}"),
)
DURATIONS: Tuple[Json, ...] = (
    *("0", "0s", "0ms", "0y0s", "00s", "1ms", "999ms", "1s", "1999ms", "2s", "9s", "10s", "11s"),
    *("13s", "1d", "1y", "106751d", "106752d", "292y", "293y", "9223372033854ms", "99999999999y"),
    *("9223372033855ms", "9223372036854ms", "9223372036855ms", "-1s", "+5s", "1.5m", " 10s"),
    *("10s ", "15", "15M", "1us", "1ns", "\u0661s", "1s1m", "1m1m", "1h30m", "s", "1", "1sm"),
)
BAD_HOSTS = (
    *("", " ", "*", "**", "*a", "a b", "a/b", "a\\b", "a?b", "a#b", "a@b", "a%b", "a%41", "a^b"),
    *("a`b", "{a}", "a|b", "[", "]", "[]", "[a]", "[*]", "[::1", "::1]", "[::1]a", "fe80::1%eth0"),
    *("[fe80::1%25eth0]", "1::1::1", "::ffff:01.2.3.4", "[::ffff:01.2.3.4]", "a:", ":a", "a:b:c"),
    *("http://a", f"user:{PASSWORD}@a", "a\tb", "a\nb", "a\x00", "a\x7f", "a\x85b", "a\u00a0b"),
    *("a\u2028b", "a\u3000b", "\ud800", "a\udc80", "a\u200bb\x1f", "%", "[[::1]]", "[::1]]"),
)
ODD_HOSTS = (
    *("a.", ".", "..", ".a", "-a", "a-", "_", "'a'", '"a"', "<a>", "a,b", "a;b", "$a", "(a)", "!"),
    *("a=b", "a&b", "a+b", "~", "ü", "\u0661", "\U0001f600", "null", "true", "0x10", "5", "1.2"),
    *("::", "::1", "fd00::1", "[fd00::1]", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", " a ", "\ta\n"),
    *(
        "\ufeffa",
        "\ufffda",
        "xn--4ca",
        "x" * 300,
        "999.999.999.999",
        "\u200bb",
        "A",
        "1e3",
        "=",
        "-",
    ),
)
BAD_PORTS = (
    *(":0", ":00", ":65536", ":99999", ":-1", ":+80", ":8 0", ":8_0", ":\u0661", ":a", ":80/x"),
    *(":", ": ", ":80:80", ":0x50", ":1e3", ":80.0", f":{'9' * 5000}", ":\u00b2", "::80", ":80?a"),
)
ODD_PORTS = (":1", ":00080", ":65535", ": 80", ":80 ", f":{'0' * 300}80", " :80", ":80\n")
TARGETS: Tuple[Json, ...] = (
    *BAD_HOSTS,
    *ODD_HOSTS,
    *(host + ":80" for host in (*BAD_HOSTS, *ODD_HOSTS)),
    *("a" + port for port in (*BAD_PORTS, *ODD_PORTS)),
    *("*" + port for port in (*BAD_PORTS, *ODD_PORTS)),
    *("[::1]" + port for port in (*BAD_PORTS, *ODD_PORTS)),
    f"http://user:{PASSWORD}@a:80/debug?x=y#z",
)
SCHEMES: Tuple[Json, ...] = ("HTTP", "Https", "ftp", " http", "http ", "unix", "http:", "ﬀ", "")
STATIC_CONFIGS: Tuple[Object, ...] = (
    {"targets": None},
    {"targets": []},
    {"targets": ["a b"]},
    {"targets": {}},
    {"labels": {}},
    {"targets": ["*:80"], "labels": None},
    {"targets": ["h:1"], "labels": []},
    {"targets": ["h:1"], "x": 1},
)
LABEL_NAMES = (
    *(
        "",
        " ",
        "a.b",
        "ü",
        "__scheme__",
        "__address__",
        "__param_x",
        "__param_seconds",
        "__name__",
    ),
    *("a;b", ";", "a;", "a,b", "a=b", "a:b"),
    *("__profile_path__", "__metrics_path__", "__meta_x", "__tmp", "job", "instance", "1", "null"),
    *(
        "juju_model",
        "juju_unit",
        "juju_charm",
        "\ud800",
        "\x00",
        "a\nb",
        "<<",
        "=",
        "~",
        "x" * 300,
    ),
)
PEMS: Tuple[Json, ...] = (
    *(CERTIFICATE, KEY, CERTIFICATE + CERTIFICATE, CERTIFICATE + KEY, KEY + CERTIFICATE),
    *(KEY.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), KEY.replace("M", "=") + KEY),
    *(f"text\n{CERTIFICATE}text", CERTIFICATE.replace("\n", "\r\n"), CERTIFICATE.strip()),
    *(CERTIFICATE.replace("\n", ""), CERTIFICATE.replace("\n", "\\n"), " " + CERTIFICATE),
    *(CERTIFICATE.replace("\n", " \t\n"), KEY.replace("\n", ""), KEY.replace("\n", "\\n")),
    *(CERTIFICATE.replace("CERTIFICATE", "X509 CRL"), KEY.replace("PRIVATE", "EC PRIVATE")),
    *(CERTIFICATE.replace("M", "\u00e9"), CERTIFICATE.replace("MIIB", "MIIC"), CERTIFICATE[:-30]),
    CERTIFICATE.replace("-----\nM", "-----\nProc-Type: 4,ENCRYPTED\n\nM"),
    *(KEY.replace("-----\nM", "-----\nA: b\n\nM"), KEY.replace("==", "=")),
    *("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----"),
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\nMAUA\n-----END CERTIFICATE-----\n",
    *("/etc/passwd", "x"),
)
VERSIONS: Tuple[Json, ...] = ("TLS10", "TLS11", "TLS12", "TLS13", "tls12", "TLS14", "SSL30", 771)
WORDS: Tuple[Json, ...] = ("y", "Yes", "ON", "n", "No", "OFF", "oN", "true", "True", "t", "0", 0)
PROFILES: Tuple[Object, ...] = (
    {"enabled": True},
    {"enabled": False},
    {"path": "x"},
    {"delta": True},
    {"x": 1},
    {"seconds": 1},
    {"seconds": 1, "delta": True},
    {"enabled": "yes", "path": 5},
)
SECONDS: Tuple[Json, ...] = ("5", "5s", 0.0, 1.0, 1.5, -0.0, 2.0**62, 2.0**63, 30, 2**63 - 1)
SAMPLES: Tuple[List[Json], ...] = (
    [{"type": "a"}],
    [{"type": "a", "unit": ""}, {"type": "a", "unit": "b"}],
    [{"type": 5, "unit": True}],
    [{"x": 1}],
    [None, {}],
)
PATHS: Tuple[Json, ...] = (
    *("/", "//", "x", "/ü", "/a b", "/%zz", "?a=b", "#", "..", "/../..", "http://evil/", "\\"),
    *(f"http://user:{PASSWORD}@evil/", ":", "/a:b", "*", "/\ud800"),
)
JOB_NAMES: Tuple[Json, ...] = (
    "parca",
    "job1",
    "job0_2",
    "a/b",
    "_",
    "a_b",
    PASSWORD,
    5,
    1e3,
    True,
)
UUID_TEXTS: Tuple[Json, ...] = ("12de4fae", "12DE4FAE-06CC-4CEB-9089-567BE09FEC78", "a/b", "-" * 4)
# By the name of the field; a list's elements by `<name>[]`, an object's values by `<name>{}`.
POISONS: Mapping[str, Sequence[Json]] = {
    "job_name": JOB_NAMES,
    "scrape_interval": DURATIONS,
    "scrape_timeout": DURATIONS,
    "scheme": SCHEMES,
    "__scheme__": SCHEMES,
    "static_configs[]": STATIC_CONFIGS,
    "targets[]": TARGETS,
    "path": PATHS,
    "path_prefix": PATHS,
    "enabled": WORDS,
    "delta": WORDS,
    "insecure_skip_verify": WORDS,
    "seconds": SECONDS,
    "keep_sample_type": SAMPLES,
    "pprof_config{}": PROFILES,
    "ca": PEMS,
    "cert": PEMS,
    "key": PEMS,
    "ca_file": PEMS,
    "cert_file": PEMS,
    "key_file": PEMS,
    "min_version": VERSIONS,
    "max_version": VERSIONS,
    "model_uuid": UUID_TEXTS,
    "application": ("parca", "app", "a/b"),
}
NEW_KEYS: Dict[str, Tuple[str, ...]] = {
    "jobs[]": (
        *("job_name", "static_configs", "scrape_interval", "scrape_timeout", "scheme"),
        *("profiling_config", "tls_config", "relabel_configs", "params", "bearer_token"),
    ),
    "static_configs[]": ("targets", "labels", "source"),
    "labels": LABEL_NAMES,
    "profiling_config": ("path_prefix", "pprof_config", "block_profile"),
    "pprof_config": (
        *("process_cpu", "memory", "fgprof", "", "\ud800", "a\nb", "x" * 300, "<<"),
        *("trace", "heap.alloc", "é", "9", "a b", "a:b", "Trace", "fgprof\n"),
    ),
    "pprof_config{}": ("enabled", "path", "delta", "seconds", "keep_sample_type", "x"),
    "tls_config": (
        *("ca", "cert", "key", "ca_file", "cert_file", "key_file", "ca_ref", "cert_ref"),
        *("key_ref", "server_name", "insecure_skip_verify", "min_version", "max_version"),
    ),
}
UNIT_POISONS: Dict[str, Tuple[str, ...]] = {
    "parca_scrape_unit_address": (*BAD_HOSTS, *ODD_HOSTS, "a:80", '"a"', "*:80", "[::1]:80"),
    "parca_scrape_host": (*BAD_HOSTS, *ODD_HOSTS),
    "parca_scrape_unit_name": (
        *("", "app/0", "app/1", "zinc-k8s/0", "a\nb", "null", "5", "\ud800", "x" * 300, "ü"),
        *("\x00", "x/", "/", '"app/0"', f"x/{'9' * 5000}", "<<", "\x85", "\udfffa/0"),
    ),
    "egress-subnets": ("x",),
}
JUNK_TEXTS = (
    *("", " ", "null", "true", "5", "[]", "{}", '""', "[{}]", "[[]]", "[null]", "[", "]", "[}"),
    *("not json", "'[]'", "\ufeff[]", "\x00", "NaN", "[NaN]", "9" * 5000, f"[{'9' * 5000}]"),
    *("[" * 100_000, '{"a":' * 100_000, "[" * 400 + "]" * 400, "\ud800", '"\\ud800"', "1e999"),
    *('[{"job_name": "a", "job_name": "b"}]', "[{}]x", "- a: b", '{"application": "parca"}'),
    *(f'[{{"job_name": "{PASSWORD}"', "[1,]", "// a", '"' + "x" * 10_000, '["\\ud83d\\ude00"]'),
)
ODD_APPLICATIONS = (
    *APPLICATIONS,
    "",
    "parca",
    "a/b",
    "_",
    "\ud800",
    "a\nb",
    "ü",
    "app_2",
    "x" * 300,
)
ODD_UNITS = ("app/0", "app/1", "app", "/", "", "app/-1", "app/x", f"app/{'9' * 5000}", "\ud800/0")
