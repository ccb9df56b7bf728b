"""Static configs: targets, and labels for their profiles (Parca `pkg/scrape/target.go`)."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, Tuple, Union

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
)
from parca_scrape._rules import (
    SCHEME_LABEL,
    SCHEME_RULE,
    is_utf8,
    parse_scheme,
    parse_text,
    replace_surrogates,
)
from parca_scrape.problems import STRICT, Findings, InvalidJobError
from parca_scrape.targets import WILDCARD, Target

STATIC_CONFIG_FIELDS = frozenset({"targets", "labels"})
DEFAULT_PORTS = {"": 80, "http": 80, "https": 443}
LABEL_NAME_RULE = "the name of a label must not be empty or contain half of a surrogate pair"


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
        adopt(self, decode_static_config(fields, STRICT), STATIC_CONFIG_FIELDS)

    def as_mapping(self, scheme: str = "") -> Dict[str, object]:
        """Return the static config as it is published, with a port for every target.

        Consumers older than LIBPATCH 7 fail on a target without one.

        Args:
            scheme: the scheme of the job, which decides the default port.
        """
        port = DEFAULT_PORTS[dict(self.labels).get(SCHEME_LABEL, "") or scheme]
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
    for index, element in enumerate(elements):
        try:
            static_configs.append(decode_static_config(element, findings.at(index)))
        except InvalidJobError as error:
            findings.skip(error, "static config")
    if elements and not static_configs:
        raise findings.refusal("has no static config that can be scraped")
    return tuple(static_configs)


def decode_static_config(raw: object, findings: Findings) -> StaticConfig:
    """Return a static config without its bad parts; raise `InvalidJobError` if it is all bad."""
    if isinstance(raw, StaticConfig):
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
    targets: List[Target] = []
    for index, element in enumerate(elements):
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
        text = parse_text(value)
        if value is None:
            continue
        if not name or not is_utf8(name):
            findings.at(name).error(LABEL_NAME_RULE)
        elif text is None:
            findings.at(name).error(TEXT_RULE)
        elif name == SCHEME_LABEL and text and parse_scheme(text) is None:
            findings.at(name).error(SCHEME_RULE)
        else:
            if not is_utf8(text):
                findings.at(name).warning(UTF8_RULE)
            text = text.lower() if name == SCHEME_LABEL else replace_surrogates(text)
            labels.append((name, text))
    return tuple(labels)
