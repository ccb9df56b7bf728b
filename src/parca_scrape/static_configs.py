"""Static configs: the targets of a scrape job, and the labels that their profiles get.

Source of the rules: Parca `pkg/scrape/target.go`.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Tuple, Union

from parca_scrape._getters import (
    LIST_RULE,
    OBJECT_RULE,
    TEXT_RULE,
    UTF8_RULE,
    Pairs,
    as_list,
    as_object,
    build,
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
from parca_scrape.frozen import dataclass
from parca_scrape.problems import Findings, InvalidJobError, join_path
from parca_scrape.targets import WILDCARD, Target

STATIC_CONFIG_FIELDS = frozenset({"targets", "labels"})
DEFAULT_PORTS = {"": 80, "http": 80, "https": 443}
LABEL_NAME_RULE = "a label's name must be text, with something in it that UTF-8 can hold"


@dataclass(frozen=True, init=False)
class StaticConfig:
    """Targets that share labels. Without targets it stands for each unit of the application."""

    targets: Tuple[Target, ...]
    labels: Pairs
    """Pairs of a label's name and value."""

    def __init__(
        self,
        targets: Iterable[Union[str, Target]] = (),
        labels: Union[Mapping[str, str], Pairs] = (),
    ) -> None:
        """Check and take targets and labels.

        Args:
            targets: `host:port`, or `*:port` for each unit; see `Target.parse`.
            labels: what every profile of the targets is labelled with.

        Raises:
            InvalidJobError: Parca would not load them or could not scrape a target.
        """
        findings = Findings()
        named = targets if isinstance(targets, str) else list(targets)
        self.__dict__.update(
            targets=check_targets(named, "", findings),
            labels=check_labels(dict(labels), "labels", findings),
        )
        findings.raise_first()

    def as_mapping(self, scheme: str = "") -> Dict[str, object]:
        """Give the static config as it is published, with a port for every target.

        Consumers before LIBPATCH 7 fail on a target without one.

        Args:
            scheme: the job's scheme, which tells the default port.
        """
        port = DEFAULT_PORTS[dict(self.labels).get(SCHEME_LABEL, "") or scheme]
        targets = [
            target.text if target.port is not None else f"{target.host}:{port}"
            for target in self.targets or (Target(WILDCARD),)
        ]
        return {"targets": targets, **({"labels": dict(self.labels)} if self.labels else {})}


def check_static_configs(raw: object, path: str, findings: Findings) -> Tuple[StaticConfig, ...]:
    """Give what Parca accepts of the static configs of the job at `path`.

    Raises:
        InvalidJobError: they are no list, or all bad.
    """
    elements = as_list(raw)
    if elements is None:
        raise InvalidJobError(f"{path}.static_configs", LIST_RULE)
    static_configs: List[StaticConfig] = []
    for index, element in enumerate(elements):
        try:
            element_path = f"{path}.static_configs[{index}]"
            static_configs.append(decode_static_config(element, element_path, findings))
        except InvalidJobError as error:
            findings.error(error.path, f"{error.rule} (so the static config is left out)")
    if elements and not static_configs:
        raise InvalidJobError(f"{path}.static_configs", "must have one that can be served")
    return tuple(static_configs)


def decode_static_config(raw: object, path: str, findings: Findings) -> StaticConfig:
    """Read a static config, without its bad parts.

    Raises:
        InvalidJobError: it must be left out whole.
    """
    if isinstance(raw, StaticConfig):
        return raw
    mapping = as_object(raw)
    if mapping is None:
        raise InvalidJobError(path, OBJECT_RULE)
    fields = get_fields(mapping, STATIC_CONFIG_FIELDS, path, findings)
    named = fields.get("targets", ())
    targets = check_targets(named, path, findings)
    if named and not targets:
        raise InvalidJobError(path, "must have a target that can be scraped")
    labels: Pairs = ()
    if "labels" in fields:
        labels = check_labels(fields["labels"], f"{path}.labels", findings)
    return build(StaticConfig, targets=targets, labels=labels)


def check_targets(raw: object, path: str, findings: Findings) -> Tuple[Target, ...]:
    """Give the targets that Parca could scrape, of the static config at `path`.

    Raises:
        InvalidJobError: they are no list.
    """
    elements = as_list(raw)
    if elements is None:
        raise InvalidJobError(f"{path}.targets", LIST_RULE)
    targets: List[Target] = []
    for index, element in enumerate(elements):
        if isinstance(element, Target):
            targets.append(element)
        elif isinstance(element, str):
            try:
                targets.append(Target.parse(element))
            except InvalidJobError as error:
                findings.error(f"{path}.targets[{index}]", error.rule)
        else:
            findings.error(f"{path}.targets[{index}]", "must be text")
    return tuple(targets)


def check_labels(raw: object, path: str, findings: Findings) -> Pairs:
    """Give the labels that Parca can put on profiles."""
    labels: List[Tuple[str, str]] = []
    for name, value in get_object(raw, path, findings).items():
        text = parse_text(value)
        if value is None:
            continue
        if not isinstance(name, str) or not name or not is_utf8(name):
            findings.error(join_path(path, str(name)), LABEL_NAME_RULE)
        elif text is None:
            findings.error(join_path(path, name), TEXT_RULE)
        elif name == SCHEME_LABEL and text:
            scheme = parse_scheme(text)
            if scheme is None:
                findings.error(join_path(path, name), SCHEME_RULE)
            else:
                labels.append((name, scheme))
        elif not is_utf8(text):
            findings.warning(join_path(path, name), UTF8_RULE)
            labels.append((name, replace_surrogates(text)))
        else:
            labels.append((name, text))
    return tuple(labels)
