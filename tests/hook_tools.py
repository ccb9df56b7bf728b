"""Juju's hook tools, as a charm under test calls them."""

from __future__ import annotations

import contextlib
import inspect
from typing import Callable, Dict, Generator, List, Mapping, NamedTuple, Optional, Tuple

import ops


class Call(NamedTuple):
    """A call of a hook tool."""

    tool: str
    relation_id: Optional[int] = None
    databag: str = ""
    """The unit or application whose databag is read or written."""


# By the methods of the backend; that of relation-set is the one that no fake leaves out.
TOOLS = {
    "relation_ids": "relation-ids",
    "relation_list": "relation-list",
    "relation_remote_app_name": "relation-list --app",
    "relation_get": "relation-get",
    "update_relation_data": "relation-set",
    "network_get": "network-get",
    "is_leader": "is-leader",
}
# The fakes of ops ask for these more often than ops itself does.
NOT_COUNTED = ("relation-list --app", "is-leader")


class HookTools:
    """Notes what a charm asks of its hook tools, and answers some of it otherwise than they would.

    It stands between ops and the backend of either kind of test that ops has, and so counts what
    would be processes in production.
    """

    def __init__(self, answers: Optional[Mapping[Call, object]] = None) -> None:
        """Take the calls that are not the tools' own to answer.

        Args:
            answers: what to return instead, or the exception to raise; a function is called for
                it.
        """
        self.answers: Dict[Call, object] = dict(answers or {})
        self.calls: List[Call] = []
        self.keys_set: List[Tuple[int, str, str]] = []
        """Relation, unit or application, and key of all that was set."""

    @property
    def writes(self) -> List[Call]:
        """The calls that changed a databag."""
        return [call for call in self.calls if call.tool == "relation-set"]

    def stand_between(self, model: ops.Model) -> None:
        """Take the calls of everything that comes to this model from now on."""
        backend: object = vars(model)["_backend"]
        for method_name in TOOLS:
            method: Callable[..., object] = getattr(backend, method_name)
            setattr(backend, method_name, self._stand_before(method, method_name))

    def _stand_before(
        self, method: Callable[..., object], method_name: str
    ) -> Callable[..., object]:
        # Fakes of the backend do not tell the names of parameters.
        backend_type = vars(ops.model)["_ModelBackend"]
        signature = inspect.signature(getattr(backend_type, method_name))

        def answer(*args: object, **kwargs: object) -> object:
            arguments = signature.bind(backend_type, *args, **kwargs).arguments
            relation_id = arguments.get("relation_id")
            databag = str(arguments.get("member_name", ""))
            if method_name == "update_relation_data":
                entity = arguments.get("entity") or arguments["_entity"]
                databag = entity.name
                keys = list(arguments["data"]) if "data" in arguments else [arguments["key"]]
                self.keys_set += [(arguments["relation_id"], databag, key) for key in keys]
            call = Call(TOOLS[method_name], relation_id, databag)
            if call.tool not in NOT_COUNTED:
                self.calls.append(call)
            if call not in self.answers:
                return method(*args, **kwargs)
            prepared = self.answers[call]
            if callable(prepared):
                prepared = prepared()
            if isinstance(prepared, Exception):
                raise prepared
            return prepared

        return answer


@contextlib.contextmanager
def bare_errors() -> Generator[None, None, None]:
    """Raise what the charm raised, without what ops puts around it."""
    try:
        yield
    except RuntimeError as error:
        raise (error.__cause__ or error) from None
