"""What one relation may cost the Parca charm and Parca, however its databags are shaped.

Parca stays below 1.5 GiB with one relation at all of these limits. Sizes are in bytes of
UTF-8, lengths in characters.
"""

from __future__ import annotations

from typing import List, NamedTuple, Set

KIB = 1024
MIB = 1024 * KIB
MAX_JOBS_SIZE = 4 * MIB
MAX_METADATA_SIZE = 64 * KIB
MAX_JOBS = 1_000
MAX_PROFILES = 32
# Each is a column in Parca's storage.
MAX_LABEL_NAMES = 64
# As rendered: each unit makes a target of a wildcard.
MAX_TARGETS = 10_000
# Each profile of each target is a loop in Parca.
MAX_LOOPS = 50_000
# What Parca keeps for its targets.
MAX_TEXT_SIZE = 16 * MIB
# Measured with Parca: what each loop takes for itself, for each of its labels, for its text, and
# for its path and sample types. The process itself takes some 100 MiB more.
MAX_MEMORY = 1_380 * MIB
LOOP_MEMORY = 22 * KIB
LABEL_MEMORY = 32
TEXT_FACTOR = 5
SETTINGS_FACTOR = 12
MAX_NAME_LENGTH = 1_024
MAX_VALUE_LENGTH = 8_192
MAX_PEM_LENGTH = MIB
# A host name in DNS.
MAX_HOST_LENGTH = 253
MAX_PROBLEMS = 1_000
# Of all lists together, good and bad, so that bad ones cost little.
MAX_ELEMENTS = 100_000

JOBS_RULE = f"more than {MAX_JOBS:,} jobs: the rest are skipped"
PROFILES_RULE = f"more than {MAX_PROFILES} profiles: the rest are skipped"
LABEL_NAMES_RULE = (
    f"more than {MAX_LABEL_NAMES} different label names: labels with further names are skipped"
)
ELEMENTS_RULE = f"more than {MAX_ELEMENTS:,} elements in lists: the rest are not read"
TARGETS_RULE = (
    f"more than {MAX_TARGETS:,} targets, a wildcard counted once for each unit: the rest are"
    " skipped"
)
LOOPS_RULE = (
    f"more than {MAX_LOOPS:,} profiles, each counted once for each target: the rest of the"
    " targets are skipped"
)
TEXT_SIZE_RULE = (
    f"more than {MAX_TEXT_SIZE // MIB} MiB of text, with labels and job name counted once for each"
    " target: the rest of the targets are skipped"
)
MEMORY_RULE = (
    "more labels, paths and sample types than Parca has memory for, counted once for each profile"
    " of each target: the rest of the targets are skipped"
)
RENDERING_RULES = (TARGETS_RULE, LOOPS_RULE, TEXT_SIZE_RULE, MEMORY_RULE)


class ReadingLimits:
    """What may still be read of the databag of an application.

    Attributes:
        elements: how many elements of lists, good and bad.
        targets: how many good targets; a static config without any counts as one.
    """

    def __init__(self) -> None:
        self.elements: int = MAX_ELEMENTS
        self.targets: int = MAX_TARGETS
        self._label_names: Set[str] = set()

    def admit_label(self, name: str) -> bool:
        """Return whether a label may have this name."""
        if name not in self._label_names and len(self._label_names) >= MAX_LABEL_NAMES:
            return False
        self._label_names.add(name)
        return True


class Cost(NamedTuple):
    """What targets cost Parca."""

    targets: int = 0
    loops: int = 0
    """One for each profile of each target."""
    text_size: int = 0
    memory: int = 0
    """In bytes, by estimate."""


class Price(NamedTuple):
    """What each target of a job costs Parca."""

    profiles: int
    """How many are scraped."""
    settings_size: int = 0
    """The size of the settings of all profiles, mostly their paths."""

    def of(self, targets: int, labels: int, text_size: int) -> Cost:
        """Return the cost of targets.

        Args:
            targets: how many there are.
            labels: how many labels each has.
            text_size: the size of all their text: labels, names and addresses.
        """
        loops = targets * self.profiles
        of_loops = loops * (LOOP_MEMORY + labels * LABEL_MEMORY)
        of_text = self.profiles * text_size * TEXT_FACTOR
        of_settings = targets * self.settings_size * SETTINGS_FACTOR
        return Cost(targets, loops, text_size, of_loops + of_text + of_settings)


class RenderingLimits:
    """What may still be scraped of one relation.

    Attributes:
        met: the rule of the limit that was met, or an empty string.
    """

    def __init__(self) -> None:
        self._left = Cost(MAX_TARGETS, MAX_LOOPS, MAX_TEXT_SIZE, MAX_MEMORY)
        self.met: str = ""

    def spend(self, cost: Cost) -> bool:
        """Count what will be scraped, and return True; or return False if it is too much."""
        if self.met or self._find_rule(cost):
            return False
        self._left = Cost(*(left - part for left, part in zip(self._left, cost)))
        return True

    def spend_or_end(self, cost: Cost) -> bool:
        """Do the same; but after what is too much, nothing more can be scraped."""
        is_spent = self.spend(cost)
        if not is_spent:
            self.met = self.met or self._find_rule(cost)
        return is_spent

    def cut(self, texts: List[str], price: Price, labels: int, size: int) -> List[str]:
        """Return the targets that can still be scraped.

        Args:
            texts: one text of each target.
            price: what each costs.
            labels: how many labels each has.
            size: the size of all other text of each.
        """
        for index, text in enumerate(texts):
            if not self.spend_or_end(price.of(1, labels, size + size_of(text))):
                return texts[:index]
        return texts

    def _find_rule(self, cost: Cost) -> str:
        """Return the rule of the limit that a cost does not keep to, or an empty string."""
        for rule, part, left in zip(RENDERING_RULES, cost, self._left):
            if part > left:
                return rule
        return ""


def size_of(*texts: str) -> int:
    """Return how many bytes texts have in UTF-8."""
    text = "".join(texts)
    return len(text if text.isascii() else text.encode("utf-8", "surrogatepass"))
