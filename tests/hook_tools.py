"""A fake of Juju's hook tools, for charms in this process or in others, and for the benchmarks."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import json
import subprocess
from typing import Any, Callable, Dict, Generator, List, Mapping, Optional, Sequence, Tuple

import ops
import yaml
from ops import testing

Databag = Dict[str, str]

# By method of ops' backend; for relation-set it is the method that every fake backend has.
TOOLS = {
    "relation_ids": "relation-ids",
    "relation_list": "relation-list",
    "relation_remote_app_name": "relation-list --app",
    "relation_get": "relation-get",
    "update_relation_data": "relation-set",
    "network_get": "network-get",
    "is_leader": "is-leader",
}
# The fake backends of ops call these more often than ops does in production.
MORE_OFTEN_IN_TESTS = ("relation-list --app", "is-leader")
NOT_FOUND = "ERROR relation not found"
PASSED_ON = object()


def no_changes() -> Databag:
    """Return an empty databag."""
    return {}


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of a hook tool, and its outcome."""

    tool: str
    relation_id: Optional[int] = None
    subject: str = ""
    """The unit or application whose databag is read or written, or the endpoint that is listed."""
    changes: Databag = dataclasses.field(default_factory=no_changes, compare=False)
    """What relation-set was to write."""
    error: Optional[ops.ModelError] = dataclasses.field(default=None, compare=False)

    @property
    def is_denied(self) -> bool:
        """Whether Juju denied it; ops itself copes with an unknown relation."""
        return self.error is not None and not isinstance(self.error, ops.RelationNotFoundError)


RELATION_IDS = Call("relation-ids", subject="profiling-endpoint")


class Text(str):
    """An answer that is printed as it is; other answers are printed as JSON."""


def pass_on(_: Call) -> object:
    """Leave a call to the fake backend of ops."""
    return PASSED_ON


class HookTools:
    """Hook tools that record each call.

    In the tests of ops they stand between ops and its fake backend, and so count what would be
    processes in production. Elsewhere `run` answers the commands themselves.
    """

    def __init__(
        self,
        answers: Optional[Mapping[Call, object]] = None,
        ask: Callable[[Call], object] = pass_on,
        unit_name: str = "",
    ) -> None:
        """Prepare the answers.

        Args:
            answers: what to return, the exception to raise, or a function to call for it.
            ask: answers the other calls, or raises `ops.ModelError` to deny them.
            unit_name: the unit whose commands `run` answers.
        """
        self.answers: Dict[Call, object] = dict(answers or {})
        self.calls: List[Call] = []
        self.log: List[Tuple[str, str]] = []
        """Level and message of each juju-log."""
        self._ask = ask
        self._unit_name = unit_name

    @property
    def own_calls(self) -> List[Call]:
        """The calls without those that ops makes more often in tests than in production."""
        return [call for call in self.calls if call.tool not in MORE_OFTEN_IN_TESTS]

    @property
    def denials(self) -> List[Call]:
        """The calls that were denied."""
        return [call for call in self.calls if call.is_denied]

    @property
    def writes(self) -> List[Call]:
        """The calls of relation-set, denied or not."""
        return [call for call in self.calls if call.tool == "relation-set"]

    @property
    def keys_set(self) -> List[Tuple[Optional[int], str, str]]:
        """Relation, databag owner and key of everything that was set."""
        return [
            (call.relation_id, call.subject, key) for call in self.writes for key in call.changes
        ]

    @property
    def written(self) -> Dict[Tuple[int, str], Databag]:
        """What one hook wrote, by relation and databag owner; it must write each key only once."""
        written: Dict[Tuple[int, str], Databag] = {}
        for call in self.writes:
            if call.error is None:
                assert call.relation_id is not None
                databag = written.setdefault((call.relation_id, call.subject), {})
                assert not databag.keys() & call.changes.keys(), f"written twice: {call}"
                databag.update(call.changes)
        return written

    def answer(self, call: Call) -> Any:
        """Record a call and answer it.

        Raises:
            ops.ModelError: the call is denied.
        """
        try:
            answer = self.answers.get(call, PASSED_ON)
            if answer is PASSED_ON:
                answer = self._ask(call)
            elif callable(answer):
                answer = answer()
            if isinstance(answer, Exception):
                raise answer
        except ops.ModelError as error:
            self.calls.append(dataclasses.replace(call, error=error))
            raise
        self.calls.append(call)
        return answer

    def stand_between(self, model: ops.Model) -> None:
        """Receive the calls that go to this model from now on."""
        backend: object = vars(model)["_backend"]
        for method_name in TOOLS:
            method: Callable[..., object] = getattr(backend, method_name)
            setattr(backend, method_name, self._stand_before(method, method_name))

    def _stand_before(
        self, method: Callable[..., object], method_name: str
    ) -> Callable[..., object]:
        # Fake backends give their parameters other names.
        backend_type = vars(ops.model)["_ModelBackend"]
        signature = inspect.signature(getattr(backend_type, method_name))

        def answer(*args: object, **kwargs: object) -> object:
            arguments = signature.bind(backend_type, *args, **kwargs).arguments
            try:
                found = self.answer(read_method(method_name, arguments))
            except ops.RelationNotFoundError:
                if method_name == "relation_remote_app_name":
                    return None
                raise
            return method(*args, **kwargs) if found is PASSED_ON else found

        return answer

    def run(self, arguments: Sequence[str], **options: object) -> subprocess.CompletedProcess[str]:
        """Run a command, in place of `subprocess.run`."""
        if arguments[0].endswith("juju-log"):
            *_, level, _, message = arguments
            self.log.append((level, message))
            return subprocess.CompletedProcess(arguments, 0, "", "")
        call = read_command(tuple(arguments), self._unit_name)
        if call.tool == "relation-set":
            call = dataclasses.replace(call, changes=read_changes(str(options["input"])))
        try:
            answer = self.answer(call)
        except ops.ModelError as error:
            return subprocess.CompletedProcess(arguments, 1, "", str(error) or NOT_FOUND)
        if isinstance(answer, Text):
            return subprocess.CompletedProcess(arguments, 0, answer, "")
        if call.tool == "relation-ids":
            answer = [f"{call.subject}:{relation_id}" for relation_id in answer]
        return subprocess.CompletedProcess(arguments, 0, json.dumps(answer), "")


def read_method(method_name: str, arguments: Mapping[str, Any]) -> Call:
    """Return the call of a hook tool that a method of ops' backend makes."""
    subject = ""
    changes: Databag = {}
    if method_name == "relation_ids":
        subject = arguments["relation_name"]
    elif method_name == "relation_get":
        subject = arguments["member_name"]
    elif method_name == "update_relation_data":
        # ops before 2.20 sets each key by itself.
        subject = (arguments.get("entity") or arguments["_entity"]).name
        is_whole = "data" in arguments
        changes = arguments["data"] if is_whole else {arguments["key"]: arguments["value"]}
    return Call(TOOLS[method_name], arguments.get("relation_id"), subject, dict(changes))


@functools.lru_cache(maxsize=None)
def read_command(arguments: Tuple[str, ...], unit_name: str) -> Call:
    """Return the call that a command makes, without what it writes."""
    tool = arguments[0].rpartition("/")[2]
    relation_id: Optional[int] = None
    words: List[str] = []
    rest = iter(arguments[1:])
    for word in rest:
        if word == "-r":
            relation_id = int(next(rest).rpartition(":")[2])
        elif word not in ("-", "--app", "--file", "--format=json"):
            words.append(word)
    if tool == "relation-set":
        words = [unit_name.partition("/")[0] if "--app" in arguments else unit_name]
    elif tool == "relation-list" and "--app" in arguments:
        tool = "relation-list --app"
    elif tool == "network-get":
        words = []
    return Call(tool, relation_id, "".join(words))


def read_changes(text: str) -> Databag:
    """Return the changes in the input of relation-set."""
    changes: Databag
    try:
        changes = json.loads(text)
    except ValueError:
        # Old versions of ops write YAML.
        changes = yaml.safe_load(text)
    return changes


def warnings_in(context: testing.Context[Any]) -> List[str]:
    """Return the lines of a charm's log from WARNING on."""
    return [line.message for line in context.juju_log if line.level in ("WARNING", "ERROR")]


@contextlib.contextmanager
def bare_errors() -> Generator[None, None, None]:
    """Raise what the charm raised, without the error that ops wraps around it."""
    try:
        yield
    except RuntimeError as error:
        raise (error.__cause__ or error) from None
