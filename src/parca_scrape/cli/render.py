"""`parca-scrape render`: the scrape configs that Parca gets out of a unit's relations."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Dict, Mapping

if TYPE_CHECKING:
    import argparse

    import yaml

HELP = "print the scrape configs that Parca gets out of a unit's relations"
DESCRIPTION = (
    "Print the scrape_configs that Parca gets out of the relations of a unit, and on standard"
    " error what is wrong in them, one problem a line. Exit code: 0; 1 if something is left out;"
    " 2 if the input is unusable."
)
DEFAULT_ENDPOINT = "profiling-endpoint"
STANDARD_INPUT = "-"
SECRET = "<secret>"
PRIVATE_KEY = "PRIVATE KEY"
LEFT_OUT = 1
UNUSABLE = 2


class Lines(str):
    """Text that YAML shows line by line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the subcommand to its parser."""
    parser.add_argument(
        "file",
        nargs="?",
        default=STANDARD_INPUT,
        metavar="FILE",
        help="what `juju show-unit parca/0` printed, YAML or JSON (default: standard input)",
    )
    parser.add_argument(
        "--endpoint",
        default=DEFAULT_ENDPOINT,
        help="the endpoint of the Parca charm (default: %(default)s)",
    )
    parser.add_argument(
        "--format", choices=("yaml", "json"), default="yaml", help="default: %(default)s"
    )
    parser.add_argument(
        "--show-secrets", action="store_true", help=f"print private keys instead of {SECRET}"
    )


def run(arguments: argparse.Namespace) -> int:
    """Render a file, and give the exit code.

    Raises:
        OSError: the result cannot be written.
    """
    from parca_scrape.cli.plain_yaml import UnusableInputError
    from parca_scrape.cli.show_unit import read_show_unit
    from parca_scrape.render import render

    try:
        relations, problems = read_show_unit(read_text(arguments.file), arguments.endpoint)
    except UnusableInputError as error:
        print(f"parca-scrape: error: {name_input(arguments.file)} {error}", file=sys.stderr)
        return UNUSABLE
    scrape_configs, found = render(relations)
    problems += found
    for scrape_config in scrape_configs:
        prepare_tls(scrape_config.get("tls_config", {}), show_secrets=arguments.show_secrets)
    encode = encode_json if arguments.format == "json" else encode_yaml
    print(encode({"scrape_configs": scrape_configs}), end="", flush=True)
    for problem in problems:
        print(problem, file=sys.stderr)
    return LEFT_OUT if any(problem.severity == "error" for problem in problems) else 0


def read_text(file: str) -> str:
    """Read a file, or standard input.

    Raises:
        UnusableInputError: it cannot be read, or is no text.
    """
    from parca_scrape.cli.plain_yaml import UnusableInputError

    is_standard = file == STANDARD_INPUT
    try:
        with open(0 if is_standard else file, "rb", closefd=not is_standard) as stream:
            return stream.read().decode("utf-8-sig")
    except OSError as error:
        raise UnusableInputError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UnusableInputError("is no text in UTF-8") from None
    except ValueError:
        raise UnusableInputError("is no name that a file can have") from None


def name_input(file: str) -> str:
    """Give the name of a file for a message of one line."""
    if file == STANDARD_INPUT:
        return "standard input"
    return file if file.isprintable() else ascii(file)


def prepare_tls(tls_config: Dict[str, object], *, show_secrets: bool) -> None:
    """Make the settings fit to be shown: PEM text line by line, and private keys not at all."""
    for name, text in tls_config.items():
        if not isinstance(text, str):
            continue
        # A private key can also stand beside a certificate.
        if not show_secrets and (name == "key" or PRIVATE_KEY in text):
            tls_config[name] = SECRET
        elif "\n" in text:
            tls_config[name] = Lines(text)


def encode_json(document: Mapping[str, object]) -> str:
    """Write JSON, all in ASCII."""
    import json

    return json.dumps(document, indent=2) + "\n"


def encode_yaml(document: Mapping[str, object]) -> str:
    """Write YAML, all in ASCII."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    yaml.add_representer(Lines, represent_lines, Dumper=dumper)
    return yaml.dump(document, Dumper=dumper, sort_keys=False)


def represent_lines(_: yaml.SafeDumper, lines: Lines) -> yaml.ScalarNode:
    """Give text in YAML's style that keeps lines; PyYAML takes another if it cannot hold them."""
    import yaml

    return yaml.ScalarNode("tag:yaml.org,2002:str", str(lines), style="|")
