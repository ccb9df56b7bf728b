"""Static configs: targets, and labels for their profiles (Parca `pkg/scrape/target.go`)."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, Optional, Tuple, Union

from parca_scrape._getters import (
    LIST_RULE,
    OBJECT_RULE,
    TEXT_RULE,
    UTF8_RULE,
    Pairs,
    adopt,
    as_list,
    as_object,
    get_fields,
    get_object,
    length_rule,
    read_elements,
)
from parca_scrape._limits import (
    LABEL_NAMES_RULE,
    MAX_NAME_LENGTH,
    MAX_VALUE_LENGTH,
    TARGETS_RULE,
)
from parca_scrape._rules import (
    SCHEME_LABEL,
    SCHEME_RULE,
    is_utf8,
    parse_scheme,
    parse_text,
    replace_surrogates,
)
from parca_scrape.problems import Findings, InvalidJobError, strict_findings
from parca_scrape.targets import WILDCARD, Target

STATIC_CONFIG_FIELDS = frozenset({"targets", "labels"})
DEFAULT_PORTS = {"": 80, "http": 80, "https": 443}
LABEL_NAME_RULE = (
    "the name of a label must not be empty or longer than 1,024 characters, and must not contain"
    " a comma, a semicolon or half of a surrogate pair"
)


@dataclass(frozen=True)
class StaticConfig:
    """Targets that share labels. Without targets it stands for every unit of the application.

    Raises:
        InvalidJobError: Parca would not load the labels or could not scrape a target.
    """

    targets: Tuple[Target, ...] = ()
    """Given as `host:port`, or as `*:port` for every unit; see `Target.parse`."""
    labels: Pairs = ()
    """The labels that every profile of the targets gets, as pairs of a name and a value."""
    _decoded: InitVar[bool] = False

    if TYPE_CHECKING:  # `__post_init__` makes tuples of what the generated one takes.

        def __init__(
            self,
            targets: Iterable[Union[str, Target]] = (),
            labels: Union[Mapping[str, str], Pairs] = (),
            _decoded: bool = False,
        ) -> None: ...

    def __post_init__(self, _decoded: bool) -> None:
        """Check what a decoder has not checked."""
        if _decoded:
            return
        targets: object = self.targets
        fields = {
            "targets": targets if isinstance(targets, str) else tuple(self.targets),
            "labels": dict(self.labels),
        }
        adopt(self, decode_static_config(fields, strict_findings()), STATIC_CONFIG_FIELDS)

    @property
    def scheme(self) -> str:
        """The scheme that the label `__scheme__` sets, or an empty string."""
        return dict(self.labels).get(SCHEME_LABEL, "")

    def as_mapping(self, scheme: str = "") -> Dict[str, object]:
        """Return the static config as it is published, with a port for every target.

        Consumers older than LIBPATCH 7 fail on a target without one.

        Args:
            scheme: the scheme of the job, which decides the default port.
        """
        port = DEFAULT_PORTS[self.scheme or scheme]
        targets = [
            target.text if target.port is not None else f"{target.host}:{port}"
            for target in self.targets or (Target(WILDCARD),)
        ]
        return {"targets": targets, **({"labels": dict(self.labels)} if self.labels else {})}


def decode_static_configs(raw: object, findings: Findings) -> Tuple[StaticConfig, ...]:
    """Return static configs without their bad parts; raise `InvalidJobError` if none is left."""
    elements = as_list(raw)
    if elements is None:
        raise findings.refusal(LIST_RULE)
    static_configs: List[StaticConfig] = []
    limits = findings.report.limits
    for index, element in read_elements(elements, findings):
        if limits.targets <= 0:
            findings.limit(TARGETS_RULE)
            break
        try:
            static_config = decode_static_config(element, findings.at(index))
        except InvalidJobError as error:
            findings.skip(error, "static config")
        else:
            static_configs.append(static_config)
            limits.targets -= len(static_config.targets) or 1
    if elements and not static_configs:
        raise findings.refusal("has no static config that can be scraped")
    return tuple(static_configs)


def decode_static_config(raw: object, findings: Findings) -> StaticConfig:
    """Return a static config without its bad parts; raise `InvalidJobError` if it is all bad."""
    if isinstance(raw, StaticConfig):
        if len(raw.targets) > findings.report.limits.targets:
            findings.limit(TARGETS_RULE)
        for name, _ in raw.labels:
            admit_label(name, findings)
        return raw
    mapping = as_object(raw)
    if mapping is None:
        raise findings.refusal(OBJECT_RULE)
    fields = get_fields(mapping, STATIC_CONFIG_FIELDS, findings)
    targets = get_targets(fields, findings)
    if fields.get("targets") and not targets:
        raise findings.refusal("has no target that can be scraped")
    return StaticConfig(targets=targets, labels=get_labels(fields, findings), _decoded=True)


def get_targets(fields: Mapping[str, object], findings: Findings) -> Tuple[Target, ...]:
    """Return the targets that Parca can scrape; raise `InvalidJobError` if they are no list."""
    elements = as_list(fields.get("targets", ()))
    if elements is None:
        raise findings.at("targets").refusal(LIST_RULE)
    limits = findings.report.limits
    targets: List[Target] = []
    for index, element in read_elements(elements, findings):
        if len(targets) == limits.targets:
            findings.at("targets").limit(TARGETS_RULE)
            break
        if isinstance(element, Target):
            targets.append(element)
        elif isinstance(element, str):
            try:
                targets.append(Target.parse(element))
            except InvalidJobError as error:
                findings.at("targets").at(index).error(error.rule)
        else:
            findings.at("targets").at(index).error("must be a string")
    return tuple(targets)


def get_labels(fields: Mapping[str, object], findings: Findings) -> Pairs:
    """Return the labels of a static config that Parca can put on profiles."""
    if "labels" not in fields:
        return ()
    findings = findings.at("labels")
    labels: List[Tuple[str, str]] = []
    for name, value in get_object(fields["labels"], findings).items():
        if value is None:
            continue
        text = parse_text(value)
        rule = find_label_fault(name, text)
        if rule or text is None:
            findings.at(name).error(rule)
        elif admit_label(name, findings):
            if not is_utf8(text):
                findings.at(name).warning(UTF8_RULE)
                text = replace_surrogates(text)
            labels.append((name, text.lower() if name == SCHEME_LABEL else text))
    return tuple(labels)


def find_label_fault(name: str, text: Optional[str]) -> str:
    """Return the rule that a label breaks, or an empty string.

    FrostDB, Parca's storage, joins the names of columns with commas and semicolons: one in a name
    makes compactions fail, for the data of everyone, and can crash the server
    (`polarsignals/frostdb`, `dynparquet/dynamiccolumns.go`).
    """
    is_storable = "," not in name and ";" not in name and is_utf8(name)
    if not name or len(name) > MAX_NAME_LENGTH or not is_storable:
        return LABEL_NAME_RULE
    if text is None:
        return TEXT_RULE
    if len(text) > MAX_VALUE_LENGTH:
        return length_rule(MAX_VALUE_LENGTH)
    if name == SCHEME_LABEL and text and parse_scheme(text) is None:
        return SCHEME_RULE
    return ""


def admit_label(name: str, findings: Findings) -> bool:
    """Return whether the relation may have a label of this name, too."""
    is_admitted = findings.report.limits.admit_label(name)
    if not is_admitted:
        findings.limit(LABEL_NAMES_RULE)
    return is_admitted
